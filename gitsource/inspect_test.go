package gitsource

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" // it is git's own checksum
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// packOf makes a pack as a server sends it.
func packOf(t testing.TB, objects ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("PACK")
	b.Write(binary.BigEndian.AppendUint32(nil, 2))
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(objects))))
	for _, o := range objects {
		b.Write(o)
	}
	sum := sha1.Sum(b.Bytes())
	b.Write(sum[:])
	return b.Bytes()
}

// Types of objects in a pack.
const (
	blob     = 3
	refDelta = 7
)

// packed makes one object of a pack, which says that it has size bytes.
func packed(t testing.TB, kind byte, size int, extra, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	first := kind<<4 | byte(size&0xf)
	for size >>= 4; size > 0; size >>= 7 {
		b.WriteByte(first | 0x80)
		first = byte(size & 0x7f)
	}
	b.WriteByte(first)
	b.Write(extra)
	z := zlib.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func plain(t testing.TB, content string) []byte {
	return packed(t, blob, len(content), nil, []byte(content))
}

// TestAPackIsRefusedBeforeItIsUnpacked makes small packs that would become large.
func TestAPackIsRefusedBeforeItIsUnpacked(t *testing.T) {
	zeros := make([]byte, 3<<20)
	base := make([]byte, 20)
	huge := binary.AppendUvarint(binary.AppendUvarint(nil, 10), 1<<40)
	limits := Limits{Objects: 10, ObjectBytes: 1 << 20, Unpacked: 2 << 20}.withDefaults()
	for _, tt := range []struct {
		name string
		few  uint32
		pack []byte
		want string // empty: it is good
		is   error
	}{
		{name: "a pack as it should be", pack: packOf(t, plain(t, "one"), plain(t, "two"))},
		{name: "an empty pack", pack: packOf(t)},
		{name: "an object that unpacks to more than is allowed", pack: packOf(t, packed(t, blob, len(zeros), nil, zeros)), want: "an object has 3145728 bytes", is: errTooLarge},
		{name: "objects that together are more than is allowed", pack: packOf(t, plain(t, string(zeros[:1<<20])), plain(t, string(zeros[:1<<20])), plain(t, "x")), want: "more than the 2097152 bytes", is: errTooLarge},
		{name: "an object that is larger than it says", pack: packOf(t, packed(t, blob, 5, nil, zeros)), want: "exceeds declared size"},
		{name: "a small difference that makes a huge object", pack: packOf(t, packed(t, refDelta, len(huge), base, huge)), want: "1099511627776 bytes", is: errTooLarge},
		{name: "a difference without a size", pack: packOf(t, packed(t, refDelta, 1, base, []byte{0x80})), want: "no size"},
		{name: "a difference whose size has no end", pack: packOf(t, packed(t, refDelta, 40, base, bytes.Repeat([]byte{0x80}, 40))), want: "no size"},
		{name: "more objects than are allowed", pack: packOf(t, slicesOf(plain(t, "x"), 11)...), want: "11 objects, 10 are allowed", is: errTooLarge},
		{name: "more objects than a step has", few: 2, pack: packOf(t, slicesOf(plain(t, "x"), 3)...), want: "too many", is: errTooMany},
		{name: "no pack", pack: []byte("this is not a pack, whatever it says"), want: "signature"},
		{name: "nothing", pack: nil, want: "empty"},
		{name: "a pack that is cut off", pack: packOf(t, plain(t, strings.Repeat("abc", 100)))[:30], want: "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, finding := inspector{limits: limits, few: tt.few}.inspected(bytes.NewReader(tt.pack))
			read, err := io.ReadAll(r)
			found := finding()
			if tt.want == "" {
				if found != nil || err != nil || !bytes.Equal(read, tt.pack) {
					t.Fatalf("found %v, %v, %d of %d bytes", found, err, len(read), len(tt.pack))
				}
				return
			}
			if found == nil || !strings.Contains(found.Error(), tt.want) || (tt.is != nil && !errors.Is(found, tt.is)) {
				t.Errorf("found %v, want an error with %q", found, tt.want)
			}
		})
	}
}

func slicesOf(object []byte, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = object
	}
	return out
}

// FuzzInspect reads packs of all kinds: it never panics, and what it lets pass
// is within its limits.
func FuzzInspect(f *testing.F) {
	f.Add(packOf(f, plain(f, "one"), plain(f, "two")))
	f.Add(packOf(f, packed(f, refDelta, 3, make([]byte, 20), []byte{1, 2, 3})))
	f.Add([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))
	limits := Limits{Objects: 100, ObjectBytes: 1 << 16, Unpacked: 1 << 18}.withDefaults()
	f.Fuzz(func(t *testing.T, pack []byte) {
		r, finding := inspector{limits: limits}.inspected(bytes.NewReader(pack))
		read, err := io.ReadAll(r)
		found := finding()
		if err == nil && found == nil && !bytes.Equal(read, pack) {
			t.Errorf("%d of %d bytes were let through", len(read), len(pack))
		}
	})
}

// FuzzSigned takes signatures out of commits: nothing is lost but the signature,
// and what is not signed stays as it is.
func FuzzSigned(f *testing.F) {
	f.Add([]byte("tree 1\ngpgsig -----BEGIN\n a\n b\n -----END\nencoding x\n\nmessage\ngpgsig no\n"))
	f.Add([]byte("tree 1\n\n"))
	f.Add([]byte("tree 1"))
	f.Add([]byte("gpgsig x\n y\ngpgsig-sha256 z\n z\nmergetag a\n b\n\nm"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		payload, signature := signed(raw)
		if !bytes.Equal(before, raw) {
			t.Fatal("the commit was changed")
		}
		header, _, _ := bytes.Cut(raw, []byte("\n\n"))
		if !bytes.Contains(header, []byte("gpgsig")) && !bytes.Equal(payload, raw) {
			t.Errorf("payload %q of an unsigned commit %q", payload, raw)
		}
		if len(payload)+len(signature) > len(raw) {
			t.Errorf("payload %q and signature %q are more than %q", payload, signature, raw)
		}
	})
}

// TestASignatureIsTakenOutOfTheHeaderAlone is as git does it.
func TestASignatureIsTakenOutOfTheHeaderAlone(t *testing.T) {
	for _, tt := range []struct{ name, raw, payload, signature string }{
		{"none", "tree 1\nauthor a\n\nm\n", "tree 1\nauthor a\n\nm\n", ""},
		{"one", "tree 1\ngpgsig A\n B\n \n C\nauthor a\n\nm\n", "tree 1\nauthor a\n\nm\n", "A\nB\n\nC\n"},
		{"one in the message", "tree 1\n\ngpgsig A\n B\n", "tree 1\n\ngpgsig A\n B\n", ""},
		{"one for another hash", "tree 1\ngpgsig-sha256 A\n B\ngpgsig C\n D\n\nm", "tree 1\n\nm", "C\nD\n"},
		{"one in a tag that was merged", "tree 1\nmergetag object 2\n gpgsig A\n x\ngpgsig C\n\nm", "tree 1\nmergetag object 2\n gpgsig A\n x\n\nm", "C\n"},
		{"headers that nobody knows", "tree 1\nfuture x\n y\ngpgsig A\n\nm", "tree 1\nfuture x\n y\n\nm", "A\n"},
		{"no message", "tree 1\ngpgsig A\n\n", "tree 1\n\n", "A\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload, signature := signed([]byte(tt.raw))
			if string(payload) != tt.payload || signature != tt.signature {
				t.Errorf("payload %q, signature %q; want %q, %q", payload, signature, tt.payload, tt.signature)
			}
		})
	}
}
