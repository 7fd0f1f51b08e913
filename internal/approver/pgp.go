package approver

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func (s *Signed) checkPGP(c admission.Commit) admission.Evidence {
	config := &packet.Config{Time: s.now}
	entity, err := openpgp.CheckArmoredDetachedSignature(s.keys, bytes.NewReader(c.Payload), strings.NewReader(c.Signature), config)
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return refuse("it is signed by an OpenPGP key that is not among the allowed keys (%s)", s.where)
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired):
		return refuse("its OpenPGP key or signature has expired")
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return refuse("its OpenPGP key was revoked")
	case err != nil:
		return refuse("its OpenPGP signature is not valid: %v", err)
	}
	if entity.Revoked(s.now()) {
		return refuse("its OpenPGP key was revoked")
	}
	emails := identities(entity, s.now())
	if !slices.ContainsFunc(emails, func(e string) bool { return strings.EqualFold(e, c.Committer.Email) }) {
		return refuse("its committer %s is none of the identities of the key that signed it (%s)", c.Committer.Email, strings.Join(emails, ", "))
	}
	return approve(c.Committer.Email, entity.PrimaryKey.KeyIdString())
}

// identities returns the e-mail addresses of a key that are not revoked.
func identities(e *openpgp.Entity, now time.Time) []string {
	var out []string
	for _, id := range e.Identities {
		if id.UserId != nil && id.UserId.Email != "" && !id.Revoked(now) {
			out = append(out, id.UserId.Email)
		}
	}
	slices.Sort(out)
	return out
}
