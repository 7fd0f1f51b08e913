package approver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestAnyApprovesWhatIsOnTheBranch(t *testing.T) {
	e, err := Any{}.Approve(t.Context(), commitBy("ada@example.com"), fleet.Approvals{Required: 2})
	if err != nil || e.Verdict != admission.Approved || e.Reason == "" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestACommitWithoutAUsefulSignatureIsRefused(t *testing.T) {
	s := allowing(t, "ada@example.com "+newSSHKey(t).line(), "")
	for _, tt := range []struct{ name, signature, want string }{
		{"no signature", "", "it is not signed"},
		{"a certificate of X.509", "-----BEGIN SIGNED MESSAGE-----\nMIIB\n-----END SIGNED MESSAGE-----\n", "not supported"},
		{"text before a signature", "x\n-----BEGIN SSH SIGNATURE-----\n", "not supported"},
		{"much too long", "-----BEGIN SSH SIGNATURE-----\n" + strings.Repeat("A", 1<<20), "which no signature needs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := commitBy("ada@example.com")
			c.Signature = tt.signature
			mustBe(t, judged(t, s, c), tt.want)
		})
	}
}

func TestOneSignatureIsOneApproval(t *testing.T) {
	key := newSSHKey(t)
	s := allowing(t, "ada@example.com "+key.line(), "")
	c := key.sign(t, commitBy("ada@example.com"), "git")
	for required, refusal := range map[int][]string{0: nil, 1: nil, 2: {"2 approvals are required"}} {
		e, err := s.Approve(t.Context(), c, fleet.Approvals{Required: required, By: []string{"team:acme/kafka-sre"}})
		if err != nil {
			t.Fatal(err)
		}
		mustBe(t, e, refusal...)
	}
	unsigned := commitBy("ada@example.com")
	if e, err := s.Approve(t.Context(), unsigned, fleet.Approvals{}); err != nil || e.Verdict != admission.Refused {
		t.Errorf("a policy without approvals does not do away with the signature: %+v, %v", e, err)
	}
}

func TestKeysCountFromTheMomentTheyAreInTheFile(t *testing.T) {
	key := newSSHKey(t)
	path := file(t, "bob@example.com "+newSSHKey(t).line())
	s, err := NewSigned(SignedConfig{AllowedSigners: path, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	c := key.sign(t, commitBy("ada@example.com"), "git")
	mustBe(t, judged(t, s, c), "not among the allowed keys")

	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("ada@example.com " + key.line())
	mustBe(t, judged(t, s, c))

	// What the keys are is unknown now, which is not the same as what they were.
	for _, broken := range []string{"ada@example.com", "# nobody\n"} {
		write(broken)
		if e, err := s.Approve(t.Context(), c, fleet.Approvals{}); err == nil || e.Verdict != admission.Unknown {
			t.Errorf("after %q: %+v, %v", broken, e, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Approve(t.Context(), c, fleet.Approvals{}); err == nil || e.Verdict != admission.Unknown {
		t.Errorf("without the file: %+v, %v", e, err)
	}

	write("bob@example.com " + newSSHKey(t).line())
	mustBe(t, judged(t, s, c), "not among the allowed keys")
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	key := newPGPKey(t, "ada@example.com", noon().Add(-24*time.Hour), 0)
	private := strings.Replace(public(t, key), openpgp.PublicKeyType, openpgp.PrivateKeyType, 2)
	message := strings.Replace(public(t, key), openpgp.PublicKeyType, "PGP MESSAGE", 2)
	missing := filepath.Join(t.TempDir(), "missing")
	for _, tt := range []struct {
		name string
		cfg  SignedConfig
		want string
	}{
		{"no clock", SignedConfig{AllowedSigners: file(t, "ada@example.com "+newSSHKey(t).line())}, "no clock"},
		{"no files", SignedConfig{Now: noon}, "no file"},
		{"no such signers", SignedConfig{Now: noon, AllowedSigners: missing}, missing},
		{"no such keys", SignedConfig{Now: noon, AllowedKeys: []string{missing}}, missing},
		{"nobody", SignedConfig{Now: noon, AllowedSigners: file(t, "# nobody yet\n\n")}, "no key is allowed"},
		{"a bad line", SignedConfig{Now: noon, AllowedSigners: file(t, "# the team\nada@example.com ssh-ed25519 AAAA\n")}, ":2: there is no public key"},
		{"text instead of keys", SignedConfig{Now: noon, AllowedKeys: []string{file(t, "hello")}}, "no armored OpenPGP public key"},
		{"a private key", SignedConfig{Now: noon, AllowedKeys: []string{file(t, private)}}, "private key"},
		{"a message", SignedConfig{Now: noon, AllowedKeys: []string{file(t, public(t, key)+message)}}, `block 2 is a "PGP MESSAGE"`},
		{"a key that is cut off", SignedConfig{Now: noon, AllowedKeys: []string{file(t, public(t, key)[:200])}}, "block 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewSigned(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
