package approver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// SignedConfig names the keys that are allowed. They are read once.
type SignedConfig struct {
	// AllowedSigners is the path of an OpenSSH allowed_signers file.
	AllowedSigners string
	// AllowedKeys are paths of files with armored OpenPGP public keys.
	AllowedKeys []string
	// Now is the clock against which keys expire.
	Now func() time.Time
}

// Signed approves commits that an allowed key has signed and whose committer is
// one of the key's identities.
type Signed struct {
	signers []signer
	keys    openpgp.EntityList
	now     func() time.Time
	where   string // names the configuration in messages
}

var _ reconciler.Approver = (*Signed)(nil)

// NewSigned reads the allowed keys. It fails when there are none: nothing could
// ever take effect.
func NewSigned(cfg SignedConfig) (*Signed, error) {
	if cfg.Now == nil {
		return nil, errors.New("configure signed approvals: no clock")
	}
	s := &Signed{now: cfg.Now}
	var where []string
	if cfg.AllowedSigners != "" {
		data, err := os.ReadFile(cfg.AllowedSigners)
		if err != nil {
			return nil, fmt.Errorf("read allowed signers: %w", err)
		}
		if s.signers, err = parseSigners(cfg.AllowedSigners, data); err != nil {
			return nil, err
		}
		where = append(where, cfg.AllowedSigners)
	}
	for _, name := range cfg.AllowedKeys {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read allowed keys: %w", err)
		}
		keys, err := openpgp.ReadArmoredKeyRing(f)
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("read allowed keys %s: no armored OpenPGP public keys: %w", name, err)
		}
		s.keys = append(s.keys, keys...)
		where = append(where, name)
	}
	if len(s.signers) == 0 && len(s.keys) == 0 {
		return nil, errors.New("configure signed approvals: no key is allowed")
	}
	s.where = strings.Join(where, ", ")
	return s, nil
}

// Approve checks the commit's signature. One signature is one approval: a policy
// that asks for more cannot be met without a forge.
func (s *Signed) Approve(_ context.Context, c admission.Commit, policy fleet.Approvals) (admission.Evidence, error) {
	if policy.Required > 1 {
		return refuse("%d approvals are required, and a signature is only one; approvals by pull request need a forge", policy.Required), nil
	}
	switch {
	case c.Signature == "":
		return refuse("it is not signed; sign it with a key of %s: git commit --amend --no-edit -S", s.where), nil
	case strings.Contains(c.Signature, "BEGIN SSH SIGNATURE"):
		return s.checkSSH(c), nil
	case strings.Contains(c.Signature, "BEGIN PGP SIGNATURE"):
		return s.checkPGP(c), nil
	default:
		return refuse("it carries a signature of a kind that is not supported; use an OpenPGP or SSH key"), nil
	}
}

func refuse(format string, args ...any) admission.Evidence {
	return admission.Evidence{Verdict: admission.Refused, Reason: fmt.Sprintf(format, args...)}
}

func approve(by, key string) admission.Evidence {
	return admission.Evidence{Verdict: admission.Approved, Reason: "signed by " + by + " with key " + key, By: []string{by}}
}
