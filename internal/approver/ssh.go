package approver

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// gitNamespace is what git signs for; a signature for anything else is no
// approval.
const gitNamespace = "git"

func (s *Signed) checkSSH(c admission.Commit) admission.Evidence {
	sig, err := sshsig.Unarmor([]byte(c.Signature))
	if err != nil {
		return refuse("its SSH signature cannot be read: %v", err)
	}
	if sig.Namespace != gitNamespace {
		return refuse("its SSH signature is for %q, not for git", sig.Namespace)
	}
	fingerprint := ssh.FingerprintSHA256(sig.PublicKey)
	if err := sshsig.Verify(bytes.NewReader(c.Payload), sig, sig.PublicKey, sig.HashAlgorithm, gitNamespace); err != nil {
		return refuse("its SSH signature is not valid: %v", err)
	}
	reason := ""
	for i := range s.signers {
		signer := &s.signers[i]
		if !bytes.Equal(signer.key.Marshal(), sig.PublicKey.Marshal()) {
			continue
		}
		if reason = signer.objection(c.Committer.Email, s.now()); reason == "" {
			return approve(c.Committer.Email, fingerprint)
		}
	}
	if reason == "" {
		reason = "it is signed by SSH key " + fingerprint + ", which is not among the allowed signers (" + s.where + ")"
	}
	return refuse("%s", reason)
}

// allowsNamespace reports whether a list of namespaces, which may hold
// wildcards, has git's; an empty one has all.
func allowsNamespace(namespaces []string) bool {
	return len(namespaces) == 0 || slices.ContainsFunc(namespaces, func(n string) bool { return wildcard(n, gitNamespace) })
}

// wildcard matches with * and ?, as OpenSSH's patterns do.
func wildcard(pattern, s string) bool {
	pattern, s = strings.ToLower(pattern), strings.ToLower(s)
	var p, i int
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]) && pattern[p] != '*':
			p++
			i++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			p = star + 1
			mark++
			i = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
