package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAnEventComesBackAsItWas(t *testing.T) {
	var e plan.Event
	fill(t, reflect.ValueOf(&e).Elem(), 1)
	e.At = start.In(time.FixedZone("CET", 3600)).Add(123456789)
	e.Seq = 77 // is not the caller's to give
	s := openAt(t, Config{Path: newPath(t)})
	check(t, s.Record(t.Context(), []plan.Event{e}))
	got := all(t, s, Filter{})
	if len(got) != 1 || got[0].Seq != 1 || !got[0].At.Equal(e.At) {
		t.Fatalf("got %+v", got)
	}
	e.Seq, e.At = 1, e.At.UTC()
	if !reflect.DeepEqual(got[0], e) {
		t.Errorf("got  %+v\nwant %+v", got[0], e)
	}
}

// fill sets every field to a value of its own, so that a field which is added
// to an event one day is tested as well.
func fill(t *testing.T, v reflect.Value, n int) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Field(i)
		n := n*50 + i
		switch {
		case f.Type() == reflect.TypeFor[fleet.Version]():
			f.Set(reflect.ValueOf(fleet.Version{Tag: "7.6." + strconv.Itoa(i), Digest: "sha256:" + strings.Repeat("0f", 32)}))
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(start))
		case f.Type() == reflect.TypeFor[*plan.Rules]():
			f.Set(reflect.ValueOf(rules(t)))
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			fill(t, f.Elem(), n)
		case f.Type() == reflect.TypeFor[map[string]string]():
			f.Set(reflect.ValueOf(map[string]string{"a": "b"}))
		case f.Kind() == reflect.Struct:
			fill(t, f, n)
		case f.Kind() == reflect.String:
			f.SetString("välue <" + v.Type().Field(i).Name + "> \"'\x00" + strings.Repeat("\n", n%3))
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.CanInt():
			f.SetInt(int64(n%1000 + 1))
		case f.CanUint():
			f.SetUint(uint64(n%1000 + 1))
		case f.Type() == reflect.TypeFor[[]string]():
			f.Set(reflect.ValueOf([]string{"a", "b"}))
		case f.Type() == reflect.TypeFor[[]int]():
			f.Set(reflect.ValueOf([]int{1, 2}))
		default:
			t.Fatalf("teach this test to fill %s %s", v.Type().Field(i).Name, f.Type())
		}
		if f.IsZero() {
			t.Fatalf("%s is still zero", v.Type().Field(i).Name)
		}
	}
}

// rules are those of the example fleet repository, and what it has none of.
func rules(t *testing.T) *plan.Rules {
	t.Helper()
	spec, problems := fleet.Load(fleetrepoexample.FS)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := plan.NewRules(spec)
	if len(r.Order) == 0 || len(r.Limits) == 0 || len(r.Products) == 0 || len(r.Cohorts) == 0 || len(r.Windows) == 0 {
		t.Fatalf("the example has not enough: %+v", r)
	}
	expires := fleet.Moment{Time: start.Add(time.Hour)}
	r.Pins = map[string]plan.PinRules{"p": {Clusters: []string{"a"}, Expires: expires}}
	r.Emergencies = map[string]plan.EmergencyRules{"e": {Product: "kafka", Skip: []fleet.EmergencySkip{fleet.SkipSoak}, Expires: expires}}
	return r
}

func TestABatchIsStoredWhollyOrNotAtAll(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	good := numbered(1)
	for _, c := range []struct {
		says string
		edit func(*plan.Event)
	}{
		{"event 2 of 2 (): it has no kind", func(e *plan.Event) { e.Kind = "" }},
		{"it has no time", func(e *plan.Event) { e.At = time.Time{} }},
		{"cannot be read", func(e *plan.Event) { e.To.Tag = "no such/tag" }},
		{"is out of range", func(e *plan.Event) { e.At = start.AddDate(1000, 0, 0) }},
	} {
		bad := good
		c.edit(&bad)
		if err := s.Record(t.Context(), []plan.Event{good, bad}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Record(ctx, []plan.Event{good}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	check(t, s.Record(t.Context(), nil))
	if got := all(t, s, Filter{}); len(got) != 0 {
		t.Errorf("something was stored: %+v", got)
	}
}

func TestAFullDiskLosesNothingAndEndsWhenThereIsSpaceAgain(t *testing.T) {
	path := newPath(t)
	s := must[*Store](t)(Open(t.Context(), Config{Path: path, pragmas: []string{"max_page_count(60)"}}))
	var kept []plan.Event
	var err error
	for i := range 1000 {
		batch := upgrade("release-"+string(rune('a'+i%26))+strings.Repeat("x", i), 5, start)
		if err = s.Record(t.Context(), batch); err != nil {
			break
		}
		kept = append(kept, batch...)
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "free some space") {
		t.Fatalf("want ErrFull with advice, got %v", err)
	}
	if len(kept) == 0 {
		t.Fatal("nothing was recorded before the disk was full")
	}
	if got := loaded(t, s); got != folding(t, kept) {
		t.Errorf("after the disk was full: got %s", got)
	}
	check(t, s.Verify(t.Context()))
	if err := s.Close(); err != nil && !errors.Is(err, ErrFull) {
		t.Errorf("close: %v", err)
	}

	s = openAt(t, Config{Path: path})
	more := upgrade("release-later", 5, start.Add(time.Hour))
	check(t, s.Record(t.Context(), more))
	if got := loaded(t, s); got != folding(t, append(kept, more...)) {
		t.Errorf("with space again: got %s", got)
	}
	check(t, s.Verify(t.Context()))
}

func TestTheSameStoreGoesOnWhenThereIsSpaceAgain(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t), pragmas: []string{"max_page_count(60)"}})
	long := numbered(1)
	long.Reason = strings.Repeat("long ", 100_000)
	check(t, s.Record(t.Context(), []plan.Event{numbered(1)}))
	if err := s.Record(t.Context(), []plan.Event{numbered(2), long}); !errors.Is(err, ErrFull) {
		t.Fatalf("want ErrFull, got %v", err)
	}
	check(t, s.Record(t.Context(), []plan.Event{numbered(2), numbered(3)}))
	check(t, s.Verify(t.Context()))
	if got := all(t, s, Filter{}); len(got) != 3 || got[2].Seq != 3 || got[2].Reason != "number 3" {
		t.Errorf("got %+v", got)
	}
}

func TestOfVolatileEventsOnlyTheNewestIsKept(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	events := upgrade("r1", 2, start)
	events = events[:len(events)-3] // the wave soaks
	check(t, s.Record(t.Context(), events))
	for i := range 100 {
		e := events[len(events)-1]
		if !e.Volatile() {
			t.Fatalf("the story has changed: %s", e.Kind)
		}
		e.Soaked = time.Duration(i) * time.Minute
		events = append(events, e)
		check(t, s.Record(t.Context(), events[len(events)-1:]))
	}
	if got := loaded(t, s); got != folding(t, events) {
		t.Errorf("got %s\nwant %s", got, folding(t, events))
	}
	if n := count(t, s, "SELECT count(*) FROM volatile"); n != 1 {
		t.Errorf("%d volatile rows", n)
	}
	for _, e := range all(t, s, Filter{}) {
		if e.Volatile() {
			t.Errorf("the journal has %+v", e)
		}
	}
}

// TestTheFormOfAStoredEventNeverChanges has the link of one event as the first
// version of the schema computes it. Files of users hold such links: when this
// test fails, their journals no longer verify.
func TestTheFormOfAStoredEventNeverChanges(t *testing.T) {
	l := line{
		seq: 2, at: start.UnixNano(), kind: "rollout-started", release: "r1", product: "kafka", cohort: "canary",
		body: []byte(`{"to":{"Tag":"7.6.1"}}`), members: []byte(`["lkc-1"]`),
	}
	link, err := l.link([32]byte{1, 2, 3})
	check(t, err)
	got, err := json.Marshal(link[:])
	check(t, err)
	if string(got) != goldenLink {
		t.Errorf("got %s", got)
	}
}

const goldenLink = `"wpMIJG+giAQ9AFawUKxJjiYAKGTqey57b4ffN/W/5lE="`
