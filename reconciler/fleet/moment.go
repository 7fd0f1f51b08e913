package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Moment is a point in time, written as a date (the beginning of that day) or
// as a local time, with an offset or in UTC. The zero value is no time at all.
type Moment struct{ time.Time }

const minuteLayout = "2006-01-02T15:04"

// ParseMoment reads a date, as in 2026-12-15, or a time, as in
// 2026-12-15T12:00, 2026-12-15T12:00:30 or 2026-12-15T12:00:00+01:00. Without
// an offset it is UTC.
func ParseMoment(s string) (Moment, error) {
	m, err := parseMoment(s)
	if err != nil {
		return Moment{}, fmt.Errorf("parse time %s: %w", quote(s), err)
	}
	return m, nil
}

func parseMoment(s string) (Moment, error) {
	for _, layout := range []string{time.DateOnly, minuteLayout, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.RFC3339} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		// Beyond these years, RFC 3339 cannot write the time down again.
		if t = t.UTC(); t.Year() < 1970 || t.Year() > 9998 {
			return Moment{}, errors.New("lies outside of the years 1970 to 9998")
		}
		return Moment{t}, nil
	}
	return Moment{}, advise("write 2026-12-15, 2026-12-15T12:00 (UTC) or 2026-12-15T12:00:00+01:00", "is no date and no time")
}

// String renders the moment in UTC, as a date when it is midnight.
func (m Moment) String() string {
	t := m.UTC()
	switch {
	case m.IsZero():
		return ""
	case t.Equal(t.Truncate(day)):
		return t.Format(time.DateOnly)
	case t.Equal(t.Truncate(time.Minute)):
		return t.Format(minuteLayout)
	default:
		return t.Format(time.RFC3339Nano)
	}
}

// MarshalText renders the moment as String does.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText has written.
func (m *Moment) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = Moment{}
		return nil
	}
	parsed, err := ParseMoment(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// MarshalJSON renders the text as a JSON string. It hides the method of
// time.Time, which writes another format.
func (m Moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads what MarshalJSON has written.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("parse time: %w", err)
	}
	return m.UnmarshalText([]byte(s))
}
