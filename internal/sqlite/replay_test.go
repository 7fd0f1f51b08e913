package sqlite

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// listener remembers what it is shown.
type listener struct {
	after  uint64
	events []plan.Event
	broken []uint64
	what   []string
	wants  func(plan.EventKind) bool
}

func (l *listener) Begin(after uint64) { l.after = after }

func (l *listener) Wants(k plan.EventKind) bool { return l.wants == nil || l.wants(k) }

func (l *listener) Entry(e *plan.Event) { l.events = append(l.events, *e) }

func (l *listener) Broken(seq uint64, what string) {
	l.broken, l.what = append(l.broken, seq), append(l.what, what)
}

func export(t *testing.T, s *Store) string {
	t.Helper()
	var b bytes.Buffer
	check(t, s.Export(t.Context(), &b))
	return b.String()
}

func TestAJournalComesBackFromItsExportAsItIs(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), upgrade("r1 <&> \u2028", 3, start)))
	odd := plan.Event{At: start.Add(time.Nanosecond), Kind: plan.Paused, Reason: "<b> & \u2028 \"quoted\" \x00 \\", By: "user:ann", Via: plan.ViaCLI}
	check(t, s.Record(t.Context(), []plan.Event{odd}))
	var stored, exported listener
	end := must[Head](t)(s.Replay(t.Context(), &stored))
	head := must[Head](t)(s.Head(t.Context()))
	if end != head || len(stored.broken) != 0 {
		t.Errorf("end %d, want %d; broken at %v: %v", end.Seq, head.Seq, stored.broken, stored.what)
	}
	if want := all(t, s, Filter{}); !reflect.DeepEqual(stored.events, want) {
		t.Errorf("got  %+v\nwant %+v", stored.events, want)
	}
	text := export(t, s)
	end = must[Head](t)(ReplayExport(strings.NewReader(text), &exported))
	if end != head || len(exported.broken) != 0 || !reflect.DeepEqual(exported.events, stored.events) {
		t.Errorf("end %d, want %d; broken at %v: %v", end.Seq, head.Seq, exported.broken, exported.what)
	}
	if n := strings.Count(text, "\n"); n != len(stored.events)+1 {
		t.Errorf("%d lines for %d entries", n, len(stored.events))
	}
}

func TestWhatIsNotWantedIsShownInShort(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), upgrade("r1", 3, start)))
	l := listener{wants: func(k plan.EventKind) bool { return k != plan.RolloutStarted }}
	must[Head](t)(s.Replay(t.Context(), &l))
	i := slices.IndexFunc(l.events, func(e plan.Event) bool { return e.Kind == plan.RolloutStarted })
	if e := l.events[i]; e.Members != nil || e.Release != "r1" || e.Seq == 0 || e.At.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestAnEditedExportIsFound(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), upgrade("r1", 3, start)))
	lines := strings.SplitAfter(export(t, s), "\n")
	lines = lines[:len(lines)-1]
	for _, tt := range []struct {
		name string
		edit func([]string) []string
		want []uint64
	}{
		{"an entry is edited", func(l []string) []string {
			l[5] = strings.Replace(l[5], `"kind":"`, `"kind":"x`, 1)
			return l
		}, []uint64{5}},
		{"two entries are edited", func(l []string) []string {
			l[5], l[9] = strings.Replace(l[5], `"kind":"`, `"kind":"x`, 1), strings.Replace(l[9], `"more":{`, `"more":{"ordinal":7,`, 1)
			return l
		}, []uint64{5, 9}},
		{"an entry is taken away", func(l []string) []string { return slices.Delete(l, 4, 5) }, []uint64{4}},
		{"the first entry is taken away", func(l []string) []string { return slices.Delete(l, 1, 2) }, []uint64{1}},
		{"an entry is put in twice", func(l []string) []string { return slices.Insert(l, 6, l[5]) }, []uint64{5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var l listener
			_, err := ReplayExport(strings.NewReader(strings.Join(tt.edit(slices.Clone(lines)), "")), &l)
			if err != nil || !slices.Equal(l.broken, tt.want) {
				t.Errorf("broken at %v %q, want %v; error %v", l.broken, l.what, tt.want, err)
			}
		})
	}
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), upgrade("r1", 1, start)))
	good := export(t, s)
	first, _, _ := strings.Cut(good, "\n")
	for name, text := range map[string]string{
		"nothing":               "",
		"something else":        "{\"a\":1}\n",
		"no JSON":               first + "\nhello\n",
		"an entry without link": first + "\n{\"seq\":1,\"at\":\"2026-11-24T08:00:00Z\",\"kind\":\"paused\",\"more\":{}}\n",
		"a year out of range":   strings.Replace(good, "2026-", "9026-", 1),
		"a line of another kind": first + "\n" +
			`{"seq":1,"link":"` + strings.Repeat("0", 64) + `"}` + "\n",
	} {
		if _, err := ReplayExport(strings.NewReader(text), &listener{}); err == nil {
			t.Errorf("%s: taken for a journal", name)
		}
	}
}

// FuzzReplayExport: whatever a file says, it is shown or refused, and an entry
// that is shown without a break is in the chain.
func FuzzReplayExport(f *testing.F) {
	s := openAt(f, Config{Path: newPath(f)})
	check(f, s.Record(f.Context(), upgrade("r1", 2, start)))
	var b bytes.Buffer
	check(f, s.Export(f.Context(), &b))
	f.Add(b.Bytes())
	f.Add([]byte(`{"format":"wavegate.dev/journal/v1","after":3,"link":""}`))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var l listener
		end, err := ReplayExport(bytes.NewReader(data), &l)
		if err == nil && len(l.events) > 0 && len(l.broken) == 0 {
			if last := l.events[len(l.events)-1].Seq; end.Seq != last || last != l.after+uint64(len(l.events)) {
				t.Errorf("end %d, last entry %d, %d entries after %d", end.Seq, last, len(l.events), l.after)
			}
		}
	})
}

// BenchmarkReplay checks the chain of a million entries, stored and exported.
func BenchmarkReplay(b *testing.B) {
	path := newPath(b)
	s := openAt(b, Config{Path: path, SnapshotEvery: 1 << 40, pragmas: []string{"synchronous(OFF)"}})
	const size = 1_000_000
	batch := make([]plan.Event, 0, 5000)
	for n := range size {
		if batch = append(batch, journalEvent(n)); len(batch) == cap(batch) {
			check(b, s.Record(b.Context(), batch))
			batch = batch[:0]
		}
	}
	var file bytes.Buffer
	check(b, s.Export(b.Context(), &file))
	b.Run("stored", func(b *testing.B) {
		for b.Loop() {
			must[Head](b)(s.Replay(b.Context(), &counter{}))
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
	})
	b.Run("exported "+strconv.Itoa(file.Len()>>20)+" MB", func(b *testing.B) {
		for b.Loop() {
			must[Head](b)(ReplayExport(bytes.NewReader(file.Bytes()), &counter{}))
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
	})
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			check(b, s.Export(b.Context(), io.Discard))
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
	})
}

// counter wants what package proof wants: all but decisions.
type counter struct{ entries int }

func (*counter) Begin(uint64)                {}
func (*counter) Wants(k plan.EventKind) bool { return k != plan.Decided }
func (c *counter) Entry(*plan.Event)         { c.entries++ }
func (*counter) Broken(uint64, string)       {}
