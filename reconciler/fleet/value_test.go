package fleet

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurations(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"45m": 45 * time.Minute, "7d": 7 * 24 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0, "1.5h": 90 * time.Minute, "106751d": 106751 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(s); err != nil || time.Duration(got) != want {
			t.Errorf("%s: got %s, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"": "is empty", "30": "write it as 30s, 30m or 30h", "-2h": "is negative", "1d-2h": "is negative", "2 hours": "is no length of time", "d": "is no length of time",
		"1.5d": "is no length of time", "1h2d": "is no length of time", "106752d": "is too long", "99999999999999999999d": "is too long", "106751d24h": "is too long", "2562048h": "no length of time", "NaN": "no length",
	} {
		if _, err := ParseDuration(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", s, want, err)
		}
	}
}

func TestDurationsSurviveAsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "d"))
		if back, err := ParseDuration(d.String()); err != nil || back != d {
			t.Fatalf("%d as %s is %d, %v", d, d, back, err)
		}
	})
}

func TestSizes(t *testing.T) {
	for s, want := range map[string]Size{"3": {Count: 3}, "0": {}, "10%": {Percent: 10, IsPercent: true}, "100%": {Percent: 100, IsPercent: true}} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"": "neither", "%": "neither", "NaN": "neither", "1.5": "neither", "-1": "is negative", "-10%": "is negative", "0%": "is no percentage", "101%": "more than 100%",
		"2147483648": "more than 2147483647", "99999999999999999999%": "more than 2147483647", "1e3": "neither", "٣": "neither",
	} {
		if _, err := ParseSize(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", s, want, err)
		}
	}
	for _, bad := range []string{`"3"`, `null`, `true`, `1.5`, `{}`, `"10%`} {
		if err := new(Size).UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestAPercentageRoundsDownButNeverToNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Size{Percent: rapid.IntRange(1, 100).Draw(t, "percent"), IsPercent: true}
		n := rapid.IntRange(0, 1_000_000).Draw(t, "n")
		got := s.Of(n)
		if n == 0 && got != 0 || n > 0 && (got < 1 || got > n || (got > 1 && got*100 > n*s.Percent)) {
			t.Fatalf("%s of %d is %d", s, n, got)
		}
	})
}

func TestMoments(t *testing.T) {
	for s, want := range map[string]string{
		"2026-12-15":                     "2026-12-15T00:00:00Z",
		"2026-12-15T12:00":               "2026-12-15T12:00:00Z",
		"2026-12-15T12:00:30":            "2026-12-15T12:00:30Z",
		"2026-12-15T12:00:30+01:00":      "2026-12-15T11:00:30Z",
		"2026-12-15T12:00-05:00":         "2026-12-15T17:00:00Z",
		"2026-12-15T12:00:00.123456789Z": "2026-12-15T12:00:00.123456789Z",
	} {
		got, err := ParseMoment(s)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %s, %v", s, got, err)
		}
		var back Moment
		data, err := json.Marshal(got)
		if err != nil || json.Unmarshal(data, &back) != nil || back != got {
			t.Errorf("%s as %s is %s, %v", s, data, back, err)
		}
	}
	for _, bad := range []string{"", "tomorrow", "2026-02-30", "15.12.2026", "12/15/2026", "2026-12-15 12:00", "2026-12-15T25:00", "0001-01-01", "9999-12-31"} {
		if got, err := ParseMoment(bad); err == nil {
			t.Errorf("%q was accepted as %s", bad, got)
		}
	}
}

func TestStagesAsJSON(t *testing.T) {
	for _, s := range []string{`"canary"`, `["prod-us","prod-eu"]`} {
		var stage Stage
		if err := json.Unmarshal([]byte(s), &stage); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(stage); err != nil || string(got) != s {
			t.Errorf("%s came back as %s, %v", s, got, err)
		}
	}
	if json.Unmarshal([]byte(`{"a": 1}`), new(Stage)) == nil {
		t.Error("a map was accepted as a stage")
	}
}

func TestAnInvalidBudgetMeansNone(t *testing.T) {
	for _, tt := range []struct {
		name string
		size Size
		of   int
		want int
	}{
		{"none", Size{}, 100, 0},
		{"a number", Size{Count: 2}, 100, 2},
		{"a number of more clusters than there are", Size{Count: 5}, 3, 3},
		{"a negative number", Size{Count: -1}, 100, 0},
		{"a percentage rounds down", Size{IsPercent: true, Percent: 5}, 59, 2},
		{"but never to zero", Size{IsPercent: true, Percent: 5}, 3, 1},
		{"of no clusters it is none", Size{IsPercent: true, Percent: 50}, 0, 0},
		{"nought percent is no percentage", Size{IsPercent: true}, 100, 0},
		{"nor is a negative one", Size{IsPercent: true, Percent: -5}, 100, 0},
		{"nor more than all", Size{IsPercent: true, Percent: 101}, 100, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.size.Budget(tt.of); got != tt.want {
				t.Errorf("%+v of %d clusters allows %d failures, want %d", tt.size, tt.of, got, tt.want)
			}
		})
	}
}
