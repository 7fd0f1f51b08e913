package plan

import (
	"fmt"
	"time"
)

// Judgement is what an alert is held to mean for the upgrade of its cluster.
// Whatever it is, nothing starts and nothing steps on a cluster that is alerting.
type Judgement string

// The judgements.
const (
	// NotUnderTest: the cluster is not being upgraded and does not soak, or its
	// product does not name the monitor.
	NotUnderTest Judgement = "not-under-test"
	// FiredBefore: it fired already before the upgrade of the cluster began.
	FiredBefore Judgement = "fired-before"
	// Environment: it fires on clusters that were not touched as well.
	Environment Judgement = "environment"
	// UnderLook: the product allows the monitor to fire for a moment, and that
	// moment is not over. It is charged when it lasts, or comes again.
	UnderLook Judgement = "under-look"
	// Charged: the new version is held to be to blame.
	Charged Judgement = "charged"
)

// Evidence is what the judgement of an alert rests on: what was before and after
// the cluster's upgrade began, and how touched clusters fare against untouched
// ones, the control group.
type Evidence struct {
	Product string    `json:"product"`
	Monitor string    `json:"monitor"`
	Cluster string    `json:"cluster"`
	Since   time.Time `json:"since,omitzero"` // zero: its source does not say
	Link    string    `json:"link,omitempty"`

	Judgement Judgement `json:"judgement"`
	// StartedAt is when the upgrade of the cluster began; before it the monitor
	// was quiet there, unless it is judged otherwise. Zero when it is not under
	// test, and then nothing is compared.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// LookUntil is when an alert that is under look is charged if it still fires.
	LookUntil time.Time `json:"lookUntil,omitzero"`
	// Again tells that it fires for the second time since the upgrade began.
	Again bool `json:"again,omitempty"`

	// Among says which clusters are compared, as in "data plane eu-1": those of
	// the product there that are known, and to which the monitor is not blind.
	Among string `json:"among,omitempty"`
	// Touched run the new version or are on the way to it, Untouched are at rest
	// on another.
	Touched         int `json:"touched,omitempty"`
	TouchedFiring   int `json:"touchedFiring,omitempty"`
	Untouched       int `json:"untouched,omitempty"`
	UntouchedFiring int `json:"untouchedFiring,omitempty"`
	// UntouchedNew are those of UntouchedFiring that began after StartedAt.
	UntouchedNew int `json:"untouchedNew,omitempty"`
}

// Compared says how touched and untouched clusters fare, as the end of a
// sentence that begins with the monitor; empty when nothing was compared.
func (e Evidence) Compared() string {
	switch {
	case e.Touched+e.Untouched == 0:
		return ""
	case e.Untouched == 0:
		return fmt.Sprintf("fires on %d of %d touched clusters in %s, and none is untouched", e.TouchedFiring, e.Touched, e.Among)
	default:
		return fmt.Sprintf("fires on %d of %d touched and %d of %d untouched clusters in %s",
			e.TouchedFiring, e.Touched, e.UntouchedFiring, e.Untouched, e.Among)
	}
}

// Verdict says what the alert is held to mean, and why, in a sentence without a
// full stop; empty when the cluster is not under test.
func (e Evidence) Verdict() string {
	compared := e.Compared()
	if compared != "" {
		compared = "; it " + compared
	}
	switch e.Judgement {
	case FiredBefore:
		return "it fired before the upgrade began at " + clock(e.StartedAt) + ", so it is not charged"
	case Environment:
		return "it " + e.Compared() + ": looks like the environment, not charged"
	case UnderLook:
		return "it is charged if it still fires at " + clockSeconds(e.LookUntil) + ", or fires again" + compared
	case Charged:
		text := "quiet before the upgrade began at " + clock(e.StartedAt)
		if e.Again {
			text = "it fired once before since the upgrade began at " + clock(e.StartedAt)
		}
		return text + compared
	default:
		return ""
	}
}

// clockSeconds writes a time that is minutes away.
func clockSeconds(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }
