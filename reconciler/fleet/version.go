package fleet

// Version is what a cluster should run: an image tag, or a tag with the digest
// that it must have. Equal versions compare equal with ==.
type Version struct {
	Tag    string
	Digest string // "sha256:..." or empty
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
