package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Kind says what a window means, and thereby which way is safe.
type Kind uint8

// The kinds of window.
const (
	Blackout    Kind = iota // never start inside
	Maintenance             // only start inside
)

// Rule describes a window: Cron with Duration, or From with Until.
type Rule struct {
	Kind Kind
	// Cron has five fields: minute, hour, day of month, month, day of week.
	Cron     string
	Duration time.Duration
	// From and Until are local dates or times: 2026-11-26 or 2026-11-26T06:00.
	From, Until string
	// TimeZone is an IANA name; UTC without it.
	TimeZone string
}

// Window is a compiled [Rule].
type Window struct {
	kind Kind
	zone *time.Location
	// calendar and duration are those of a recurring window.
	calendar *calendar
	duration time.Duration
	// endless is the moment from which a recurring window is always inside;
	// zero when there is none.
	endless time.Time
	// once is the interval of a window with dates.
	once Interval
}

// Interval is the time from Start up to but not including End. A zero End means
// that it never ends.
type Interval struct{ Start, End time.Time }

// maxDuration bounds recurring windows: what lasts longer is written with dates.
const maxDuration = 366 * 24 * time.Hour

// New compiles a rule. Its errors say what is wrong and what to write instead.
//
// A blackout that never ends is an error. A maintenance window that never ends
// restricts nothing and is allowed.
func New(r Rule) (*Window, error) {
	if r.Kind != Blackout && r.Kind != Maintenance {
		return nil, fmt.Errorf("a window of kind %d: it is a blackout or a maintenance window", r.Kind)
	}
	zone, err := loadZone(r.TimeZone)
	if err != nil {
		return nil, err
	}
	w := &Window{kind: r.Kind, zone: zone}
	recurring, once := r.Cron != "" || r.Duration != 0, r.From != "" || r.Until != ""
	switch {
	case recurring && once:
		return nil, errors.New("a window has either schedule and duration or from and until, not both")
	case recurring:
		err = w.recur(r)
	case once:
		err = w.happen(r)
	default:
		return nil, errors.New("a window needs schedule and duration, or from and until")
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	switch {
	case name == "Local", name == "localtime", name == "posixrules", name == "Factory", strings.HasPrefix(name, "right/"):
		return nil, fmt.Errorf("timeZone %s depends on the machine: name a zone, as in Europe/Berlin", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown timeZone %q: use an IANA name, as in Europe/Berlin", name)
	}
	return zone, nil
}

func (w *Window) recur(r Rule) error {
	switch {
	case r.Cron == "":
		return errors.New("duration without schedule: say when the window begins")
	case r.Duration == 0:
		return errors.New("schedule without duration: say how long the window lasts")
	case r.Duration < time.Minute:
		return fmt.Errorf("duration %s is shorter than a minute", r.Duration)
	case r.Duration > maxDuration:
		return fmt.Errorf("duration %s is longer than a year: use from and until", r.Duration)
	}
	schedule, err := parseCron(r.Cron)
	if err != nil {
		return err
	}
	w.calendar, w.duration = newCalendar(schedule, r.Duration), r.Duration
	if _, ok := w.calendar.from(reference, reference.AddDate(maxYears, 0, 0)); !ok {
		return fmt.Errorf("schedule %q never comes: there is no such day", r.Cron)
	}
	if next, ok := w.merged(reference); ok && next.End.IsZero() {
		if r.Kind == Blackout {
			return fmt.Errorf("schedule %q with duration %s never ends: each occurrence begins before the one before is over", r.Cron, r.Duration)
		}
		w.endless = next.Start
	}
	return nil
}

// reference is an arbitrary moment from which a rule is tried out.
var reference = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

var sunday7 = regexp.MustCompile(`(^|[,-])7($|[,/-])`)

// parseCron reads five fields and refuses what the parser would misread or
// crash on.
func parseCron(expr string) (*cron.SpecSchedule, error) {
	fields := strings.Fields(expr)
	switch {
	case strings.Contains(expr, "TZ="):
		return nil, errors.New("schedule names a time zone: write it into timeZone instead")
	case strings.HasPrefix(expr, "@"):
		return nil, fmt.Errorf("schedule %q: write it with five fields, as in \"0 18 * * FRI\"", expr)
	case len(fields) == 6:
		return nil, fmt.Errorf("schedule %q has six fields: leave the seconds out", expr)
	case len(fields) != 5:
		return nil, fmt.Errorf("schedule %q has %d fields, not five: minute, hour, day of month, month, day of week", expr, len(fields))
	case sunday7.MatchString(fields[4]):
		return nil, fmt.Errorf("schedule %q: Sunday is 0 or SUN, not 7", expr)
	}
	parsed, err := cron.ParseStandard(expr)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", expr, err)
	}
	schedule, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("schedule %q: write it with five fields, as in \"0 18 * * FRI\"", expr)
	}
	return schedule, nil
}

func (w *Window) happen(r Rule) error {
	if r.From == "" || r.Until == "" {
		return errors.New("a window with dates needs both from and until")
	}
	from, err := parseLocal("from", r.From)
	if err != nil {
		return err
	}
	until, err := parseLocal("until", r.Until)
	if err != nil {
		return err
	}
	early, late := w.kind == Blackout, w.kind != Blackout
	w.once = Interval{Start: w.instant(from, early), End: w.instant(until, late)}
	if !until.After(from) {
		return fmt.Errorf("until %s is not after from %s", r.Until, r.From)
	}
	// It is empty when it lies within a change of the clocks: the hour does not
	// exist, or it is maintenance and no moment is certain to be inside.
	return nil
}

// parseLocal reads a local date or time as if it were in UTC.
func parseLocal(field, s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return time.Time{}, fmt.Errorf("%s %q has an offset: leave it out and set timeZone", field, s)
	}
	return time.Time{}, fmt.Errorf("%s %q is no date or time: write 2026-11-26 or 2026-11-26T06:00", field, s)
}
