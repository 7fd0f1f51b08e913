package approver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func privatePEM(t testing.TB, key any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func rsaKey(t testing.TB) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return privatePEM(t, key)
}

func ecdsaKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return privatePEM(t, key)
}

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVdTyTNgLt8nMCIGKrWJk1Vu0gKRKzC7yJZMzMjbXnR"

func TestALineOfAllowedSigners(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, tt := range []struct {
		name, line string
		principals []string
		namespaces []string
		after      string
		until      string
	}{
		{"names one person", "ada@example.com " + aKey, []string{"ada@example.com"}, nil, "", ""},
		{"names several", "ada@example.com,!bob@*,*@example.com\t" + aKey + " a comment", []string{"ada@example.com", "!bob@*", "*@example.com"}, nil, "", ""},
		{"has principals in quotes", `"ada@example.com, bob@example.com" ` + aKey, []string{"ada@example.com", "bob@example.com"}, nil, "", ""},
		{"has all options", `ada@example.com namespaces="git,file",valid-after="20260101Z",valid-before="202701011530Z" ` + aKey, []string{"ada@example.com"}, []string{"git", "file"}, "2026-01-01T00:00:00Z", "2027-01-01T15:30:00Z"},
		{"has times of the machine's zone", `ada@example.com Valid-After="20260101" ` + aKey, []string{"ada@example.com"}, nil, "2026-01-01T00:00:00+01:00", ""},
		{"has a time with seconds", `ada@example.com valid-after="20260101123456Z" ` + aKey, []string{"ada@example.com"}, nil, "2026-01-01T12:34:56Z", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSigners("f", []byte("# team\r\n\r\n"+tt.line+"\r\n"), berlin)
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			s := got[0]
			if !slices.Equal(s.principals, tt.principals) || !slices.Equal(s.namespaces, tt.namespaces) {
				t.Errorf("principals %q, namespaces %q", s.principals, s.namespaces)
			}
			show := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				return at.Format(time.RFC3339)
			}
			if show(s.after) != tt.after || show(s.until) != tt.until {
				t.Errorf("from %s until %s", show(s.after), show(s.until))
			}
		})
	}
}

func TestALineOfAllowedSignersThatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"only a name", "ada@example.com", "only one field"},
		{"only a key", aKey, "no public key after the principals"},
		{"an empty principal", "ada@example.com,, " + aKey, "empty one"},
		{"a lone exclamation mark", "! " + aKey, "empty one"},
		{"an open quote", `"ada@example.com ` + aKey, "quote is not closed"},
		{"an authority", "ada@example.com cert-authority " + aKey, "authorities are not supported"},
		{"an unknown option", "ada@example.com no-touch " + aKey, `"no-touch" is unknown`},
		{"an option twice", `ada@example.com valid-after="20260101Z",VALID-AFTER="20250101Z" ` + aKey, "given twice"},
		{"a namespace without quotes", "ada@example.com namespaces=git " + aKey, "value in quotes"},
		{"a namespace without a value", `ada@example.com namespaces="" ` + aKey, "value in quotes"},
		{"an option without a value", "ada@example.com valid-before " + aKey, "value in quotes"},
		{"a date that is none", `ada@example.com valid-before="20260230Z" ` + aKey, `"20260230Z" is no time`},
		{"a date in another form", `ada@example.com valid-before="2026-02-03" ` + aKey, "is no time"},
		{"never", `ada@example.com valid-after="20270101Z",valid-before="20260101Z" ` + aKey, "would never count"},
		{"two keys of which one is cut off", "ada@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVd", "no public key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSigners("signers", []byte("\n"+tt.line+"\n"), time.UTC)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "signers:2: ") {
				t.Errorf("got %v, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// slow matches by trying everything.
func slow(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return slow(pattern[1:], s) || (s != "" && slow(pattern, s[1:]))
	default:
		return s != "" && (pattern[0] == '?' || pattern[0] == s[0]) && slow(pattern[1:], s[1:])
	}
}

func TestWildcardsMatchWhatTryingEverythingMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "text")
		if got, want := wildcard(pattern, s), slow(pattern, s); got != want {
			t.Fatalf("%q on %q: %v, want %v", pattern, s, got, want)
		}
	})
}

func FuzzAllowedSigners(f *testing.F) {
	f.Add("ada@example.com " + aKey)
	f.Add(`"a,b" namespaces="git",valid-after="20260101Z",valid-before="20270101" ` + aKey + " x\n#\n\nb " + aKey)
	f.Add("!a*?,* cert-authority " + aKey)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseSigners("f", []byte(text), time.UTC)
		if err != nil {
			if len(got) != 0 || !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		for _, s := range got {
			if s.key == nil || len(s.principals) == 0 || slices.Contains(s.principals, "") {
				t.Fatalf("%q gives a signer without a key or a name: %+v", text, s)
			}
			if !s.after.IsZero() && !s.until.IsZero() && !s.after.Before(s.until) {
				t.Fatalf("%q gives a signer that never counts: %+v", text, s)
			}
		}
		if n := len(got); n > strings.Count(text, "\n")+1 {
			t.Fatalf("%q gives %d signers", text, n)
		}
	})
}

// FuzzSignature makes sure that no signature that somebody pushes ends the
// program, and that none but the right one is good.
func FuzzSignature(f *testing.F) {
	key := newSSHKey(f)
	pgp := newPGPKey(f, "ada@example.com", noon().Add(-24*time.Hour), 0)
	s := allowing(f, "ada@example.com "+key.line(), public(f, pgp))
	f.Add(key.sign(f, commitBy("ada@example.com"), "file").Signature)
	f.Add(signPGP(f, pgp, commitBy("bob@example.com"), noon(), 0).Signature)
	f.Fuzz(func(t *testing.T, signature string) {
		c := commitBy("ada@example.com")
		c.Signature = signature
		if e := judged(t, s, c); e.Verdict != admission.Refused {
			t.Fatalf("%q is %+v", signature, e)
		}
	})
}
