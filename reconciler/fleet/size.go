package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of clusters, or a share of them in percent. In YAML: 3 or
// "10%". The zero value is the number 0.
type Size struct {
	Count   int
	Percent int // 1..100 when IsPercent
	// IsPercent tells a percentage from a number.
	IsPercent bool
}

// ParseSize reads a number of clusters, as in 3, or a percentage, as in 10%.
// The number may be 0; a percentage may not.
func ParseSize(s string) (Size, error) {
	size, err := parseSize(s)
	if err != nil {
		return Size{}, fmt.Errorf("parse size %s: %w", quote(s), err)
	}
	return size, nil
}

func parseSize(s string) (Size, error) {
	digits, isPercent := strings.CutSuffix(s, "%")
	if !allDigits(digits) {
		if strings.HasPrefix(digits, "-") && allDigits(digits[1:]) {
			return Size{}, errors.New("is negative")
		}
		return Size{}, advise(`write 3, or "10%"`, "is neither a whole number of clusters nor a percentage")
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	switch {
	case err != nil:
		return Size{}, fmt.Errorf("is more than %d", math.MaxInt32)
	case isPercent && n > 100:
		return Size{}, errors.New("is more than 100%")
	case isPercent && n == 0:
		return Size{}, advise("a percentage is never rounded down to no cluster; write the number 0 for none", "is no percentage")
	case isPercent:
		return Size{Percent: int(n), IsPercent: true}, nil
	default:
		return Size{Count: int(n)}, nil
	}
}

// Of returns how many of n clusters s means. A percentage rounds down, but
// never to zero while n is not zero; a number is capped at n.
func (s Size) Of(n int) int {
	if n <= 0 {
		return 0
	}
	if s.IsPercent {
		return min(n, max(1, n*s.Percent/100))
	}
	return min(n, max(0, s.Count))
}

// Budget returns how many of n clusters may fail. It is Of, but for what is no
// valid size: an invalid budget means none.
func (s Size) Budget(n int) int {
	if s.IsPercent && (s.Percent < 1 || s.Percent > 100) {
		return 0
	}
	return s.Of(n)
}

// String renders the size as it is written in YAML.
func (s Size) String() string {
	if s.IsPercent {
		return strconv.Itoa(s.Percent) + "%"
	}
	return strconv.Itoa(s.Count)
}

// IsZero reports whether the size is the number 0.
func (s Size) IsZero() bool { return s == Size{} }

// MarshalJSON renders a number, or a string that ends with a percent sign.
func (s Size) MarshalJSON() ([]byte, error) {
	if s.IsPercent {
		return json.Marshal(s.String())
	}
	return json.Marshal(s.Count)
}

// UnmarshalJSON reads what MarshalJSON has written.
func (s *Size) UnmarshalJSON(data []byte) error {
	text := string(bytes.TrimSpace(data))
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(data, &text); err != nil {
			return fmt.Errorf("parse size: %w", err)
		}
		if !strings.HasSuffix(text, "%") {
			return fmt.Errorf("parse size %s: a number of clusters has no quotes", quote(text))
		}
	}
	size, err := ParseSize(text)
	if err != nil {
		return err
	}
	*s = size
	return nil
}
