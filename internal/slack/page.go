package slack

import (
	"time"
)

// The topics that are not a release. No release is called so: their names have no
// spaces.
const (
	topicEverything = "the whole fleet"
	topicDrift      = "the drift report"
)

// page is the newest state of a topic, and what of it is to be said. It is never
// changed once it is in the queue.
type page struct {
	topic            string // a release's ID, or one of the topics above
	product, version string
	commit           string
	cohorts          []cohort
	paused           *pause
	resumedBy        string // who lifted the last pause, if that is known
	begun            bool   // a thread is worth while
	superseded       bool
	completed        bool
	drift            *drift
	news             []news // oldest first
}

type cohort struct {
	name, phase                string
	clusters, onTarget, failed int
}

type pause struct {
	reason, by string
	at         time.Time
	failed     int
	failures   []failure // the newest first, the newest few
	held       []string  // what is held where, a line for each cohort
}

type failure struct {
	cluster, cohort, reason string
	evidence                string
	alerts                  []alert
}

type alert struct{ monitor, link string }

type drift struct {
	count    int
	clusters []string // the first few
	digest   string   // of all of them
}

type newsKind uint8

const (
	newsCohort newsKind = iota
	newsPaused
	newsResumed
	newsCompleted
	newsDrift
)

// news is something that happened. Its key names it for good: what has been said
// is found again by it.
type news struct {
	key    string
	kind   newsKind
	cohort string
	pause  *pause
	by     string
	drift  *drift
}

// pauseKey names a pause. Its time does not change when the ledger is read again.
func pauseKey(p *pause) string { return "paused:" + p.at.UTC().Format(time.RFC3339Nano) }

// resumedKey names the end of a pause.
func resumedKey(pauseKey string) string { return "resumed:" + pauseKey }
