package fleet

// Selector chooses clusters by their labels, with the meaning that Kubernetes
// gives to label selectors. The zero value selects everything.
type Selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty" jsonschema:"all of these labels with these values"`
	MatchExpressions []Requirement     `json:"matchExpressions,omitempty" jsonschema:"all of these conditions"`
	// Metric is for cohorts alone. It does not select: it says when a cluster that
	// is selected may start; see [Threshold].
	Metric *Threshold `json:"metric,omitempty" jsonschema:"for cohorts: a cluster starts only while this metric keeps its bound; it waits until then"`
}

// Operator relates a label to values.
type Operator string

// The operators.
const (
	In           Operator = "In"
	NotIn        Operator = "NotIn"
	Exists       Operator = "Exists"
	DoesNotExist Operator = "DoesNotExist"
)

// Requirement is one condition of a [Selector].
type Requirement struct {
	Key      string   `json:"key" jsonschema:"label key"`
	Operator Operator `json:"operator" jsonschema:"In, NotIn, Exists or DoesNotExist"`
	Values   []string `json:"values,omitempty" jsonschema:"for In and NotIn"`
}

// IsEmpty reports whether the selector selects everything.
func (s Selector) IsEmpty() bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// Matches reports whether a cluster is selected; value returns the cluster's
// value of a label and whether it has the label. As in Kubernetes, NotIn and
// DoesNotExist also select clusters without the label.
func (s Selector) Matches(value func(key string) (string, bool)) bool {
	for k, want := range s.MatchLabels {
		if got, ok := value(k); !ok || got != want {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		if !r.matches(value) {
			return false
		}
	}
	return true
}

func (r Requirement) matches(value func(key string) (string, bool)) bool {
	got, ok := value(r.Key)
	switch r.Operator {
	case In:
		return ok && r.has(got)
	case NotIn:
		return !ok || !r.has(got)
	case Exists:
		return ok
	case DoesNotExist:
		return !ok
	default:
		return false
	}
}

func (r Requirement) has(v string) bool {
	for _, w := range r.Values {
		if w == v {
			return true
		}
	}
	return false
}
