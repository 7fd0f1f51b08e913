package plan

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatLooksLikeTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		firing, touched           int
		othersFiring, fresh, rest int
		environment               bool
	}{
		{name: "nothing to compare with", firing: 1, touched: 1},
		{name: "the only untouched cluster fires as well: it may have trouble of its own", firing: 1, touched: 1, othersFiring: 1, fresh: 1, rest: 1},
		{name: "both of two untouched ones fire", firing: 1, touched: 1, othersFiring: 2, fresh: 2, rest: 2, environment: true},
		{name: "two of three, and the only touched one", firing: 1, touched: 1, othersFiring: 2, fresh: 2, rest: 3},
		{name: "two of three, and one of two touched ones", firing: 1, touched: 2, othersFiring: 2, fresh: 2, rest: 3, environment: true},
		{name: "no untouched one of 200", firing: 1, touched: 1, rest: 200},
		{name: "two of 200: stray alerts", firing: 1, touched: 1, othersFiring: 2, fresh: 2, rest: 200},
		{name: "30 of 200, and the only touched one", firing: 1, touched: 1, othersFiring: 30, fresh: 30, rest: 200, environment: true},
		{name: "30 of 200 that have fired since long before", firing: 1, touched: 1, othersFiring: 30, rest: 200},
		{name: "30 of 200, and both touched ones", firing: 2, touched: 2, othersFiring: 30, fresh: 30, rest: 200},
		{name: "30 of 200, and 3 of 10 touched ones", firing: 3, touched: 10, othersFiring: 30, fresh: 30, rest: 200, environment: true},
		{name: "30 of 200, and 6 of 10 touched ones", firing: 6, touched: 10, othersFiring: 30, fresh: 30, rest: 200},
		{name: "two of ten are too few to tell an outage", firing: 1, touched: 1, othersFiring: 2, fresh: 2, rest: 10},
		{name: "a monitor that is blind to the touched ones", othersFiring: 200, fresh: 200, rest: 200},
		{name: "everything fires", firing: 10, touched: 10, othersFiring: 200, rest: 200, environment: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Evidence{Touched: tt.touched, TouchedFiring: tt.firing, Untouched: tt.rest, UntouchedFiring: tt.othersFiring, UntouchedNew: tt.fresh}
			if got := e.looksLikeEnvironment(); got != tt.environment {
				t.Errorf("looks like the environment: %v, want %v", got, tt.environment)
			}
		})
	}
}

// More touched clusters that fire never excuse a version, and more untouched ones
// that begin to fire never accuse it.
func TestMoreEvidenceNeverArguesForTheOtherSide(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "touched")
		m := rapid.IntRange(1, 300).Draw(rt, "untouched")
		e := Evidence{Touched: n, Untouched: m, TouchedFiring: rapid.IntRange(1, n).Draw(rt, "firing")}
		e.UntouchedFiring = rapid.IntRange(0, m).Draw(rt, "others firing")
		e.UntouchedNew = rapid.IntRange(0, e.UntouchedFiring).Draw(rt, "of these new")
		before := e.looksLikeEnvironment()
		if worse := e; e.TouchedFiring < n {
			worse.TouchedFiring++
			if !before && worse.looksLikeEnvironment() {
				rt.Errorf("%+v is charged, and with one more touched cluster that fires it is not", e)
			}
		}
		if milder := e; e.UntouchedFiring < m {
			milder.UntouchedFiring++
			milder.UntouchedNew++
			if before && !milder.looksLikeEnvironment() {
				rt.Errorf("%+v is the environment, and with one more untouched cluster that begins to fire it is not", e)
			}
		}
	})
}

func TestChanceIsAProbability(t *testing.T) {
	for _, tt := range []struct {
		a, n, b, m int
		want       float64
	}{
		{1, 1, 0, 19, 1.0 / 20},
		{1, 1, 30, 200, 31.0 / 201},
		{2, 2, 30, 200, 32.0 * 31 / (202 * 201)},
		{0, 5, 3, 10, 1},
		{3, 3, 2, 10, 10.0 / 286},
	} {
		if got := chance(tt.a, tt.n, tt.b, tt.m); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("chance(%d of %d, %d of %d) = %v, want %v", tt.a, tt.n, tt.b, tt.m, got, tt.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		n, m := rapid.IntRange(1, 2000).Draw(rt, "n"), rapid.IntRange(1, 100_000).Draw(rt, "m")
		a, b := rapid.IntRange(0, n).Draw(rt, "a"), rapid.IntRange(0, m).Draw(rt, "b")
		if p := chance(a, n, b, m); math.IsNaN(p) || p < 0 || p > 1+1e-6 {
			rt.Errorf("chance(%d, %d, %d, %d) = %v", a, n, b, m, p)
		}
	})
}
