package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ruleBook is what one Prometheus said about all its alerting rules.
type ruleBook struct {
	asked time.Time
	rules map[string][]rule // by the name of the alert
}

// rule is one alerting rule. Several may share the name of an alert: one for
// warnings and one for what is critical.
type rule struct {
	evaluated time.Time
	interval  time.Duration
	fault     string
	firing    []firing
}

// rulesData is the part that is read of the data of GET /api/v1/rules.
type rulesData struct {
	Groups []struct {
		Name     string  `json:"name"`
		Interval float64 `json:"interval"`
		Rules    []struct {
			Type           string        `json:"type"`
			Name           string        `json:"name"`
			Query          string        `json:"query"`
			State          string        `json:"state"`
			Health         string        `json:"health"`
			LastError      string        `json:"lastError"`
			LastEvaluation time.Time     `json:"lastEvaluation"`
			Duration       float64       `json:"duration"`
			Alerts         []alertOfRule `json:"alerts"`
		} `json:"rules"`
	} `json:"groups"`
	NextToken string `json:"groupNextToken"`
}

type alertOfRule struct {
	Labels   map[string]string `json:"labels"`
	State    string            `json:"state"`
	ActiveAt time.Time         `json:"activeAt"`
}

// maxFor bounds the for of a rule, in seconds: ten years.
const maxFor = 10 * 365 * 24 * 3600

// decodeRules reads the answer to GET /api/v1/rules. Links to what fires lead
// to the pages under base.
func decodeRules(body []byte, base string) (map[string][]rule, error) {
	raw, err := decodeEnvelope(body)
	if err != nil {
		return nil, err
	}
	var data rulesData
	if err := json.Unmarshal(raw, &data); err != nil {
		return nil, parseError("rules", err)
	}
	switch {
	case data.Groups == nil:
		return nil, errors.New("parse rules: the answer has no groups; is the address that of a Prometheus?")
	case data.NextToken != "":
		return nil, errors.New("parse rules: the answer is one page of many; let the server answer in one")
	}
	rules := map[string][]rule{}
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			if r.Type != "alerting" {
				continue
			}
			out := rule{evaluated: r.LastEvaluation, interval: seconds(g.Interval)}
			hold, link := seconds(r.Duration), ruleLink(base, r.Query)
			in := "in group " + clip(g.Name, 100)
			switch {
			case r.Health == "unknown" || r.LastEvaluation.IsZero():
				out.fault = "has not been evaluated yet " + in
			case r.Health != "ok":
				out.fault = fmt.Sprintf("is not healthy %s (%s)", in, clip(r.Health, 20))
				if r.LastError != "" {
					out.fault += ": " + clip(r.LastError, 200)
				}
			}
			for _, a := range r.Alerts {
				switch a.State {
				case "firing":
					since := firesSince(a.ActiveAt, hold, r.LastEvaluation)
					out.firing = append(out.firing, newFiring(a.Labels, since, link))
				case "pending", "inactive":
				default:
					out.fault = fmt.Sprintf("has an alert %s in the state %q, which is not known", in, clip(a.State, 20))
				}
			}
			if r.State == "firing" && len(out.firing) == 0 && out.fault == "" {
				out.fault = "fires " + in + ", and the server does not say where"
			}
			// Prometheus lists alerts in any order.
			slices.SortFunc(out.firing, func(x, y firing) int { return strings.Compare(x.key, y.key) })
			rules[r.Name] = append(rules[r.Name], out)
		}
	}
	return rules, nil
}

// firesSince is when an alert began to fire: it is pending for as long as its
// rule holds it back. The moment is that which Alertmanager calls startsAt.
func firesSince(active time.Time, hold time.Duration, evaluated time.Time) time.Time {
	if active.IsZero() {
		return active
	}
	since := active.Add(hold)
	if since.After(evaluated) && !evaluated.Before(active) {
		return evaluated // it fires already: a rule whose for was made longer
	}
	return since
}

// seconds turns a number of an answer into a length of time; what makes no
// sense counts as zero.
func seconds(f float64) time.Duration {
	if math.IsNaN(f) || f < 0 || f > maxFor {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}

// ruleLink leads to the graph of a rule's expression, as generatorURL does.
func ruleLink(base, query string) string {
	if base == "" || query == "" {
		return ""
	}
	return webLink(base + "/graph?g0.expr=" + url.QueryEscape(query) + "&g0.tab=1")
}

func (b *ruleBook) at() time.Time { return b.asked }

func (b *ruleBook) read(alert string) reading {
	rules := b.rules[alert]
	if len(rules) == 0 {
		out := reading{asOf: b.asked, fault: "has no alerting rule " + alert, hint: "deploy the rule there, or correct the name of the alert"}
		if near := b.near(alert); near != "" {
			out.hint = "did you mean " + near + "?"
		}
		return out
	}
	out := reading{asOf: rules[0].evaluated, last: "evaluated rule " + alert + " last"}
	var faults []string
	for _, r := range rules {
		if r.evaluated.Before(out.asOf) {
			out.asOf = r.evaluated
		}
		out.interval = max(out.interval, r.interval)
		out.firing = append(out.firing, r.firing...)
		if r.fault != "" {
			faults = append(faults, "says that rule "+alert+" "+r.fault)
		}
	}
	out.fault = join(faults)
	return out
}

// near returns an alert whose name differs only in case, or "".
func (b *ruleBook) near(alert string) string {
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		if strings.EqualFold(name, alert) {
			return name
		}
	}
	return ""
}

func (b *ruleBook) equal(other answer) bool {
	o, ok := other.(*ruleBook)
	return ok && maps.EqualFunc(b.rules, o.rules, func(x, y []rule) bool {
		return slices.EqualFunc(x, y, func(x, y rule) bool {
			return x.fault == y.fault && slices.EqualFunc(x.firing, y.firing, func(x, y firing) bool { return x.equal(&y) })
		})
	})
}
