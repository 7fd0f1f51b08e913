package fleet

import (
	"fmt"
	"maps"
	"slices"
)

func (d *decoder) checkSelector(path string, s Selector) {
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		at := childPath(path+".matchLabels", key)
		if err := checkLabelKey(key); err != nil {
			d.report(at, err)
		}
		if err := checkLabelValue(s.MatchLabels[key]); err != nil {
			d.report(at, err)
		}
	}
	for i, r := range s.MatchExpressions {
		d.checkRequirement(fmt.Sprintf("%s.matchExpressions[%d]", path, i), r)
	}
	if len(d.failed) > 0 {
		return
	}
	if key, ok := s.choices().impossible(); ok {
		d.report(path, advise("correct the conditions on "+key, "no cluster can match: the conditions on %s contradict each other", key))
	}
}

func (d *decoder) checkRequirement(path string, r Requirement) {
	if r.Key != "" {
		if err := checkLabelKey(r.Key); err != nil {
			d.report(path+".key", err)
		}
	}
	switch r.Operator {
	case In, NotIn:
		if len(r.Values) == 0 {
			d.report(path, advise("add values, or use Exists or DoesNotExist", "%s needs values", r.Operator))
		}
	case Exists, DoesNotExist:
		if len(r.Values) > 0 {
			d.report(path+".values", advise("use In or NotIn", "%s takes no values", r.Operator))
		}
	}
	seen := map[string]string{}
	for i, v := range r.Values {
		at := fmt.Sprintf("%s.values[%d]", path, i)
		if err := checkLabelValue(v); err != nil {
			d.report(at, err)
		}
		d.unique(seen, v, at)
	}
}
