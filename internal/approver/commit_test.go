package approver

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// noon is when commits are judged.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// commitBy returns an unsigned commit of a committer.
func commitBy(email string) admission.Commit {
	return admission.Commit{
		SHA:       strings.Repeat("c0ffee00", 5),
		Committer: admission.Person{Name: "Ada", Email: email},
		Payload: []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
			"author Ada <ada@example.com> 1795521600 +0000\ncommitter Ada <" + email + "> 1795521600 +0000\n\nkafka 7.6.1 to canary\n"),
	}
}

// sshKey is a private key and what an allowed_signers file says of it.
type sshKey struct {
	ssh.Signer
	private ed25519.PrivateKey
}

func newSSHKey(t testing.TB) sshKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return sshKey{signer, private}
}

// line is the public key as authorized_keys and allowed_signers have it.
func (k sshKey) line() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.PublicKey())))
}

// save writes the private key for ssh-keygen and returns its path.
func (k sshKey) save(t testing.TB) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(k.private, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sign signs a commit as git does, for a namespace.
func (k sshKey) sign(t testing.TB, c admission.Commit, namespace string) admission.Commit {
	t.Helper()
	sig, err := sshsig.Sign(bytes.NewReader(c.Payload), k.Signer, sshsig.HashSHA512, namespace)
	if err != nil {
		t.Fatal(err)
	}
	c.Signature = string(sshsig.Armor(sig))
	return c
}

// newPGPKey makes a key at a time that lasts so long; 0 for ever.
func newPGPKey(t testing.TB, email string, at time.Time, lasts time.Duration) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Ada", "", email, &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return at }, KeyLifetimeSecs: uint32(lasts.Seconds()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// public returns the armored public key.
func public(t testing.TB, e *openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// signPGP signs a commit at a time.
func signPGP(t testing.TB, e *openpgp.Entity, c admission.Commit, at time.Time, hash crypto.Hash) admission.Commit {
	t.Helper()
	var out bytes.Buffer
	err := openpgp.ArmoredDetachSign(&out, e, bytes.NewReader(c.Payload), &packet.Config{
		DefaultHash: hash, Time: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Signature = out.String()
	return c
}

// file writes a file for one test.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// allowing returns an approver with these texts as its files; none where a text
// is empty.
func allowing(t testing.TB, signers, keys string) *Signed {
	t.Helper()
	cfg := SignedConfig{Now: noon}
	if signers != "" {
		cfg.AllowedSigners = file(t, signers)
	}
	if keys != "" {
		cfg.AllowedKeys = []string{file(t, keys)}
	}
	s, err := NewSigned(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judged approves a commit by the policy of one approval.
func judged(t testing.TB, s *Signed, c admission.Commit) admission.Evidence {
	t.Helper()
	e, err := s.Approve(t.Context(), c, fleet.Approvals{Required: 1})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// mustBe fails unless a commit is approved (reason empty) or refused for a
// reason that says all of the parts.
func mustBe(t testing.TB, e admission.Evidence, refusal ...string) {
	t.Helper()
	if len(refusal) == 0 {
		if e.Verdict != admission.Approved || len(e.By) != 1 {
			t.Errorf("want it approved, got %+v", e)
		}
		return
	}
	if e.Verdict != admission.Refused || len(e.By) != 0 {
		t.Errorf("want it refused, got %+v", e)
	}
	for _, part := range refusal {
		if !strings.Contains(e.Reason, part) {
			t.Errorf("the reason %q does not say %q", e.Reason, part)
		}
	}
}
