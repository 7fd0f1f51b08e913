package plan

import (
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// judge says what an alert is held to mean. It is the same whoever asks in a
// cycle: the events, the reasons and the explanations.
func (c *cycle) judge(a *Alert) Evidence {
	e := Evidence{
		Product: a.Product, Monitor: a.Monitor, Cluster: a.Cluster, Since: a.Since, Link: a.Link,
		Judgement: NotUnderTest,
	}
	r := c.in.Fleet.rows[a.Cluster]
	v, member := c.memo.viewOf(r), c.memo.member(r)
	if member == nil || a.Product != v.key.Product || !underTest(v, member) {
		return e
	}
	monitor := monitorOf(v.product, a.Monitor)
	if monitor == nil {
		return e
	}
	e.StartedAt = member.StartedAt
	if !a.Since.IsZero() && a.Since.Before(member.StartedAt) {
		e.Judgement = FiredBefore
		return e
	}
	c.compare(&e, v, r)
	if e.looksLikeEnvironment() {
		e.Judgement = Environment
		return e
	}
	e.Judgement = Charged
	blip := v.rollout.blip(a.Cluster, a.Monitor)
	if e.Again = blip != nil && blip.Forgiven; e.Again || monitor.For == 0 {
		return e
	}
	began := c.in.Now
	switch {
	case blip != nil && blip.fires() && blip.Excused:
		// It has an excuse no more: the last cluster to recover from an outage is
		// not to blame for being the last.
	case blip != nil && blip.fires():
		began = blip.Since
	case !a.Since.IsZero() && a.Since.Before(began):
		began = a.Since
	}
	if e.LookUntil = began.Add(time.Duration(monitor.For)); c.in.Now.Before(e.LookUntil) {
		e.Judgement = UnderLook
	}
	return e
}

// alertEvents charges alerts to the upgrade of the cluster on which they fire:
// those that were quiet before its start, until its wave has soaked. An alert that
// its monitor allows for a moment is noticed first.
func (c *cycle) alertEvents(v *view) {
	c.passedEvents(v)
	if len(c.memo.alerts) == 0 {
		return
	}
	charged := map[string]bool{}
	for i := range c.memo.alerts {
		a := &c.memo.alerts[i]
		r := c.in.Fleet.rows[a.Cluster]
		if c.memo.viewOf(r) != v || c.memo.pos[r] < 0 || charged[a.Cluster] {
			continue
		}
		member := &v.rollout.Members[c.memo.pos[r]]
		switch e := c.judge(a); e.Judgement {
		case Environment:
			c.noteEnvironment(v, e)
			if monitorOf(v.product, a.Monitor).For > 0 {
				c.notice(v, member, e)
			}
		case UnderLook:
			c.notice(v, member, e)
		case Charged:
			charged[a.Cluster] = true
			c.emit(c.alertEvent(v, member, ClusterFailed, e))
		case NotUnderTest, FiredBefore:
		}
	}
}

// notice records that an alert began, found an excuse, or lost it.
func (c *cycle) notice(v *view, member *Member, e Evidence) {
	b := v.rollout.blip(e.Cluster, e.Monitor)
	if b != nil && b.fires() && b.Excused == (e.Judgement == Environment) {
		return
	}
	out := c.alertEvent(v, member, AlertNoticed, e)
	out.Reason += "; " + e.Verdict()
	if !slices.ContainsFunc(c.plan.Events, func(x Event) bool {
		return x.Kind == AlertNoticed && x.Cluster == e.Cluster && x.Gate == e.Monitor
	}) {
		c.emit(out)
	}
}

func (c *cycle) alertEvent(v *view, member *Member, kind EventKind, e Evidence) Event {
	out := c.memberEvent(v, member, kind)
	out.Gate, out.Evidence = e.Monitor, e
	out.Reason = alertText(&Alert{Monitor: e.Monitor, Since: e.Since})
	if e.Again {
		out.Reason += " again"
	}
	return out
}

// noteEnvironment reports an outage once for each monitor, place and release.
func (c *cycle) noteEnvironment(v *view, e Evidence) {
	note := e.Monitor + " of " + e.Product + " " + e.Compared() + ": looks like the environment, not charged to " + v.rollout.Release
	if !slices.Contains(c.plan.Notes, note) {
		c.plan.Notes = append(c.plan.Notes, note)
	}
}

// passedEvents records that what was noticed is over. A monitor that cannot be
// relied upon ends nothing.
func (c *cycle) passedEvents(v *view) {
	for i := range v.rollout.Blips {
		b := &v.rollout.Blips[i]
		member := v.rollout.Member(b.Cluster)
		if !b.fires() || member == nil {
			continue
		}
		monitor := monitorOf(v.product, b.Monitor)
		if monitor != nil && c.mayFire(b, v.product, monitor) {
			continue
		}
		e := c.memberEvent(v, member, AlertPassed)
		e.Gate = b.Monitor
		e.Reason = "monitor " + b.Monitor + " was quiet again after " + span(c.in.Now.Sub(b.Since))
		if monitor == nil {
			e.Reason = "the product names monitor " + b.Monitor + " no more"
		}
		c.emit(e)
	}
}

// mayFire reports whether what was noticed still fires, or nobody can tell.
func (c *cycle) mayFire(b *Blip, p *fleet.Product, m *fleet.Monitor) bool {
	r, ok := c.in.Fleet.rows[b.Cluster]
	if !ok || c.blindTo(r, b.Monitor) || c.monitorProblem(MonitorKey{p.Name, m.Name}, m) != "" {
		return true
	}
	return c.alertOf(b) != nil
}

// alertOf returns the alert that was noticed, or nil when it does not fire now.
func (c *cycle) alertOf(b *Blip) *Alert {
	if r, ok := c.in.Fleet.rows[b.Cluster]; ok {
		for _, i := range c.memo.alertOf[r] {
			if a := &c.memo.alerts[i]; a.Product == c.productOf(r) && a.Monitor == b.Monitor {
				return a
			}
		}
	}
	return nil
}

// suspects counts, by cohort, the clusters of a release that will be charged if
// what is noticed there lasts.
func (c *cycle) suspects(release string) map[string]int {
	out := map[string]int{}
	for _, v := range c.memo.views {
		if v.rollout == nil || v.rollout.Release != release {
			continue
		}
		seen := ""
		for i := range v.rollout.Blips { // those of one cluster stand together
			b := &v.rollout.Blips[i]
			if b.fires() && b.Cluster != seen && v.rollout.Member(b.Cluster) != nil && !c.excused(b) {
				out[v.key.Cohort]++
				seen = b.Cluster
			}
		}
	}
	return out
}

// excused reports whether what was noticed looks like the environment by now.
func (c *cycle) excused(b *Blip) bool {
	if a := c.alertOf(b); a != nil {
		return c.judge(a).Judgement == Environment
	}
	return b.Excused
}

// settleLooks finds the products that are held because one of their releases would
// be over its budget if what is noticed now lasts. It lifts by itself when it does
// not.
func (c *cycle) settleLooks() {
	for _, v := range c.memo.views {
		if v.rollout == nil || len(v.rollout.Blips) == 0 || c.looks[v.key.Product] != nil {
			continue
		}
		r := c.in.State.Releases[v.rollout.Release]
		if r == nil {
			continue
		}
		if more := c.suspects(r.ID); len(more) > 0 && c.overBudgetWith(r, more) {
			if c.looks == nil {
				c.looks = map[string]*Release{}
			}
			c.looks[v.key.Product] = r
		}
	}
}

// looked returns the first of what is noticed and held against a release.
func (c *cycle) looked(r *Release) (*view, *Blip) {
	for _, v := range c.memo.views {
		if v.rollout == nil || v.rollout.Release != r.ID {
			continue
		}
		for i := range v.rollout.Blips {
			if b := &v.rollout.Blips[i]; b.fires() && !c.excused(b) {
				return v, b
			}
		}
	}
	return nil, nil
}

func (c *cycle) lookText(product string) string {
	r := c.looks[product]
	if r == nil {
		return "an alert is looked at"
	}
	v, b := c.looked(r)
	if b == nil {
		return "an alert is looked at"
	}
	since := b.Since
	if a := c.alertOf(b); a != nil && !a.Since.IsZero() {
		since = a.Since
	}
	until := ""
	if m := monitorOf(v.product, b.Monitor); m != nil {
		until = " until " + clockSeconds(b.Since.Add(time.Duration(m.For)))
	}
	return b.Cluster + ": monitor " + b.Monitor + " fires since " + clock(since) + "; everything of " + product +
		" holds while it does, because one more failure is over the budget of " + r.ID + "; if it fires" + until + " it is one"
}

// wakeForLooks wakes when an alert has fired for as long as its monitor allows.
func (c *cycle) wakeForLooks(v *view, at func(time.Time)) {
	for i := range v.rollout.Blips {
		b := &v.rollout.Blips[i]
		if m := monitorOf(v.product, b.Monitor); m != nil && b.fires() && !b.Excused {
			at(b.Since.Add(time.Duration(m.For)))
		}
	}
}

// Evidence returns what the alerts on a cluster are held to mean. Only the newest
// plan can tell, until its inventory or its state change.
func (p *Plan) Evidence(r Row) []Evidence {
	if p.memo == nil {
		return nil
	}
	var out []Evidence
	for _, i := range p.memo.alertOf[r] {
		out = append(out, p.cycle.judge(&p.memo.alerts[i]))
	}
	return out
}
