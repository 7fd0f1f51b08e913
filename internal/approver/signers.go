package approver

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// signer is a line of an allowed_signers file.
type signer struct {
	principals []string // patterns of e-mail addresses, folded
	// namespaces are patterns of what the key may sign for; nil for everything.
	namespaces   []string
	after, until time.Time // zero for no bound
	key          ssh.PublicKey
}

// objection says why the signer may not sign a commit, or nothing.
func (s *signer) objection(c *admission.Commit, key string, now time.Time) *admission.Evidence {
	var e admission.Evidence
	switch {
	case s.namespaces != nil && !matches(s.namespaces, gitNamespace):
		e = refuse("SSH key %s, which signed it, is allowed only for %s, not for git", key, strings.Join(s.namespaces, ", "))
	case !s.after.IsZero() && now.Before(s.after):
		e = refuse("SSH key %s, which signed it, counts only from %s on", key, s.after.Format(time.RFC3339))
	case !s.until.IsZero() && now.After(s.until):
		e = refuse("SSH key %s, which signed it, counted only until %s", key, s.until.Format(time.RFC3339))
	case !matches(s.principals, fold(c.Committer.Email)):
		e = stranger(c, key, s.principals)
	default:
		return nil
	}
	return &e
}

// parseSigners reads an allowed_signers file, see ssh-keygen(1). Times without a
// zone are in the given one.
func parseSigners(name string, data []byte, zone *time.Location) ([]signer, error) {
	var out []signer
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseSigner(line, zone)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func parseSigner(line string, zone *time.Location) (signer, error) {
	principals, rest, err := cutPrincipals(line)
	if err != nil {
		return signer{}, err
	}
	s := signer{}
	for _, p := range strings.Split(principals, ",") {
		if p = strings.TrimSpace(p); p == "" || p == "!" {
			return signer{}, fmt.Errorf("the principals %q have an empty one", principals)
		}
		s.principals = append(s.principals, fold(p))
	}
	// What follows is an authorized_keys line, whose options may be absent.
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return signer{}, errors.New("there is no public key after the principals; write: ada@example.com ssh-ed25519 and the key")
	}
	if _, isCert := key.(*ssh.Certificate); isCert {
		return signer{}, errors.New("certificates are not supported; name the key itself")
	}
	s.key = key
	seen := map[string]bool{}
	for _, o := range options {
		name, value, hasValue := strings.Cut(o, "=")
		name = strings.ToLower(name)
		if seen[name] {
			return signer{}, fmt.Errorf("option %q is given twice", name)
		}
		seen[name] = true
		if err := s.option(name, value, hasValue, zone); err != nil {
			return signer{}, err
		}
	}
	if !s.after.IsZero() && !s.until.IsZero() && !s.after.Before(s.until) {
		return signer{}, errors.New("valid-after is not before valid-before, so the key would never count")
	}
	return s, nil
}

// cutPrincipals cuts the first field off, which may be in quotes.
func cutPrincipals(line string) (first, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		first, rest, ok := strings.Cut(quoted, `"`)
		if !ok {
			return "", "", errors.New("a quote is not closed")
		}
		return first, strings.TrimSpace(rest), nil
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return "", "", errors.New("there is only one field; write: ada@example.com ssh-ed25519 and the key")
	}
	return line[:i], strings.TrimSpace(line[i:]), nil
}

func (s *signer) option(name, value string, hasValue bool, zone *time.Location) error {
	switch name {
	case "namespaces", "valid-after", "valid-before":
	case "cert-authority":
		return errors.New("certificate authorities are not supported; name the keys themselves")
	default:
		return fmt.Errorf("option %q is unknown; there are namespaces, valid-after and valid-before", name)
	}
	text, opened := strings.CutPrefix(value, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	if !hasValue || !opened || !closed || text == "" {
		return fmt.Errorf(`option %s needs a value in quotes, as in %s="..."`, name, name)
	}
	var err error
	switch name {
	case "namespaces":
		s.namespaces = strings.Split(text, ",")
	case "valid-after":
		s.after, err = signerTime(text, zone)
	case "valid-before":
		s.until, err = signerTime(text, zone)
	}
	if err != nil {
		return fmt.Errorf("option %s: %w", name, err)
	}
	return nil
}

// signerTime reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z for UTC.
func signerTime(s string, zone *time.Location) (time.Time, error) {
	digits, utc := strings.CutSuffix(s, "Z")
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 20261231Z or 202612312359Z", s)
}
