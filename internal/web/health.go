package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
)

// Pulsing has a sign of life that can be felt at once, whatever a cycle waits for.
type Pulsing interface {
	LastPulse() (reconciler.Pulse, bool)
}

// Health says whether cycles run. It does not judge what they find: a paused
// release is no reason to restart the service.
type Health struct {
	Pulse Pulsing
	// Started is when the service began, and Now the clock.
	Started time.Time
	Now     func() time.Time
	// MaxAge is how old the last cycle may be.
	MaxAge time.Duration
}

// Ready answers 200 when a cycle has finished lately.
func (h Health) Ready(w http.ResponseWriter, _ *http.Request) {
	pulse, ok := h.Pulse.LastPulse()
	h.answer(w, pulse.At, ok)
}

// Live answers as Ready does, and 200 also while the first cycle may still take its
// time: a fleet that is read for the first time is no reason to begin again.
func (h Health) Live(w http.ResponseWriter, _ *http.Request) {
	pulse, ok := h.Pulse.LastPulse()
	if !ok && h.Now().Sub(h.Started).Abs() <= h.MaxAge {
		_, _ = fmt.Fprintln(w, "ok, the first cycle runs")
		return
	}
	h.answer(w, pulse.At, ok)
}

func (h Health) answer(w http.ResponseWriter, last time.Time, ok bool) {
	age := h.Now().Sub(last)
	// A cycle far in the future tells nothing: the clock has jumped back.
	if !ok || age.Abs() > h.MaxAge {
		http.Error(w, "no cycle has finished lately", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintf(w, "ok, last cycle %s ago\n", age.Round(time.Second))
}
