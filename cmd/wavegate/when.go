package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// parseTime reads a moment as people type it.
func parseTime(s string, now time.Time) (time.Time, error) {
	if rest, sign := cutSign(s); sign != 0 {
		var d fleet.Duration
		if err := d.UnmarshalText([]byte(rest)); err == nil {
			return now.Add(time.Duration(sign) * time.Duration(d)).UTC(), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if t, err := time.Parse("15:04", s); err == nil {
		y, m, d := now.UTC().Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, time.UTC), nil
	}
	return time.Time{}, usagef("%q is no time: write 2026-11-24T14:03, 14:03, -2h or +3d", s)
}

func cutSign(s string) (string, int) {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return rest, -1
	}
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return rest, 1
	}
	return s, 0
}

// say prints a line.
func (c *cli) say(format string, args ...any) error {
	_, err := fmt.Fprintf(c.stdout, format, args...)
	return err
}
