package approver

import (
	"bytes"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// gitNamespace is what git signs for; a signature for anything else is no
// approval.
const gitNamespace = "git"

func (j *judge) ssh(c *admission.Commit) admission.Evidence {
	sig, err := sshsig.Unarmor([]byte(c.Signature))
	if err != nil {
		return refuse("its SSH signature cannot be read: %v", err)
	}
	if sig.Namespace != gitNamespace {
		return refuse("its SSH signature is for %q, not for git", sig.Namespace)
	}
	key := ssh.FingerprintSHA256(sig.PublicKey)
	if err := sshsig.Verify(bytes.NewReader(c.Payload), sig, sig.PublicKey, sig.HashAlgorithm, gitNamespace); err != nil {
		return refuse("its SSH signature by key %s is not valid: %v", key, err)
	}
	objection, known := admission.Evidence{}, false
	for i := range j.keys.signers {
		s := &j.keys.signers[i]
		if !bytes.Equal(s.key.Marshal(), sig.PublicKey.Marshal()) {
			continue
		}
		why := s.objection(c, key, j.now)
		if why == nil {
			return approve(c, "SSH", key)
		}
		if !known {
			objection, known = *why, true
		}
	}
	if !known {
		return j.unknown("SSH", key)
	}
	return objection
}
