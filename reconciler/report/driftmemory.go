package report

import (
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"
)

// DriftMemory is what the drift issue remembers of the reports before: since
// when each cluster differs, and what is gone. It is kept hidden in the issue's
// own body, so that nothing else needs to be stored.
//
// Anybody who can edit the issue can edit it. It is therefore only ever shown,
// escaped like all text from outside, and never decides anything; a damaged one
// counts as none.
type DriftMemory struct {
	// Known tells that there is a memory. Without one nothing can be called new.
	Known bool
	// Partial tells that not everything had room: what is not in Items may have
	// been there all the same.
	Partial bool
	Items   []Remembered
	// Gone are those that differed until lately, the newest first.
	Gone []Remembered
}

// Remembered is a cluster that differs, or did.
type Remembered struct {
	Cluster string `json:"c"`
	Kind    string `json:"k"`
	Cohort  string `json:"o,omitempty"`
	// Since is when it was found, Reported when a report first had it, Until
	// when a report first had it no more; in seconds since 1970.
	Since    int64 `json:"s"`
	Reported int64 `json:"r,omitempty"`
	Until    int64 `json:"u,omitempty"`
}

const (
	memoryBegin = "<!-- wavegate:memory:1:"
	// memoryLimit bounds what is hidden in a body, memoryUnpacked what it may
	// unpack to, memoryItems how many clusters it remembers.
	memoryLimit    = 20_000
	memoryUnpacked = 1 << 20
	memoryItems    = 2_000
	memoryName     = nameLimit
	// goneFor is how long what is gone is told, goneItems how many.
	goneFor   = 7 * 24 * time.Hour
	goneItems = 50
	checkSize = 16
)

type memoryJSON struct {
	Partial bool         `json:"p,omitempty"`
	Items   []Remembered `json:"i"`
	Gone    []Remembered `json:"g,omitempty"`
}

// Encode returns the memory as an HTML comment of bounded length. When not
// everything has room, what differs the longest is kept.
func (m DriftMemory) Encode() string {
	items := slices.DeleteFunc(slices.Clone(m.Items), func(r Remembered) bool { return !r.fits() })
	gone := slices.DeleteFunc(slices.Clone(m.Gone), func(r Remembered) bool { return !r.fits() })
	slices.SortFunc(items, func(a, b Remembered) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Kind, b.Kind))
	})
	items, gone = items[:min(len(items), memoryItems)], gone[:min(len(gone), goneItems)]
	for {
		text := encodeMemory(memoryJSON{Partial: m.Partial || len(items) < len(m.Items), Items: items, Gone: gone})
		if len(text) <= memoryLimit {
			return text
		}
		// A little less than what would fit if all of them packed alike.
		fit := len(items) * memoryLimit / len(text) * 19 / 20
		items, gone = items[:min(fit, len(items))], gone[:len(gone)*3/4]
	}
}

func (r Remembered) fits() bool {
	for _, s := range []string{r.Cluster, r.Kind, r.Cohort} {
		if len(s) > memoryName {
			return false
		}
	}
	return r.Cluster != "" && min(r.Since, r.Reported, r.Until) >= 0
}

func encodeMemory(m memoryJSON) string {
	data, err := json.Marshal(m)
	if err != nil {
		return "" // texts and numbers always marshal
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return ""
	}
	_, _ = w.Write(data) // a buffer takes everything
	_ = w.Close()
	// The standard alphabet of base64 has no dash, so it cannot end a comment.
	return memoryBegin + check(packed.Bytes()) + ":" + base64.StdEncoding.EncodeToString(packed.Bytes()) + markerEnd
}

// check tells an edited memory from a whole one. It proves nothing about who
// wrote it.
func check(packed []byte) string {
	sum := sha256.Sum256(packed)
	return hex.EncodeToString(sum[:checkSize/2])
}

// FindDriftMemory reads the last whole memory in the body of an issue, wherever
// people have put their own text. Without one, Known is false.
func FindDriftMemory(body string) DriftMemory {
	for {
		at := strings.LastIndex(body, memoryBegin)
		if at < 0 {
			return DriftMemory{}
		}
		inside, _, found := strings.Cut(body[at+len(memoryBegin):], markerEnd)
		if found {
			if m, ok := decodeMemory(inside); ok {
				return m
			}
		}
		body = body[:at]
	}
}

func decodeMemory(s string) (DriftMemory, bool) {
	sum, text, ok := strings.Cut(s, ":")
	if !ok || len(sum) != checkSize || len(text) > memoryLimit {
		return DriftMemory{}, false
	}
	packed, err := base64.StdEncoding.DecodeString(text) // line breaks within are allowed
	if err != nil || check(packed) != sum {
		return DriftMemory{}, false
	}
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), memoryUnpacked+1))
	if err != nil || len(data) > memoryUnpacked {
		return DriftMemory{}, false
	}
	var m memoryJSON
	if err := json.Unmarshal(data, &m); err != nil || len(m.Items) > memoryItems || len(m.Gone) > goneItems {
		return DriftMemory{}, false
	}
	bad := func(r Remembered) bool { return !r.fits() }
	if slices.ContainsFunc(m.Items, bad) || slices.ContainsFunc(m.Gone, bad) {
		return DriftMemory{}, false
	}
	return DriftMemory{Known: true, Partial: m.Partial, Items: m.Items, Gone: m.Gone}, true
}

type driftKey struct{ cluster, kind string }

// key is the same before and after the memory was written down.
func (r *Remembered) key() driftKey { return newDriftKey(r.Cluster, r.Kind) }

func newDriftKey(cluster, kind string) driftKey {
	return driftKey{strings.ToValidUTF8(cluster, "\ufffd"), strings.ToValidUTF8(kind, "\ufffd")}
}

// next works out what the report d remembers after m.
func (m DriftMemory) next(d *Drift) (next DriftMemory, unseen int) {
	at := d.At.Unix()
	before := make(map[driftKey]Remembered, len(m.Items))
	for _, r := range m.Items {
		if r.fits() && r.Since <= at && r.Reported <= at { // never from the future
			before[r.key()] = r
		}
	}
	next = DriftMemory{Known: true}
	seen := map[driftKey]bool{}
	for _, i := range d.Items {
		r := Remembered{Cluster: i.Cluster, Kind: i.Kind, Cohort: i.Cohort, Since: at, Reported: at}
		old, ok := before[r.key()]
		switch {
		case ok:
			r.Since, r.Reported = old.Since, old.Reported
		case !m.Known || m.Partial:
			r.Reported = 0 // it may be older than the report
		}
		if s := i.Since.Unix(); !i.Since.IsZero() && s < r.Since {
			r.Since = s
		}
		seen[r.key()] = true
		next.Items = append(next.Items, r)
	}
	for _, r := range m.Items {
		if seen[r.key()] || !r.fits() || r.Since > at {
			continue
		}
		if _, hidden := slices.BinarySearch(d.Unseen, r.Cluster); hidden {
			next.Items = append(next.Items, r) // it cannot be told
			unseen++
			continue
		}
		r.Until = at
		next.Gone = append(next.Gone, r)
	}
	for _, r := range m.Gone {
		if age := at - r.Until; r.fits() && age >= 0 && age < int64(goneFor/time.Second) && r.Since <= r.Until && !seen[r.key()] {
			next.Gone = append(next.Gone, r)
		}
	}
	slices.SortStableFunc(next.Gone, func(a, b Remembered) int {
		return cmp.Or(cmp.Compare(b.Until, a.Until), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Kind, b.Kind))
	})
	return next, unseen
}
