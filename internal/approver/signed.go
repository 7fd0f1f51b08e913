package approver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// SignedConfig names the keys that are allowed. The files may be changed at any
// time: a key that is added or taken out counts from the next commit on.
type SignedConfig struct {
	// AllowedSigners is the path of an OpenSSH allowed_signers file.
	AllowedSigners string
	// AllowedKeys are paths of files with armored OpenPGP public keys.
	AllowedKeys []string
	// Now is the clock against which keys expire.
	Now func() time.Time
}

// Signed approves commits that an allowed key has signed and whose committer is
// one of the key's identities. It is safe for concurrent use.
//
// A key has to be good when the commit is judged, not only when it was made:
// what a commit says of its own time is up to whoever makes it.
type Signed struct {
	now func() time.Time

	mu   sync.Mutex
	keys *keyFiles
}

var _ reconciler.Approver = (*Signed)(nil)

// NewSigned reads the allowed keys. It fails when there are none: nothing could
// ever take effect.
func NewSigned(cfg SignedConfig) (*Signed, error) {
	if cfg.Now == nil {
		return nil, errors.New("configure signed approvals: no clock")
	}
	s := &Signed{now: cfg.Now, keys: newKeyFiles(cfg.AllowedSigners, cfg.AllowedKeys)}
	if _, err := s.keys.read(); err != nil {
		return nil, fmt.Errorf("configure signed approvals: %w", err)
	}
	return s, nil
}

// maxSignature is the size of a signature in bytes above which it is not looked
// at. Those of the largest keys have a few kilobytes.
const maxSignature = 64 << 10

// Approve checks the commit's signature. One signature is one approval: a policy
// that asks for more cannot be met without a forge. Whom the policy names are
// people and teams of a forge; here the server's configuration says who counts.
// It returns an error when the allowed keys cannot be read.
func (s *Signed) Approve(_ context.Context, c admission.Commit, policy fleet.Approvals) (admission.Evidence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys, err := s.keys.read()
	if err != nil {
		return admission.Evidence{}, fmt.Errorf("check signature of commit %s: %w", c.SHA, err)
	}
	j := judge{keys: keys, now: s.now(), where: s.keys.String()}
	switch {
	case policy.Required > 1:
		return refuse("%d approvals are required, and a signature is only one; more than one can be given only on a pull request", policy.Required), nil
	case c.Signature == "":
		return refuse("it is not signed; sign it with a key that %s allows: git commit --amend --no-edit -S", j.where), nil
	case len(c.Signature) > maxSignature:
		return refuse("its signature has %d bytes, which no signature needs", len(c.Signature)), nil
	case strings.HasPrefix(c.Signature, "-----BEGIN SSH SIGNATURE-----"):
		return j.ssh(&c), nil
	case strings.HasPrefix(c.Signature, "-----BEGIN PGP SIGNATURE-----"):
		return j.pgp(&c), nil
	default:
		return refuse("it carries a signature of a kind that is not supported; sign it with an OpenPGP or SSH key"), nil
	}
}

// judge checks one signature.
type judge struct {
	keys  *keys
	now   time.Time
	where string // names the configuration in messages
}

// unknown refuses a signature by a key that is not allowed.
func (j *judge) unknown(kind, key string) admission.Evidence {
	return refuse("it is signed by %s key %s, which is not among the allowed keys of %s; if it belongs to somebody who may approve, add its public key there", kind, key, j.where)
}

// stranger refuses a signature by a key that belongs to somebody else than the
// committer.
func stranger(c *admission.Commit, key string, identities []string) admission.Evidence {
	return refuse("its committer %q is not an identity of key %s that signed it, which belongs to %s; set user.email to one of them and commit again",
		c.Committer.Email, key, strings.Join(identities, ", "))
}

func refuse(format string, args ...any) admission.Evidence {
	return admission.Evidence{Verdict: admission.Refused, Reason: fmt.Sprintf(format, args...)}
}

func approve(c *admission.Commit, kind, key string) admission.Evidence {
	return admission.Evidence{
		Verdict: admission.Approved, By: []string{c.Committer.Email}, Via: "signature",
		Reason: fmt.Sprintf("signed by %q with %s key %s", c.Committer.Email, kind, key),
	}
}
