package fleet

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const someDigest = "@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestVersionsThatAreNone(t *testing.T) {
	for s, want := range map[string]string{
		"":                                    "the tag is empty",
		"@sha256:abc":                         "the tag is empty",
		"7.6.1+build.4":                       "character 6 is +, which an image tag cannot have",
		"kafka:7.6.1":                         "character 6 is a colon; write the tag alone",
		".7":                                  "character 1 is '.'",
		"-7":                                  "character 1 is '-'",
		"7.6.1 ":                              "character 6 is a space",
		"7.6.\u0661":                          "U+0661",
		"7.6\u200b.1":                         "the invisible character U+200B",
		strings.Repeat("7", 129):              "129 characters long",
		"7.6.1@":                              "does not begin with sha256:",
		"7.6.1@md5:abc":                       "does not begin with sha256:",
		"7.6.1@sha256:abc":                    "has 3 characters after sha256:, but needs 64",
		"7.6.1" + strings.ToUpper(someDigest): "does not begin with sha256:",
		"7.6.1@sha256:" + strings.Repeat("G", 64): "character 1 of the digest is 'G'",
		"7.6.1" + someDigest + someDigest:         "but needs 64",
	} {
		if _, err := ParseVersion(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseVersion(%q): want an error with %q, got %v", s, want, err)
		}
	}
}

func TestTheOrderOfVersions(t *testing.T) {
	// Each is older than the next.
	ladder := []string{
		"0.29.0", "v1.2", "1.2.1", "1.10.0", "7.6.0", "7.6.1-2", "7.6.1-11", "7.6.1-alpha", "7.6.1-alpha.1", "7.6.1-alpha.beta",
		"7.6.1-ccs", "7.6.1-rc.2", "7.6.1-rc.10", "7.6.1", "7.6.1.1", "7.6.2-ccs", "7.7.0", "2026.01.15", "20260115",
	}
	for i, a := range ladder {
		for j, b := range ladder {
			got, ok := Version{Tag: a}.Compare(Version{Tag: b})
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if !ok || got != want {
				t.Errorf("%s to %s: got %d %v, want %d", a, b, got, ok, want)
			}
		}
	}
	for _, equal := range [][2]string{{"v7.6.1", "7.6.1"}, {"1.2", "1.2.0"}, {"latest", "latest"}, {"1.0.0-01", "1.0.0-1"}} {
		if got, ok := (Version{Tag: equal[0]}).Compare(Version{Tag: equal[1]}); got != 0 || !ok {
			t.Errorf("%s and %s: got %d %v", equal[0], equal[1], got, ok)
		}
	}
	for _, tag := range []string{"latest", "main-3f2a", "1.2.x", "1..2", "1.2.3.4.5", "7.6.1-", "7.6.1-a..b", "7.6.1_2", "v", "18446744073709551616.0.0", ""} {
		if got, ok := (Version{Tag: tag}).Compare(Version{Tag: "7.6.1"}); ok {
			t.Errorf("%q is ordered: %d", tag, got)
		}
	}
}

func TestWhichVersionChangesAPolicyAllows(t *testing.T) {
	skip := func(n int) *int { return &n }
	type step struct{ from, to string }
	for name, c := range map[string]struct {
		policy VersionPolicy
		step   step
		want   string // "" when it is allowed
	}{
		"a patch":                {VersionPolicy{MaxMinorSkip: skip(0)}, step{"7.6.0", "7.6.1"}, ""},
		"the next minor version": {VersionPolicy{MaxMinorSkip: skip(1)}, step{"7.5.3", "7.6.1"}, ""},
		"a minor version, where none may be moved":    {VersionPolicy{MaxMinorSkip: skip(0)}, step{"7.5.3", "7.6.1"}, "changes by 1, and maxMinorSkip is 0"},
		"two minor versions at once":                  {VersionPolicy{MaxMinorSkip: skip(1)}, step{"7.5.3", "7.7.0"}, "changes by 2, and maxMinorSkip is 1"},
		"a major version under a bound":               {VersionPolicy{MaxMinorSkip: skip(9)}, step{"7.6.1", "8.0.0"}, "changes the major version"},
		"a major version without a bound":             {VersionPolicy{}, step{"7.6.1", "8.0.0"}, ""},
		"an older version":                            {VersionPolicy{Downgrade: DowngradeDeny}, step{"7.6.1", "7.6.0"}, "7.6.0 is older than 7.6.1"},
		"an older version, when nothing is said":      {VersionPolicy{}, step{"7.6.1", "7.6.0"}, "7.6.0 is older than 7.6.1"},
		"an older version that is allowed":            {VersionPolicy{Downgrade: DowngradeAllow}, step{"7.6.1", "7.6.0"}, ""},
		"an allowed downgrade over too many versions": {VersionPolicy{Downgrade: DowngradeAllow, MaxMinorSkip: skip(1)}, step{"7.6.1", "7.4.0"}, "changes by 2"},
		"from a release to its candidate":             {VersionPolicy{}, step{"7.6.1", "7.6.1-rc.1"}, "is older than"},
		"to a tag that says nothing":                  {VersionPolicy{}, step{"7.6.1", "latest"}, "7.6.1 and latest cannot be ordered"},
		"from a tag that says nothing":                {VersionPolicy{Downgrade: DowngradeAllow, MaxMinorSkip: skip(1)}, step{"latest", "7.6.1"}, "cannot be ordered"},
		"to such a tag, without any policy":           {VersionPolicy{Downgrade: DowngradeAllow}, step{"7.6.1", "latest"}, ""},
		"the same tag that says nothing":              {VersionPolicy{MaxMinorSkip: skip(0)}, step{"latest", "latest"}, ""},
		"the same tag with a digest":                  {VersionPolicy{MaxMinorSkip: skip(0)}, step{"7.6.1", "7.6.1" + someDigest}, ""},
		"from a version that is not known":            {VersionPolicy{}, step{"", "7.6.1"}, "the version it runs is not known"},
		"to no version":                               {VersionPolicy{Downgrade: DowngradeAllow}, step{"7.6.1", ""}, "there is no version to go to"},
		"an invalid bound, which means none":          {VersionPolicy{MaxMinorSkip: skip(-1)}, step{"7.6.0", "7.6.1"}, "maxMinorSkip is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			var from, to Version
			if err := from.UnmarshalText([]byte(c.step.from)); err != nil {
				t.Fatal(err)
			}
			if err := to.UnmarshalText([]byte(c.step.to)); err != nil {
				t.Fatal(err)
			}
			got := c.policy.Check(from, to)
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestVersionsThatCanBeOrderedHaveATotalOrder(t *testing.T) {
	tag := rapid.StringMatching(`v?[0-9]{1,2}(\.[0-9]{1,2}){0,3}(-[0-9a-z]{1,2}(\.[0-9a-z]{1,2}){0,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := Version{Tag: tag.Draw(t, "a")}, Version{Tag: tag.Draw(t, "b")}, Version{Tag: tag.Draw(t, "c")}
		ab, ok1 := a.Compare(b)
		ba, ok2 := b.Compare(a)
		bc, ok3 := b.Compare(c)
		ac, ok4 := a.Compare(c)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			t.Fatalf("%s, %s and %s cannot be ordered", a, b, c)
		}
		if ab != -ba {
			t.Fatalf("%s to %s is %d, and back %d", a, b, ab, ba)
		}
		if ab <= 0 && bc <= 0 && ac > 0 || ab == 0 && ac != bc {
			t.Fatalf("%s, %s, %s: %d, %d, %d", a, b, c, ab, bc, ac)
		}
	})
}
