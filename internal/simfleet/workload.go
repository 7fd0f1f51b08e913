package simfleet

import "time"

// drive lets everything happen to a cluster that is due at time t: replicas
// become ready, and the workload's controller does what it does in reality.
// It reports whether anything observable changed.
func (f *Fleet) drive(c *cluster, t int64) bool {
	changed := f.wake(c, t)
	if c.ratchet {
		changed = f.rollStatefulSet(c, t) || changed
	} else {
		changed = f.rollDeployment(c, t) || changed
	}
	c.settle(t)
	return changed
}

// wake makes replicas ready whose time has come.
func (f *Fleet) wake(c *cluster, t int64) bool {
	changed := false
	for o := range c.replicas {
		r := &c.replicas[o]
		if r.ready || r.due == 0 || r.due > t {
			continue
		}
		r.ready, r.since, r.due = true, r.due, 0
		f.cameUp(c, r.version, r.since)
		changed = true
	}
	return changed
}

// rollStatefulSet replaces the highest replica that the partition releases and
// that is not on the target, if all others are ready.
func (f *Fleet) rollStatefulSet(c *cluster, t int64) bool {
	for o := len(c.replicas) - 1; o >= max(0, c.partition); o-- {
		if c.replicas[o].version == c.target {
			continue
		}
		if ok, _ := c.othersReady(o); !ok {
			return false
		}
		f.replace(c, o, c.target, t, ByUpgrade)
		return true
	}
	return false
}

// rollDeployment moves a Deployment on: a surge that is ready takes its place,
// and the next one is started unless the Deployment is held.
func (f *Fleet) rollDeployment(c *cluster, t int64) bool {
	changed := false
	if s := c.surge; s != nil {
		switch {
		case s.slot >= len(c.replicas), s.version != c.target:
			// The place is gone, or the template has moved on.
			c.surge = nil
			changed = true
		case s.due != 0 && s.due <= t:
			c.replicas[s.slot] = replica{version: s.version, life: s.life, ready: true, since: s.due}
			c.surge = nil
			f.versionLeft(c, t)
			f.cameUp(c, s.version, s.due)
			changed = true
		default:
			return false
		}
	}
	if c.held {
		return changed
	}
	for slot := range c.replicas {
		r := &c.replicas[slot]
		if r.version == c.target {
			continue
		}
		if ok, _ := c.othersReady(slot); !ok {
			return changed
		}
		life := r.life + 1
		c.surge = &surge{slot: slot, version: c.target, life: life, due: f.readyAt(c, slot, c.target, life, t)}
		f.touched(c, slot, r.version, c.target, t, ByUpgrade)
		return true
	}
	return changed
}

// replace takes a replica down and starts it on a version.
func (f *Fleet) replace(c *cluster, ordinal int, to uint32, t int64, why Cause) {
	r := &c.replicas[ordinal]
	from := r.version
	life := r.life + 1
	*r = replica{version: to, life: life, since: t, due: f.readyAt(c, ordinal, to, life, t)}
	f.versionLeft(c, t)
	f.touched(c, ordinal, from, to, t, why)
}

// readyAt draws when a replica that is started at t becomes ready: zero when
// the version is one on which it never does.
func (f *Fleet) readyAt(c *cluster, ordinal int, version, life uint32, t int64) int64 {
	v := f.versions.values[version]
	if b, bad := f.badFor(c, version); bad && b.Effect == NeverReady {
		return 0
	}
	share := draw(f.set.Seed, "restart", c.name, ordinal, v.String(), life)
	d := f.set.restart(c.product).at(share)
	if c.slow > 0 {
		d = time.Duration(float64(d) * c.slow)
	}
	return t + int64(max(d, 1))
}

// cameUp raises what a version causes once it runs.
func (f *Fleet) cameUp(c *cluster, version uint32, t int64) {
	b, bad := f.badFor(c, version)
	if !bad || b.Effect != Alerts {
		return
	}
	for _, a := range c.alerts {
		if a.version == version && a.until == 0 && a.monitor == b.Monitor {
			return
		}
	}
	f.raise(c, alert{monitor: b.Monitor, since: t + int64(b.Delay), version: version})
}

// versionLeft ends the alerts of versions that no replica runs any more.
func (f *Fleet) versionLeft(c *cluster, t int64) {
	for i := range c.alerts {
		a := &c.alerts[i]
		if a.until != 0 || a.version == 0 {
			continue
		}
		runs := false
		for o := range c.replicas {
			runs = runs || c.replicas[o].version == a.version
		}
		if !runs {
			a.until = t
		}
	}
}

// raise adds an alert to a cluster.
func (f *Fleet) raise(c *cluster, a alert) {
	c.alerts = append(c.alerts, a)
	f.alerting[c] = struct{}{}
}

// scale gives a cluster more replicas, which come up at once, or takes its
// highest ones away.
func (f *Fleet) scale(c *cluster, n int, t int64) {
	for o := len(c.replicas); o < n; o++ {
		v := c.freshVersion(o)
		c.replicas = append(c.replicas, replica{
			version: v, life: c.lives + 1, since: t, due: f.readyAt(c, o, v, c.lives+1, t),
		})
		f.touched(c, o, v, v, t, ByScale)
	}
	if n < len(c.replicas) {
		for _, r := range c.replicas[n:] {
			c.lives = max(c.lives, r.life)
		}
		c.replicas = c.replicas[:n:n]
		f.versionLeft(c, t)
	}
}
