package simfleet

import (
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Cause says what took a replica down.
type Cause string

// The causes.
const (
	// ByUpgrade: it was replaced because the template and the partition, or
	// the rolling update, asked for it.
	ByUpgrade Cause = "upgrade"
	// ByHand: somebody deleted it, or it lost its node.
	ByHand Cause = "by hand"
	// ByCrash: its process ended and was started again.
	ByCrash Cause = "crash"
	// ByScale: it is new.
	ByScale Cause = "scale"
)

// Touch is one replica that was taken down, or made.
type Touch struct {
	At      time.Time     `json:"at"`
	Cluster string        `json:"cluster"`
	Ordinal int           `json:"ordinal"`
	From    fleet.Version `json:"from"`
	To      fleet.Version `json:"to"`
	Cause   Cause         `json:"cause"`
	// Release and Commit are what the cluster's mark said at that time.
	Release string `json:"release,omitempty"`
	Commit  string `json:"commit,omitempty"`
}

// touched records that a replica went down, and starts what waits for that.
func (f *Fleet) touched(c *cluster, ordinal int, from, to uint32, t int64, why Cause) {
	touch := Touch{
		At: instant(t), Cluster: c.name, Ordinal: ordinal,
		From: f.versions.values[from], To: f.versions.values[to], Cause: why,
	}
	if c.mark != nil {
		touch.Release, touch.Commit = c.mark.Release, c.mark.Commit
	}
	if len(f.touches) >= 2*f.set.MaxTouches {
		kept := copy(f.touches, f.touches[len(f.touches)-f.set.MaxTouches:])
		f.dropped += uint64(len(f.touches) - kept)
		clear(f.touches[kept:])
		f.touches = f.touches[:kept]
	}
	f.touches = append(f.touches, touch)
	if why == ByUpgrade {
		for _, b := range c.blips {
			from := t + int64(b.After)
			f.raise(c, alert{monitor: b.Monitor, since: from, until: from + int64(b.For)})
		}
		c.blips = nil
	}
}

// Touches returns the touch log, oldest first, and how many older entries have
// been dropped from it.
func (f *Fleet) Touches() (touches []Touch, dropped uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.look(); err != nil {
		return nil, 0, err
	}
	return append([]Touch(nil), f.touches...), f.dropped, nil
}
