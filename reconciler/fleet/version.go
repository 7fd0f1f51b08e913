package fleet

import (
	"fmt"
	"strings"
)

const (
	maxTagLength   = 128
	digestPrefix   = "sha256:"
	digestHexChars = 64
)

// Version is what a cluster should run: an image tag, or a tag with the digest
// that it must have. Equal versions compare equal with ==.
type Version struct {
	Tag    string
	Digest string // "sha256:..." or empty
}

// ParseVersion reads a version as it is written in a fleet repository and in an
// image reference: a tag, or tag@sha256:digest.
func ParseVersion(s string) (Version, error) {
	v, err := parseVersion(s)
	if err != nil {
		return Version{}, fmt.Errorf("parse version %s: %w", quote(s), err)
	}
	return v, nil
}

func parseVersion(s string) (Version, error) {
	tag, digest, hasDigest := strings.Cut(s, "@")
	if err := checkTag(tag); err != nil {
		return Version{}, err
	}
	if hasDigest {
		if err := checkDigest(digest); err != nil {
			return Version{}, err
		}
	}
	return Version{Tag: tag, Digest: digest}, nil
}

// String renders the version as it is written in an image reference: tag, or
// tag@digest.
func (v Version) String() string {
	if v.Digest == "" {
		return v.Tag
	}
	return v.Tag + "@" + v.Digest
}

// IsZero reports whether v names no version at all.
func (v Version) IsZero() bool { return v == Version{} }

// MarshalText renders the version as String does. No version is no text.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText has written.
func (v *Version) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = Version{}
		return nil
	}
	parsed, err := ParseVersion(string(text))
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

// checkTag applies the grammar of the OCI distribution specification:
// [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}.
func checkTag(tag string) error {
	if tag == "" {
		return fmt.Errorf("the tag is empty; write one as in 7.6.1")
	}
	if len(tag) > maxTagLength {
		return fmt.Errorf("the tag is %d characters long, but an image tag has at most %d", len(tag), maxTagLength)
	}
	place := 0
	for _, r := range tag {
		place++
		switch {
		case isLetter(r), isDigit(r), r == '_':
		case r == '+':
			return fmt.Errorf("character %d is +, which an image tag cannot have; registries use - or _ in its place", place)
		case r == ':':
			return fmt.Errorf("character %d is a colon; write the tag alone, without the image's name", place)
		case place > 1 && (r == '.' || r == '-'):
		default:
			return fmt.Errorf("character %d is %s; an image tag has letters, digits, and after the first also . _ and -", place, describe(r))
		}
	}
	return nil
}

func checkDigest(digest string) error {
	hex, ok := strings.CutPrefix(digest, digestPrefix)
	if !ok {
		return fmt.Errorf("the digest does not begin with %s", digestPrefix)
	}
	if len(hex) != digestHexChars {
		return fmt.Errorf("the digest has %d characters after %s, but needs %d", len(hex), digestPrefix, digestHexChars)
	}
	for i, r := range hex {
		if !isDigit(r) && (r < 'a' || r > 'f') {
			return fmt.Errorf("character %d of the digest is %s; it has only 0-9 and a-f", i+1, describe(r))
		}
	}
	return nil
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLower(r rune) bool { return r >= 'a' && r <= 'z' }

func isLetter(r rune) bool { return isLower(r) || (r >= 'A' && r <= 'Z') }
