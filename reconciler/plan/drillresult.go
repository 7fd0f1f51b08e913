package plan

import (
	"strconv"
	"time"
)

// String says in a sentence what a drill has measured.
func (m DrillResult) String() string {
	s := plural(m.InFlight, "cluster", "clusters") + " in flight"
	if m.Recorded > 0 {
		s += ", paused after " + took(m.Recorded)
	}
	if m.Still > 0 {
		s += ", at a standstill after " + took(m.Still)
	}
	s += ", " + plural(m.Touched, "replica", "replicas") + " touched"
	if m.Started > 0 {
		s += ", " + strconv.Itoa(m.Started) + " started"
	}
	if m.Unfinished != "" {
		s += "; not finished: " + m.Unfinished
	}
	return s
}

func took(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
