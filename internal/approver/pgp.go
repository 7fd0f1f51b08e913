package approver

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func (j *judge) pgp(c *admission.Commit) admission.Evidence {
	block, err := armor.Decode(strings.NewReader(c.Signature))
	if err != nil {
		return refuse("its OpenPGP signature cannot be read: %v", err)
	}
	config := &packet.Config{Time: func() time.Time { return j.now }}
	sig, entity, err := openpgp.VerifyDetachedSignature(j.keys.pgp, bytes.NewReader(c.Payload), block.Body, config)
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return j.noIssuer(c.Signature)
	case sig == nil || entity == nil:
		return refuse("its OpenPGP signature is not valid: %v", orUnreadable(err))
	}
	key := keyName(entity)
	switch {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return refuse("OpenPGP key %s, which signed it, was revoked", key)
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired):
		return refuse("%s", j.outOfTime(sig, key))
	case err != nil:
		return refuse("its OpenPGP signature by key %s is not valid: %v", key, err)
	case !slices.Contains(strongHashes(), sig.Hash):
		return refuse("its OpenPGP signature by key %s is made with %v, which can be forged; sign it with SHA-256 or better", key, sig.Hash)
	}
	emails := identities(entity, j.now)
	if !slices.ContainsFunc(emails, func(e string) bool { return fold(e) == fold(c.Committer.Email) }) {
		return stranger(c, key, emails)
	}
	return approve(c, "OpenPGP", key)
}

// noIssuer refuses a signature that none of the allowed keys could have made.
func (j *judge) noIssuer(signature string) admission.Evidence {
	sig, err := firstSignature(signature)
	if err != nil {
		return refuse("its OpenPGP signature cannot be read: %v", err)
	}
	name := fmt.Sprintf("%016X", *sig.IssuerKeyId)
	if len(j.keys.pgp.KeysById(*sig.IssuerKeyId)) > 0 {
		return refuse("OpenPGP key %s, which signed it, is not one for signing", name)
	}
	if len(sig.IssuerFingerprint) > 0 {
		name = fmt.Sprintf("%X", sig.IssuerFingerprint)
	}
	return j.unknown("OpenPGP", name)
}

func firstSignature(armored string) (*packet.Signature, error) {
	block, err := armor.Decode(strings.NewReader(armored))
	if err != nil {
		return nil, err
	}
	p, err := packet.NewReader(block.Body).Next()
	if err != nil {
		return nil, err
	}
	sig, ok := p.(*packet.Signature)
	if !ok || sig.IssuerKeyId == nil {
		return nil, errors.New("it names no key")
	}
	return sig, nil
}

// outOfTime says why a key or a signature does not count now.
func (j *judge) outOfTime(sig *packet.Signature, key string) string {
	if sig.CreationTime.After(j.now) {
		return fmt.Sprintf("its signature by OpenPGP key %s was made at %s, which is still to come; set the clock of the machine that signed it, and commit again",
			key, sig.CreationTime.UTC().Format(time.RFC3339))
	}
	if sig.SigExpired(j.now) {
		return "its signature by OpenPGP key " + key + " has expired"
	}
	return "OpenPGP key " + key + ", which signed it, has expired; renew it, and put the renewed public key into " + j.where
}

// strongHashes are those with which nobody has found two texts of the same hash.
func strongHashes() []crypto.Hash {
	return []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512}
}

func keyName(e *openpgp.Entity) string { return fmt.Sprintf("%X", e.PrimaryKey.Fingerprint) }

// identities returns the e-mail addresses of a key that are not revoked.
func identities(e *openpgp.Entity, now time.Time) []string {
	var out []string
	for _, id := range e.Identities {
		if id.UserId != nil && id.UserId.Email != "" && !id.Revoked(now) {
			out = append(out, id.UserId.Email)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func orUnreadable(err error) error {
	if err == nil {
		return errors.New("it cannot be read")
	}
	return err
}
