package approver

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// signer is a line of an allowed_signers file.
type signer struct {
	principals   []string
	namespaces   []string
	after, until time.Time
	key          ssh.PublicKey
}

// objection says why the signer may not sign for an address, or nothing.
func (s *signer) objection(email string, now time.Time) string {
	switch {
	case !allowsNamespace(s.namespaces):
		return "its SSH key is not allowed to sign for git"
	case !s.after.IsZero() && now.Before(s.after):
		return "its SSH key is valid only from " + s.after.Format(time.DateOnly)
	case !s.until.IsZero() && !now.Before(s.until):
		return "its SSH key was valid only until " + s.until.Format(time.DateOnly)
	case !s.is(email):
		return "its committer " + email + " is none of the principals of the key that signed it (" + strings.Join(s.principals, ",") + ")"
	default:
		return ""
	}
}

// is matches the principals; a pattern with ! before it excludes.
func (s *signer) is(email string) bool {
	found := false
	for _, p := range s.principals {
		if no, ok := strings.CutPrefix(p, "!"); ok {
			if wildcard(no, email) {
				return false
			}
			continue
		}
		found = found || wildcard(p, email)
	}
	return found
}

// parseSigners reads an allowed_signers file, see ssh-keygen(1).
func parseSigners(name string, data []byte) ([]signer, error) {
	var out []signer
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseSigner(line)
		if err != nil {
			return nil, fmt.Errorf("read allowed signers %s:%d: %w", name, n+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func parseSigner(line string) (signer, error) {
	principals, rest, err := field(line)
	if err != nil {
		return signer{}, err
	}
	s := signer{}
	for _, p := range strings.Split(principals, ",") {
		if p = strings.TrimSpace(p); p != "" {
			s.principals = append(s.principals, p)
		}
	}
	if len(s.principals) == 0 {
		return signer{}, fmt.Errorf("the line names nobody")
	}
	// What follows is an authorized_keys line, whose options may be absent.
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil {
		return signer{}, fmt.Errorf("no public key after the principals: %w", err)
	}
	s.key = key
	for _, o := range options {
		if err := s.option(o); err != nil {
			return signer{}, err
		}
	}
	return s, nil
}

// field cuts the first field off, which may be in quotes.
func field(line string) (first, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		first, rest, ok := strings.Cut(quoted, `"`)
		if !ok {
			return "", "", fmt.Errorf("a quote is not closed")
		}
		return first, strings.TrimSpace(rest), nil
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return "", "", fmt.Errorf("no key after %q", line)
	}
	return line[:i], strings.TrimSpace(line[i:]), nil
}

func (s *signer) option(o string) error {
	name, value, _ := strings.Cut(o, "=")
	value = strings.Trim(value, `"`)
	var err error
	switch strings.ToLower(name) {
	case "namespaces":
		s.namespaces = strings.Split(value, ",")
	case "valid-after":
		s.after, err = signerTime(value)
	case "valid-before":
		s.until, err = signerTime(value)
	case "cert-authority":
		err = fmt.Errorf("certificate authorities are not supported; name the keys themselves")
	default:
		err = fmt.Errorf("unknown option %q", name)
	}
	return err
}

// signerTime reads YYYYMMDD[Z] and YYYYMMDDHHMM[SS][Z]; all are taken as UTC.
func signerTime(s string) (time.Time, error) {
	digits := strings.TrimSuffix(s, "Z")
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.Parse(layout, digits); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 20261231 or 202612312359", s)
}
