package plan

import "fmt"

// Explanation is everything that was decided for one cluster, and why.
type Explanation struct {
	Cluster  Cluster
	Decision Decision
	// Reason is the sentence for the decision.
	Reason string
	Cohort string
	// Target is what it should run; Release and Commit are where that is from.
	Rollout *RolloutStatus
	// Gates are all gates in their order.
	Gates []GateResult
	// Alerts fire on the cluster now.
	Alerts []Alert
	// Evidence is what each of them is held to mean.
	Evidence []Evidence
	Mark     Mark
}

// GateResult is the answer of one gate.
type GateResult struct {
	Gate Gate
	Open bool
	// Reason says why it is closed, or that it is not asked now.
	Reason string
}

// Explain tells what was decided for a cluster. Only the newest plan can, until
// its inventory or its state change.
func (p *Plan) Explain(cluster string) (*Explanation, error) {
	m := p.memo
	if m == nil {
		return nil, fmt.Errorf("explain %s: a newer plan has been made", cluster)
	}
	r, ok := m.inv.rows[cluster]
	if !ok {
		return nil, fmt.Errorf("explain %s: no data plane has a cluster of that name", cluster)
	}
	c := p.cycle
	d := p.dec.at(r)
	out := &Explanation{Cluster: m.inv.Cluster(r), Decision: d, Mark: m.inv.Mark(r)}
	v := m.viewOf(r)
	out.Reason = c.text(r, v, d.finding())
	for _, a := range m.alertOf[r] {
		out.Alerts = append(out.Alerts, m.alerts[a])
	}
	out.Evidence = p.Evidence(r)
	if v == nil {
		return out, nil
	}
	out.Cohort = v.key.Cohort
	if v.target != nil {
		s := c.rolloutStatus(v)
		out.Rollout = &s
		out.Gates = c.explainGates(r, v, d)
	}
	return out, nil
}

// Reason says in a sentence why a decision is as it is.
func (p *Plan) Reason(r Row) string {
	if p.memo == nil || int(r) >= len(p.memo.class) {
		return ""
	}
	return p.cycle.text(r, p.memo.viewOf(r), p.dec.at(r).finding())
}

// CommonReason is Reason without what concerns only this cluster: for a line that
// stands for many.
func (p *Plan) CommonReason(r Row) string {
	if p.memo == nil || int(r) >= len(p.memo.class) {
		return ""
	}
	return p.cycle.text(-1, p.memo.viewOf(r), p.dec.at(r).finding())
}

// Cohort returns the cohort that a cluster belongs to, or nothing.
func (p *Plan) Cohort(r Row) string {
	if p.memo == nil || int(r) >= len(p.memo.class) {
		return ""
	}
	if v := p.memo.viewOf(r); v != nil {
		return v.key.Cohort
	}
	return ""
}

// explainGates asks the gates again that decided for a cluster in this cycle.
func (c *cycle) explainGates(r Row, v *view, d Decision) []GateResult {
	s := &subject{row: r, view: v, wave: -1, resting: v.rollout == nil}
	gates := &startGates
	if m := c.memo.member(r); m != nil {
		s.wave = m.Wave
		switch {
		case !c.in.Fleet.inFlight(r):
			if m.Status == Running {
				gates = &confirmGates
			}
		case c.in.Fleet.col.target[r] == v.version:
			gates = &goOnGates
		default:
			gates = &redirectGates
		}
	}
	out := make([]GateResult, 0, gateCount)
	for g := range Gate(gateCount) {
		res := GateResult{Gate: g, Open: true}
		switch gate := gates[g]; {
		case gate == nil:
			res.Reason = "not asked of a cluster that is under way"
		case g == GateLimit && (d.Gates != 0 && !d.Gates.Has(GateLimit) || d.Verdict == Starting || d.Verdict == Current):
			res.Reason = "asked last, when all others are open"
			if d.Verdict == Starting {
				res.Reason = ""
			}
		default:
			if f := gate(c, s); f.blocks() {
				res.Open, res.Reason = false, c.text(r, v, f)
			}
		}
		out = append(out, res)
	}
	return out
}
