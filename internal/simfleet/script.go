package simfleet

import (
	"errors"
	"maps"
	"slices"
)

// badFor tells whether a version is bad on a cluster.
func (f *Fleet) badFor(c *cluster, version uint32) (BadVersion, bool) {
	if len(f.bad) == 0 {
		return BadVersion{}, false
	}
	v := f.versions.values[version]
	for _, b := range f.bad {
		if b.Product == c.product && b.Version == v {
			return b, draw(f.set.Seed, "bad", c.name, v.String()) < b.Share
		}
	}
	return BadVersion{}, false
}

func (f *Fleet) applyScript(s *script, t int64) error {
	switch {
	case s.Bad != nil:
		f.forgive(*s.Bad)
		f.bad = append(f.bad, *s.Bad)
	case s.Mend != nil:
		f.forgive(*s.Mend)
		f.heal(*s.Mend, t)
	case s.Blip != nil:
		c := f.clusters[s.Blip.Cluster]
		if c == nil {
			return f.has(s.Blip.Cluster)
		}
		c.blips = append(c.blips, *s.Blip)
	case s.Alert != nil:
		return f.applyAlert(s.Alert, t)
	case s.Cluster != nil:
		c := f.clusters[s.Cluster.Cluster]
		if c == nil {
			return f.has(s.Cluster.Cluster)
		}
		if s.Cluster.Unknown == nil {
			c.slow = s.Cluster.Slow
		} else if c.unknown != *s.Cluster.Unknown {
			c.unknown = *s.Cluster.Unknown
			f.after(c, true)
		}
	case s.Plane != nil:
		p := f.planes[s.Plane.Plane]
		if p == nil {
			return f.hasPlane(s.Plane.Plane)
		}
		if s.Plane.Outage != nil {
			p.outage = *s.Plane.Outage
		}
		if s.Plane.Faults != nil {
			p.faults = *s.Plane.Faults
		}
	case s.Monitors != nil:
		f.outage = *s.Monitors
	case s.Blind != nil:
		f.blind[s.Blind.key()] = *s.Blind
	case s.See != nil:
		maps.DeleteFunc(f.blind, func(k blindKey, _ Blind) bool { return k.MonitorKey == s.See.key().MonitorKey })
	default:
		return errors.New("the script is of a kind that this version does not know")
	}
	return nil
}

// forgive forgets that a version is bad.
func (f *Fleet) forgive(b BadVersion) {
	f.bad = slices.DeleteFunc(f.bad, func(o BadVersion) bool {
		return o.Product == b.Product && o.Version == b.Version
	})
}

// heal starts the replicas again that did not become ready on a version.
func (f *Fleet) heal(b BadVersion, t int64) {
	v := f.versions.id(b.Version)
	for _, c := range f.sorted() {
		if c.product != b.Product {
			continue
		}
		healed := false
		for o := range c.replicas {
			if r := &c.replicas[o]; r.version == v && !r.ready && r.due == 0 {
				r.due = f.readyAt(c, o, v, r.life, t)
				healed = true
			}
		}
		if s := c.surge; s != nil && s.version == v && s.due == 0 {
			s.due = f.readyAt(c, s.slot, v, s.life, t)
			healed = true
		}
		for i := range c.alerts {
			if a := &c.alerts[i]; a.version == v && a.until == 0 {
				a.until = t
			}
		}
		if healed {
			f.settled(c, t)
		}
	}
}

func (f *Fleet) applyAlert(s *alertScript, t int64) error {
	c := f.clusters[s.Cluster]
	if c == nil {
		return f.has(s.Cluster)
	}
	if !s.Quiet {
		a := alert{monitor: s.Monitor, since: t}
		if s.For > 0 {
			a.until = t + int64(s.For)
		}
		f.raise(c, a)
		return nil
	}
	for i := range c.alerts {
		if a := &c.alerts[i]; a.monitor == s.Monitor && (a.until == 0 || a.until > t) {
			a.until = t
		}
	}
	return nil
}
