package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// exportFormat names the form of an exported journal, in its first line.
const exportFormat = "wavegate.dev/journal/v1"

// exportHead is the first line of an exported journal.
type exportHead struct {
	Format string `json:"format"`
	// After is the entry after which the journal begins, Link its link.
	After uint64 `json:"after"`
	Link  string `json:"link"`
}

// exportLine is an entry as it is stored, with its link: the chain can be checked
// from it alone. More has the rest of its fields.
type exportLine struct {
	Seq     uint64          `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	Release string          `json:"release,omitempty"`
	Product string          `json:"product,omitempty"`
	Cohort  string          `json:"cohort,omitempty"`
	Cluster string          `json:"cluster,omitempty"`
	More    json.RawMessage `json:"more"`
	Members json.RawMessage `json:"members,omitempty"`
	// Trimmed is the SHA-256 of members that have been deleted.
	Trimmed string `json:"trimmed,omitempty"`
	Link    string `json:"link"`
}

// Export writes the whole journal as JSON lines: a line about the journal, and one
// for each entry. [ReplayExport] reads it.
func (s *Store) Export(ctx context.Context, w io.Writer) error {
	anchor, err := readAnchor(ctx, s.ro)
	if err != nil {
		return fmt.Errorf("export journal: %w", explain(s.path, err))
	}
	buf := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(buf)
	if err := enc.Encode(exportHead{exportFormat, anchor.seq, hex.EncodeToString(anchor.link[:])}); err != nil {
		return fmt.Errorf("export journal: %w", err)
	}
	for after := anchor.seq; ; {
		page, err := s.lines(ctx, s.ro, wholeLines+"WHERE e.seq > ? ORDER BY e.seq LIMIT ?", int64(after), pageSize)
		if err != nil {
			return fmt.Errorf("export journal: %w", err)
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			if err := enc.Encode(page[i].export()); err != nil {
				return fmt.Errorf("export entry %d: %w", page[i].seq, err)
			}
		}
		after = page[len(page)-1].seq
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("export journal: %w", err)
	}
	return nil
}

func (l *chained) export() exportLine {
	return exportLine{
		Seq: l.seq, At: time.Unix(0, l.at).UTC(), Kind: l.kind, Release: l.release, Product: l.product, Cohort: l.cohort,
		Cluster: l.cluster, More: l.body, Members: l.members, Trimmed: hex.EncodeToString(l.trimmed), Link: hex.EncodeToString(l.stored),
	}
}

// maxExportLine bounds a line of an export. A rollout of a million clusters has
// one of about 20 MB.
const maxExportLine = 256 << 20

// ReplayExport walks an exported journal as [Store.Replay] walks a stored one.
// That its last entries were cut off cannot be seen from it: compare the end that
// is returned with the one of the journal.
func ReplayExport(r io.Reader, v Visitor) (Head, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxExportLine)
	var w *walk
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(lines.Bytes())
		var err error
		switch {
		case n == 1:
			var h head
			if h, err = readExportHead(text); err == nil {
				v.Begin(h.seq)
				w = newWalk(h, v)
			}
		case len(text) > 0:
			err = w.showExported(text)
		}
		if err != nil {
			return Head{}, fmt.Errorf("read exported journal: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Head{}, fmt.Errorf("read exported journal: %w", err)
	}
	if w == nil {
		return Head{}, errors.New("read exported journal: it is empty; write one with `wavegate journal export`")
	}
	return Head{Seq: w.seq, Link: w.link}, nil
}

func readExportHead(text []byte) (head, error) {
	var first exportHead
	if err := json.Unmarshal(text, &first); err != nil || first.Format != exportFormat {
		return head{}, fmt.Errorf("it does not say %s: write one with `wavegate journal export`", exportFormat)
	}
	link, err := hexLink(first.Link)
	if err != nil {
		return head{}, err
	}
	if first.After > math.MaxInt64 {
		return head{}, fmt.Errorf("no journal has %d entries", first.After)
	}
	return head{known: true, seq: first.After, link: link}, nil
}

func hexLink(s string) ([sha256.Size]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("a link is not hexadecimal: %w", err)
	}
	return linkOf(b)
}

func (w *walk) showExported(text []byte) error {
	var x exportLine
	if err := json.Unmarshal(text, &x); err != nil {
		return err
	}
	link, err := hexLink(x.Link)
	if err != nil {
		return err
	}
	l := chained{stored: link[:], line: line{
		seq: x.Seq, at: x.At.UnixNano(), kind: x.Kind, release: x.Release, product: x.Product, cohort: x.Cohort, cluster: x.Cluster,
		body: x.More, members: x.Members,
	}}
	if l.trimmed, err = hex.DecodeString(x.Trimmed); err != nil {
		return fmt.Errorf("what stands for the members is not hexadecimal: %w", err)
	}
	if len(l.trimmed) == 0 {
		l.trimmed = nil
	}
	switch {
	case x.At.Before(earliest) || x.At.After(latest):
		return fmt.Errorf("its time %s is out of range", x.At)
	case x.Kind == "" || len(x.More) == 0:
		return errors.New("it is no entry of a journal")
	case x.Seq <= w.seq:
		w.visitor.Broken(x.Seq, fmt.Sprintf("entry %d comes after entry %d", x.Seq, w.seq))
		return nil
	}
	return w.show(&l)
}

// IsExport reports whether data, the beginning of a file, is that of an exported
// journal rather than of a database.
func IsExport(data []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) }
