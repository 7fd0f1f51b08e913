package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// text says a finding in a sentence without a full stop, for people.
func (c *cycle) text(r Row, v *view, f Finding) string {
	spec := c.in.Policy
	switch f.Reason {
	case NoReason:
		return ""
	case NothingInForce:
		return "no commit is in force that says what it should run"
	case BaselineTarget:
		text := "no merged pull request has moved this cohort yet, so nothing is changed; merge one that does"
		if r >= 0 && c.in.Fleet.col.changedBy[r] != 0 {
			text += "; its version was set by " + c.in.Fleet.strings.values[c.in.Fleet.col.changedBy[r]]
		}
		return text
	case EmergencyExpired:
		return "emergency " + v.target.Emergency + " expired at " + clock(v.emergency.Spec.Expires.Time)
	case NotObserved:
		if r >= 0 {
			return c.in.Fleet.unknown(r)
		}
		return "clusters cannot be observed"
	case DataPlaneNeverSeen:
		_, lost := c.in.Fleet.Plane(c.in.DataPlanes[f.Arg])
		if lost == "" {
			lost = "no answer yet"
		}
		return "data plane " + c.in.DataPlanes[f.Arg] + " has not been seen yet (" + lost + "); it may hold a pause, so nothing is touched anywhere"
	case MonitorBlind:
		return c.blindText(v, f)
	case ClusterBlind:
		return blindSpotText(&c.memo.spots[f.Arg])
	case ClockJumped:
		return "the clock of this machine jumped; waiting for the next cycle"
	case PinnedBy:
		pin := &spec.Spec.Pins[f.Arg]
		return "pin " + pin.Name + " of " + pin.Spec.Owner + " until " + clock(pin.Spec.Expires.Time) + ": " + pin.Spec.Reason
	case EverythingPaused:
		return "everything is paused: " + pauseText(c.in.State.Paused)
	case ReleasePaused:
		r := c.pausedReleases[f.Arg]
		if v != nil && v.release != nil && v.release != r {
			return "release " + r.ID + " of the same product is paused: " + pauseText(r.Paused)
		}
		return pauseText(r.Paused)
	case MovesManyCohorts:
		return "commit " + short(v.target.Commit) + " moves more than one cohort"
	case VersionForbidden:
		from := c.in.Fleet.version.values[f.Arg]
		return v.product.Spec.Versions.Check(from, v.target.Version)
	case PredecessorNotDone:
		return "cohort " + spec.Spec.Cohorts[f.Arg].Name + " has not finished and soaked " + v.target.Version.String()
	case WindowClosed:
		return c.windowText(f.Arg)
	case WindowTooShort:
		return c.tooShortText(r, v, f.Arg)
	case NotReady:
		return c.readyText(r)
	case AlertFires:
		text := alertText(&c.memo.alerts[f.Arg])
		if r < 0 {
			return text
		}
		if verdict := c.judge(&c.memo.alerts[f.Arg]).Verdict(); verdict != "" {
			text += "; " + verdict
		}
		return text
	case SomebodyElsesChange:
		return c.foreignText(r)
	case OwnedByAnotherTool:
		owner := c.in.Fleet.strings.values[c.in.Fleet.col.owner[r]]
		return owner + " sets its version and would undo the upgrade; let that tool leave the version alone, then annotate the workload with wavegate.dev/take-over: \"true\""
	case MetricOutOfBounds, MetricUnknown, OrderUnknown:
		return c.metricText(r, v, f)
	case RolloutNotStarted:
		return "the rollout is about to start"
	case WaveNotOpen:
		return "wave " + ordinal(int(f.Arg)) + " opens when wave " + ordinal(int(f.Arg)-1) + " has finished and soaked"
	case LateJoinerHeld:
		return "it joined after the rollout had started; cohort " + v.key.Cohort + " holds late joiners until they are retried"
	case LateJoinerIgnored:
		return "it joined after the rollout had started; cohort " + v.key.Cohort + " ignores late joiners"
	case BudgetSpent:
		return "the failure budget of " + v.target.Release + " is spent"
	case AlertUnderLook:
		return c.lookText(v.key.Product)
	case LimitReached:
		return c.limitText(r, int(f.Arg))
	case WaveLimitReached:
		return "the wave has " + plural(int(f.Arg), "cluster", "clusters") + " in flight, as many as it may"
	default:
		return c.progressText(r, v, f)
	}
}

// progressText says what a cluster under way, or at rest, is doing.
func (c *cycle) progressText(r Row, v *view, f Finding) string {
	if r < 0 && f.Reason != ReplicaSettling {
		return strings.ReplaceAll(f.Reason.String(), "-", " ")
	}
	switch f.Reason {
	case ReplicaRestarting:
		return c.readyText(r)
	case ReplicaSettling:
		return "all replicas are ready; settling for " + span(time.Duration(v.product.Spec.Settle))
	case RollsByItself:
		return strconv.Itoa(int(c.in.Fleet.col.updated[r])) + " of " + strconv.Itoa(int(c.in.Fleet.col.replicas[r])) + " replicas updated"
	case UpgradeFailed:
		if m := c.memo.member(r); m != nil {
			return m.Reason
		}
		return "its upgrade failed"
	case OperatorSkipped:
		if m := c.memo.member(r); m != nil && m.Reason != "" {
			return m.Reason
		}
		return "skipped by an operator"
	case LeftTheFleet:
		return "no data plane has it any more"
	case StartUnconfirmed:
		return "started, and not yet seen under way"
	case DiffersFromTarget:
		inv := c.in.Fleet
		text := "runs " + inv.version.values[inv.col.version[r]].String() + ", should run " + v.target.Version.String()
		if by := inv.strings.values[inv.col.changedBy[r]]; by != "" && c.in.Fleet.Mark(r).Version != inv.version.values[inv.col.target[r]] {
			text += "; set by " + by
		}
		return text
	case NotInAnyCohort:
		return "no cohort selects it with a version of its product"
	case InTwoCohorts:
		return "selected by cohorts " + join(c.cohortNames(r)) + "; make their selectors exclude each other"
	default:
		return f.Reason.String()
	}
}

func (c *cycle) cohortNames(r Row) []string {
	var names []string
	for _, i := range c.memo.classes.list[c.memo.class[r]].cohorts {
		names = append(names, c.in.Policy.Spec.Cohorts[i].Name)
	}
	return names
}

func (c *cycle) blindText(v *view, f Finding) string {
	key := c.memo.blindBy[f.Arg]
	for i := range v.product.Spec.Monitors {
		if m := &v.product.Spec.Monitors[i]; m.Name == key.Monitor {
			return "monitor " + key.Monitor + " cannot be relied upon: " + c.monitorProblem(key, m)
		}
	}
	return "monitor " + key.Monitor + " cannot be relied upon"
}

func (c *cycle) windowText(w int32) string {
	win := &c.in.Policy.Spec.Windows[w]
	state := c.memo.snap.State(int(w))
	until := "for ever"
	if !state.Until.IsZero() {
		until = "until " + clock(state.Until)
	}
	if string(win.Spec.Type) == "maintenance" {
		if state.Until.IsZero() {
			return "outside of maintenance window " + win.Name + ", which never opens again"
		}
		return "outside of maintenance window " + win.Name + ", which opens at " + clock(state.Until)
	}
	text := "blackout " + win.Name + " " + until
	if win.Spec.Reason != "" {
		text += ": " + win.Spec.Reason
	}
	return text
}

func (c *cycle) tooShortText(r Row, v *view, w int32) string {
	win := &c.in.Policy.Spec.Windows[w]
	state := c.memo.snap.State(int(w))
	verb := "blackout " + win.Name + " begins"
	if string(win.Spec.Type) == "maintenance" {
		verb = "maintenance window " + win.Name + " ends"
	}
	need := ""
	if r >= 0 {
		need = ", and it needs about " + span(c.estimate(v, int(c.in.Fleet.col.replicas[r])))
	}
	return verb + " at " + clock(state.Until) + need
}

func (c *cycle) readyText(r Row) string {
	if r < 0 {
		return "not all replicas are ready"
	}
	col := &c.in.Fleet.col
	text := fmt.Sprintf("%d of %d replicas ready", col.ready[r], col.replicas[r])
	if p := c.in.Fleet.strings.values[col.problem[r]]; p != "" {
		text += ": " + p
	}
	return text
}

func (c *cycle) foreignText(r Row) string {
	if r < 0 {
		return "somebody else is changing them"
	}
	inv := c.in.Fleet
	who := "somebody else"
	if by := inv.strings.values[inv.col.changedBy[r]]; by != "" {
		who = by
	}
	return who + " is changing it from " + inv.version.values[inv.col.version[r]].String() +
		" to " + inv.version.values[inv.col.target[r]].String()
}

func (c *cycle) limitText(r Row, i int) string {
	limit := c.in.Policy.Spec.Fleet.Spec.Limits[i]
	if limit.Label == "" {
		return plural(c.usage.total, "cluster", "clusters") + " in flight, " + strconv.Itoa(limit.MaxConcurrency) + " allowed"
	}
	if r < 0 {
		return fmt.Sprintf("%d in flight allowed for each %s", limit.MaxConcurrency, limit.Label)
	}
	value, _ := c.in.Fleet.Label(r, limit.Label)
	return fmt.Sprintf("%d in flight with %s %s, %d allowed", c.usage.count(i, r), limit.Label, value, limit.MaxConcurrency)
}

func blindSpotText(s *BlindSpot) string {
	return "blind here: monitor " + s.Monitor + " cannot be relied upon on this cluster: " + s.Why
}

func alertText(a *Alert) string {
	text := "monitor " + a.Monitor + " fires"
	if !a.Since.IsZero() {
		text += " since " + clock(a.Since)
	}
	return text
}

func pauseText(p *Pause) string {
	text := p.Reason
	if p.By != "" && !strings.Contains(text, p.By) {
		text += " (by " + p.By + ")"
	}
	return text
}

// clock writes a time for people: to the minute, in UTC.
func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// span writes a length of time for people: its two largest units.
func span(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	d = d.Round(time.Minute)
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	var parts []string
	for _, p := range []struct {
		n    int
		unit string
	}{{days, "d"}, {hours, "h"}, {minutes, "m"}} {
		if p.n > 0 && len(parts) < 2 {
			parts = append(parts, strconv.Itoa(p.n)+p.unit)
		}
	}
	return strings.Join(parts, " ")
}

// ordinal numbers waves for people, from one.
func ordinal(wave int) string { return strconv.Itoa(wave + 1) }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func compareStrings(a, b string) int { return strings.Compare(a, b) }
