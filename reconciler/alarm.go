package reconciler

import (
	"context"
	"errors"
	"time"
)

// alarmGap is the least time between two cycles that alarms ask for, so that
// monitors which never come to rest do not keep the loop busy.
const alarmGap = 100 * time.Millisecond

// errAlarmed tells that an action was left out because an alarm came in after it
// had been decided.
var errAlarmed = errors.New("monitors have changed since it was decided")

// Alert says that a monitor has changed its mind. The next cycle begins at once;
// of the cycle that runs, what is not under way yet is left out, unless it halts
// something: it was decided before anybody knew. Unlike Wake it does not look at
// git, and unlike Look it does not wait for more. It never blocks. However often
// it is called, cycles that it asks for are a tenth of a second apart.
func (r *Reconciler) Alert() {
	select {
	case r.alarm <- struct{}{}:
	default: // one is to be heard already
	}
}

// alarmed reports whether an alarm has come in since the monitors were last read.
func (r *Reconciler) alarmed() bool { return len(r.alarm) > 0 }

// hear is called before the monitors are read: what they say then is what the
// alarm was about.
func (r *Reconciler) hear() {
	select {
	case <-r.alarm:
	default:
	}
}

// next waits until it is time for a cycle. It returns false when the context
// ended. The channel calm is nil except for a moment after an alarm. After a nudge
// it waits a little, so that changes that come together are seen together.
func (r *Reconciler) next(ctx context.Context, timer <-chan time.Time, calm *<-chan time.Time) bool {
	var breath <-chan time.Time
	for {
		alarm, nudge := r.alarm, r.nudge
		if *calm != nil {
			alarm = nil
		}
		if breath != nil {
			nudge = nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-*calm:
			*calm = nil
			continue
		case <-nudge:
			breath = time.After(r.shortly())
			continue
		case <-alarm:
			*calm = time.After(alarmGap)
		case <-breath:
			select {
			case <-r.nudge:
			default:
			}
		case <-timer:
		case <-r.wake:
		case <-r.hurry:
		}
		return true
	}
}
