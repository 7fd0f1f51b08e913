package fleet

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Duration is a length of time as people write it: 45m, 2h, 36h, 7d. It is
// never negative. A day has 24 hours.
type Duration time.Duration

// ParseDuration reads a length of time: a duration as Go writes it, which days
// may precede, as in 7d or 1d12h.
func ParseDuration(s string) (Duration, error) {
	d, err := parseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("parse duration %s: %w", quote(s), err)
	}
	return d, nil
}

func parseDuration(s string) (Duration, error) {
	const how = "write it with its unit, as in 45m, 2h or 7d"
	switch {
	case s == "":
		return 0, advise(how, "is empty")
	case strings.HasPrefix(s, "-"):
		return 0, errors.New("is negative")
	case allDigits(s):
		return 0, advise("write it as "+trimLong(s)+"s, "+trimLong(s)+"m or "+trimLong(s)+"h", "has no unit")
	}
	days, rest := time.Duration(0), s
	if before, after, ok := strings.Cut(s, "d"); ok {
		if !allDigits(before) {
			return 0, advise(how, "is no length of time")
		}
		n, err := strconv.ParseInt(before, 10, 64)
		if err != nil || n > int64(math.MaxInt64/day) {
			return 0, errors.New("is too long")
		}
		days, rest = time.Duration(n)*day, after
		if rest == "" {
			return Duration(days), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		return 0, advise(how, "is no length of time")
	}
	if d < 0 {
		return 0, errors.New("is negative")
	}
	if days > math.MaxInt64-d {
		return 0, errors.New("is too long")
	}
	return Duration(days + d), nil
}

func trimLong(s string) string { return s[:min(len(s), 12)] }

// String renders the duration in the shortest way: 90m is 1h30m, 48h is 2d.
func (d Duration) String() string {
	left := time.Duration(d)
	if left <= 0 {
		return left.String()
	}
	var b strings.Builder
	if left%day == 0 {
		return strconv.FormatInt(int64(left/day), 10) + "d"
	}
	if h := left / time.Hour; h > 0 {
		b.WriteString(strconv.FormatInt(int64(h), 10) + "h")
		left %= time.Hour
	}
	if m := left / time.Minute; m > 0 {
		b.WriteString(strconv.FormatInt(int64(m), 10) + "m")
		left %= time.Minute
	}
	if left > 0 {
		b.WriteString(left.String())
	}
	return b.String()
}

// MarshalText renders the duration as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText has written.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
