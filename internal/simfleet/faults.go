package simfleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Effect is what a bad version does.
type Effect string

// The effects.
const (
	// NeverReady: its replicas do not become ready.
	NeverReady Effect = "never-ready"
	// Alerts: its replicas become ready, and after a delay a monitor fires for
	// as long as one of them runs.
	Alerts Effect = "alerts"
)

// BadVersion is a version that is bad on a share of the clusters. It concerns
// replicas that start while it is set.
type BadVersion struct {
	Product string        `json:"product"`
	Version fleet.Version `json:"version"`
	Effect  Effect        `json:"effect"`
	// Share of the clusters on which it is bad, above 0 and up to 1. Which
	// ones is drawn by their names.
	Share float64 `json:"share"`
	// Monitor fires Delay after a replica has become ready (Alerts). Empty is
	// the first monitor of the product.
	Monitor string        `json:"monitor,omitempty"`
	Delay   time.Duration `json:"delay,omitempty"`
}

// Blip makes a monitor fire on a cluster for a while: After the next time that
// one of its replicas is replaced, For so long.
type Blip struct {
	Cluster string        `json:"cluster"`
	Monitor string        `json:"monitor,omitempty"` // empty: the first of the product
	After   time.Duration `json:"after,omitempty"`
	For     time.Duration `json:"for"`
}

// Outage is a time in which nothing answers.
type Outage struct {
	From   time.Time `json:"from,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

func (o Outage) during(t time.Time) bool { return !t.Before(o.From) && t.Before(o.Until) }

// Faults are shares of the calls to a data plane, from 0 to 1. Which calls is
// drawn by what they are about and by their time, so a call that is repeated
// at the very same time ends the same way.
type Faults struct {
	// Errors fail, and nothing is carried out.
	Errors float64 `json:"errors,omitempty"`
	// LostReplies are carried out and report an error (Act).
	LostReplies float64 `json:"lostReplies,omitempty"`
	// Conflicts are refused as conflicts (Act).
	Conflicts float64 `json:"conflicts,omitempty"`
}

// Blind makes a monitor unknown, everywhere or on one cluster.
type Blind struct {
	Product string `json:"product"`
	Monitor string `json:"monitor"`
	Cluster string `json:"cluster,omitempty"` // empty: everywhere
	// Reason is what it reports; with an empty one it reports nothing amiss
	// and stands still: what it says stays as old as AsOf.
	Reason string    `json:"reason,omitempty"`
	AsOf   time.Time `json:"asOf,omitzero"`
}

// script is one change of what goes wrong. One field is set.
type script struct {
	Bad      *BadVersion   `json:"bad,omitempty"`
	Mend     *BadVersion   `json:"mend,omitempty"`
	Blip     *Blip         `json:"blip,omitempty"`
	Alert    *alertScript  `json:"alert,omitempty"`
	Cluster  *clusterFault `json:"cluster,omitempty"`
	Plane    *planeFault   `json:"plane,omitempty"`
	Monitors *Outage       `json:"monitors,omitempty"`
	Blind    *Blind        `json:"blind,omitempty"`
	See      *Blind        `json:"see,omitempty"`
}

type alertScript struct {
	Cluster string        `json:"cluster"`
	Monitor string        `json:"monitor,omitempty"`
	For     time.Duration `json:"for,omitempty"` // zero: until it is quieted
	Quiet   bool          `json:"quiet,omitempty"`
}

type clusterFault struct {
	Cluster string  `json:"cluster"`
	Slow    float64 `json:"slow,omitempty"`
	Unknown *string `json:"unknown,omitempty"`
}

type planeFault struct {
	Plane  string  `json:"plane"`
	Outage *Outage `json:"outage,omitempty"`
	Faults *Faults `json:"faults,omitempty"`
}

func (f *Fleet) script(what string, s script, check func(now time.Time) error) error {
	err := f.do(func(o *op) error {
		o.Script = &s
		return check(instant(o.At))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Spoil makes a version bad from now on.
func (f *Fleet) Spoil(b BadVersion) error {
	return f.script("spoil a version", script{Bad: &b}, func(time.Time) error {
		switch {
		case b.Product == "" || b.Version.IsZero():
			return errors.New("name a product and a version")
		case b.Effect != NeverReady && b.Effect != Alerts:
			return fmt.Errorf("effect %q is not known; take %q or %q", b.Effect, NeverReady, Alerts)
		case !(b.Share > 0 && b.Share <= 1):
			return fmt.Errorf("share is %v; it must be above 0 and up to 1", b.Share)
		case b.Delay < 0:
			return errors.New("the delay is negative")
		}
		return nil
	})
}

// Mend makes a version good again. Replicas that did not become ready on it do
// so now.
func (f *Fleet) Mend(product string, v fleet.Version) error {
	return f.script("mend a version", script{Mend: &BadVersion{Product: product, Version: v}}, func(time.Time) error {
		return nil
	})
}

// Blip arms an alert for the next upgrade of a cluster.
func (f *Fleet) Blip(b Blip) error {
	return f.script("arm a blip", script{Blip: &b}, func(time.Time) error {
		if b.After < 0 || b.For <= 0 {
			return fmt.Errorf("it fires after %v for %v; the first must not be negative, the second must be positive", b.After, b.For)
		}
		return f.has(b.Cluster)
	})
}

// Alert makes a monitor fire on a cluster, for a time or, with zero, until
// [Fleet.Quiet].
func (f *Fleet) Alert(cluster, monitor string, d time.Duration) error {
	s := script{Alert: &alertScript{Cluster: cluster, Monitor: monitor, For: d}}
	return f.script("raise an alert", s, func(time.Time) error {
		if d < 0 {
			return errors.New("the duration is negative")
		}
		return f.has(cluster)
	})
}

// Quiet ends the alerts of a monitor on a cluster.
func (f *Fleet) Quiet(cluster, monitor string) error {
	s := script{Alert: &alertScript{Cluster: cluster, Monitor: monitor, Quiet: true}}
	return f.script("quiet an alert", s, func(time.Time) error { return f.has(cluster) })
}

// Slow multiplies how long replicas of a cluster are down from now on; 1 is
// as before.
func (f *Fleet) Slow(cluster string, factor float64) error {
	return f.script("slow a cluster", script{Cluster: &clusterFault{Cluster: cluster, Slow: factor}}, func(time.Time) error {
		if !(factor > 0 && factor <= 1e6) {
			return fmt.Errorf("factor is %v; it must be above 0 and at most a million", factor)
		}
		return f.has(cluster)
	})
}

// Obscure makes a cluster unknown for a reason; with an empty reason it is
// known again.
func (f *Fleet) Obscure(cluster, reason string) error {
	return f.script("obscure a cluster", script{Cluster: &clusterFault{Cluster: cluster, Unknown: &reason}}, func(time.Time) error {
		return f.has(cluster)
	})
}

// Unreachable cuts a data plane off for a while. What happens in it goes on.
func (f *Fleet) Unreachable(plane string, d time.Duration, reason string) error {
	o := Outage{Reason: reason}
	return f.script("cut off a data plane", script{Plane: &planeFault{Plane: plane, Outage: &o}}, func(now time.Time) error {
		o.From, o.Until = now, now.Add(d)
		return f.hasPlane(plane)
	})
}

// Disturb makes a share of the calls to a data plane fail.
func (f *Fleet) Disturb(plane string, faults Faults) error {
	return f.script("disturb a data plane", script{Plane: &planeFault{Plane: plane, Faults: &faults}}, func(time.Time) error {
		for _, share := range []float64{faults.Errors, faults.LostReplies, faults.Conflicts} {
			if !(share >= 0 && share <= 1) {
				return fmt.Errorf("%v is not a share from 0 to 1", share)
			}
		}
		return f.hasPlane(plane)
	})
}

// BlindMonitors makes all monitors fail for a while.
func (f *Fleet) BlindMonitors(d time.Duration, reason string) error {
	o := Outage{Reason: reason}
	return f.script("blind the monitors", script{Monitors: &o}, func(now time.Time) error {
		o.From, o.Until = now, now.Add(d)
		return nil
	})
}

// BlindMonitor makes one monitor unknown for a reason, or, without a reason,
// stale: it repeats what it says now, with the time of now.
func (f *Fleet) BlindMonitor(product, monitor, reason string) error {
	b := Blind{Product: product, Monitor: monitor, Reason: reason}
	return f.script("blind a monitor", script{Blind: &b}, func(now time.Time) error {
		b.AsOf = now
		return nil
	})
}

// BlindTo makes one monitor tell nothing of one cluster, for a reason.
func (f *Fleet) BlindTo(cluster, monitor, reason string) error {
	b := Blind{Monitor: monitor, Cluster: cluster, Reason: reason}
	return f.script("blind a monitor to a cluster", script{Blind: &b}, func(now time.Time) error {
		if err := f.has(cluster); err != nil {
			return err
		}
		if reason == "" {
			return errors.New("a monitor that is blind to one cluster needs a reason")
		}
		b.Product, b.AsOf = f.clusters[cluster].product, now
		return nil
	})
}

// SeeMonitor ends what [Fleet.BlindMonitor] and [Fleet.BlindTo] began.
func (f *Fleet) SeeMonitor(product, monitor string) error {
	return f.script("let a monitor see", script{See: &Blind{Product: product, Monitor: monitor}}, func(time.Time) error {
		return nil
	})
}

func (f *Fleet) has(cluster string) error {
	if f.clusters[cluster] == nil {
		return fmt.Errorf("there is no cluster %q", cluster)
	}
	return nil
}

func (f *Fleet) hasPlane(plane string) error {
	if f.planes[plane] == nil {
		return fmt.Errorf("there is no data plane %q", plane)
	}
	return nil
}
