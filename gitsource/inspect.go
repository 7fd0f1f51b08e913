package gitsource

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// errTooMany tells that an answer has more objects than a small step may have.
var errTooMany = errors.New("the answer has too many objects")

// inspector reads a pack while another one stores it, and ends both when the
// pack holds more than is allowed. A pack of a few kilobytes may unpack to
// gigabytes, and whoever stores it would take them all into memory.
type inspector struct {
	limits Limits
	few    uint32 // objects above which errTooMany is returned; 0 for no bound
}

// inspected returns a reader of the same pack, and a function that returns what
// was found; it has to be called when the reader is done with.
func (i inspector) inspected(pack io.Reader) (io.Reader, func() error) {
	r, w := io.Pipe()
	found := make(chan error, 1)
	go func() {
		err := i.inspect(r)
		_ = r.CloseWithError(orDrained(err))
		found <- err
	}()
	return io.TeeReader(pack, w), func() error {
		_ = w.Close()
		return <-found
	}
}

// errDrained ends a reader that nobody listens to any more.
var errDrained = errors.New("the pack was inspected")

func orDrained(err error) error {
	if err == nil {
		return errDrained
	}
	return err
}

func (i inspector) inspect(r io.Reader) error {
	s := packfile.NewScanner(r)
	_, n, err := s.Header()
	switch {
	case err != nil:
		return err
	case i.few > 0 && n > i.few:
		return errTooMany
	case n > i.limits.Objects:
		return fmt.Errorf("it has %d objects, %d are allowed: %w", n, i.limits.Objects, errTooLarge)
	}
	var total int64
	for range n {
		size, err := i.object(s)
		if err != nil {
			return err
		}
		if size > i.limits.ObjectBytes {
			return fmt.Errorf("an object has %d bytes, %d are allowed: %w", size, i.limits.ObjectBytes, errTooLarge)
		}
		if total += size; total > i.limits.Unpacked {
			return fmt.Errorf("its objects have more than the %d bytes that are allowed: %w", i.limits.Unpacked, errTooLarge)
		}
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// object returns the size of the next object, after reading no more of it than
// is allowed.
func (i inspector) object(s *packfile.Scanner) (int64, error) {
	header, err := s.NextObjectHeader()
	if err != nil {
		return 0, err
	}
	if header.Length > i.limits.ObjectBytes {
		return header.Length, nil
	}
	start := &beginning{}
	if _, _, err := s.NextObject(start); err != nil {
		return 0, err
	}
	if header.Type == plumbing.OFSDeltaObject || header.Type == plumbing.REFDeltaObject {
		return start.target()
	}
	return header.Length, nil
}

// beginning keeps the first bytes that are written to it.
type beginning struct {
	kept [20]byte
	n    int
}

func (b *beginning) Write(p []byte) (int, error) {
	b.n += copy(b.kept[b.n:], p)
	return len(p), nil
}

// target returns the size of the object that a delta makes. A delta begins with
// the sizes of the object it is made from and of the one it makes.
func (b *beginning) target() (int64, error) {
	rest := b.kept[:b.n]
	var size uint64
	for range 2 {
		var ok bool
		if size, rest, ok = varint(rest); !ok {
			return 0, errors.New("a delta has no size")
		}
	}
	if size > 1<<62 {
		size = 1 << 62
	}
	return int64(size), nil
}

// varint reads a number of seven bits to a byte, the lowest first.
func varint(p []byte) (n uint64, rest []byte, ok bool) {
	for i, b := range p {
		if i == 9 {
			return 0, nil, false
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return n, p[i+1:], true
		}
	}
	return 0, nil, false
}
