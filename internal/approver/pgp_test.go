package approver

import (
	"bytes"
	"crypto"
	"fmt"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func TestACommitSignedWithOpenPGP(t *testing.T) {
	const ada = "ada@example.com"
	yesterday, hourAgo := noon().Add(-24*time.Hour), noon().Add(-time.Hour)
	for _, tt := range []struct {
		name      string
		committer string
		// key returns the key that signs, and the armored keys that are allowed.
		key     func(t *testing.T) (*openpgp.Entity, string)
		at      time.Time
		refusal []string
	}{
		{"is approved when the key is allowed", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 0)
			return k, public(t, k)
		}, hourAgo, nil},
		{"is approved whatever the case of the address", "ADA@example.com", func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 0)
			return k, public(t, k)
		}, hourAgo, nil},
		{"is approved by the second key of a file", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 0)
			return k, public(t, newPGPKey(t, "bob@example.com", yesterday, 0)) + "and that of Ada\n" + public(t, k)
		}, hourAgo, nil},
		{"is approved by a subkey for signing", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 0)
			if err := k.AddSigningSubkey(&packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return yesterday }}); err != nil {
				t.Fatal(err)
			}
			return k, public(t, k)
		}, hourAgo, nil},
		{"is approved while the key lasts", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 48*time.Hour)
			return k, public(t, k)
		}, hourAgo, nil},

		{"is refused when the key is not known", ada, func(t *testing.T) (*openpgp.Entity, string) {
			return newPGPKey(t, ada, yesterday, 0), public(t, newPGPKey(t, ada, yesterday, 0))
		}, hourAgo, []string{"not among the allowed keys", "OpenPGP key", "add its public key"}},
		{"is refused when the key belongs to somebody else", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, "bob@example.com", yesterday, 0)
			return k, public(t, k)
		}, hourAgo, []string{`"ada@example.com"`, "not an identity", "bob@example.com"}},
		{"is refused when the key has expired since", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 23*time.Hour+59*time.Minute)
			return k, public(t, k)
		}, hourAgo, []string{"has expired", "renew it"}},
		{"is refused when the key was revoked", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k, before := newPGPKey(t, ada, yesterday, 0), newPGPKey(t, ada, yesterday, 0)
			*before = *k
			if err := k.RevokeKey(packet.KeyCompromised, "lost", &packet.Config{Time: func() time.Time { return hourAgo }}); err != nil {
				t.Fatal(err)
			}
			allowed := public(t, k)
			before.Revocations = nil // whoever has the key does not say so
			return before, allowed
		}, hourAgo, []string{"was revoked"}},
		{"is refused when it comes from a time to come", ada, func(t *testing.T) (*openpgp.Entity, string) {
			k := newPGPKey(t, ada, yesterday, 0)
			return k, public(t, k)
		}, noon().Add(time.Hour), []string{"2026-11-24T13:00:00Z", "still to come", "clock"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, allowed := tt.key(t)
			c := signPGP(t, key, commitBy(tt.committer), tt.at, crypto.SHA256)
			e := judged(t, allowing(t, "", allowed), c)
			mustBe(t, e, tt.refusal...)
			if name := fmt.Sprintf("%X", key.PrimaryKey.Fingerprint); tt.refusal == nil && !bytes.Contains([]byte(e.Reason), []byte(name)) {
				t.Errorf("the reason %q does not name the key %s", e.Reason, name)
			}
		})
	}
}

func TestAnOpenPGPSignatureThatIsNotRight(t *testing.T) {
	key := newPGPKey(t, "ada@example.com", noon().Add(-24*time.Hour), 0)
	s := allowing(t, "", public(t, key))
	good := signPGP(t, key, commitBy("ada@example.com"), noon().Add(-time.Hour), crypto.SHA256)
	with := func(signature string) admission.Commit {
		c := good
		c.Signature = signature
		return c
	}
	tampered := good
	tampered.Payload = bytes.Replace(tampered.Payload, []byte("7.6.1"), []byte("7.6.0"), 1)
	for _, tt := range []struct {
		name   string
		commit admission.Commit
		want   string
	}{
		{"is of another text", tampered, "is not valid"},
		{"is cut off", with(good.Signature[:len(good.Signature)/2]), "not valid"},
		{"is nothing but a frame", with("-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"), "cannot be read"},
		{"is a key", with("-----BEGIN PGP SIGNATURE-----" + public(t, key)[len("-----BEGIN PGP PUBLIC KEY BLOCK-----"):]), "not valid"},
	} {
		t.Run(tt.name, func(t *testing.T) { mustBe(t, judged(t, s, tt.commit), tt.want) })
	}
}

func TestAnAddressThatIsRevokedIsNoIdentityOfTheKey(t *testing.T) {
	const old = "ada@old.example.com"
	yesterday := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return noon().Add(-24 * time.Hour) }}
	key := newPGPKey(t, "ada@example.com", yesterday.Now(), 0)
	if err := key.AddUserId("Ada", "", old, yesterday); err != nil {
		t.Fatal(err)
	}
	c := signPGP(t, key, commitBy(old), noon(), crypto.SHA256)
	mustBe(t, judged(t, allowing(t, "", public(t, key)), c))

	id := key.Identities["Ada <"+old+">"]
	left := packet.UserIDNotValid
	revocation := &packet.Signature{
		Version: key.PrimaryKey.Version, SigType: packet.SigTypeCertificationRevocation, PubKeyAlgo: key.PrimaryKey.PubKeyAlgo,
		Hash: crypto.SHA256, CreationTime: noon().Add(-time.Hour), IssuerKeyId: &key.PrimaryKey.KeyId, RevocationReason: &left,
	}
	if err := revocation.SignUserId(id.UserId.Id, key.PrimaryKey, key.PrivateKey, yesterday); err != nil {
		t.Fatal(err)
	}
	id.Signatures = append(id.Signatures, revocation)
	mustBe(t, judged(t, allowing(t, "", public(t, key)), c), `"`+old+`"`, "not an identity", "belongs to ada@example.com;")
}
