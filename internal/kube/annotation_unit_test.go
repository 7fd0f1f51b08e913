package kube

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAMarkIsReadBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"prod", `"quoted" \ <b>&amp;</b>`, "Grüße\n\u2028", "null"}))
		m := plan.Mark{
			Release: text.Draw(t, "release"), Cohort: text.Draw(t, "cohort"), Commit: text.Draw(t, "commit"),
			Failed: text.Draw(t, "failed"), Paused: text.Draw(t, "paused"), AllPaused: text.Draw(t, "all paused"),
		}
		if rapid.Bool().Draw(t, "with a version") {
			m.Version = fleet.Version{Tag: rapid.StringMatching(`[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}`).Draw(t, "tag"), Digest: rapid.SampledFrom([]string{"", digest}).Draw(t, "digest")}
		}
		if rapid.Bool().Draw(t, "with a time") {
			m.StartedAt = time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC()
		}
		written, err := note{mark: m, at: noon}.annotations()
		if err != nil {
			t.Fatal(err)
		}
		got, err := markOf(written)
		if err != nil || got != m {
			t.Fatalf("read back %+v, %v; want %+v", got, err, m)
		}
		if m.IsZero() != (len(written) == 0) {
			t.Fatalf("mark %+v leaves %v; an empty one leaves nothing, and no other does", m, written)
		}
	})
}

func TestAMarkThatCannotBeReadIsNotTakenForNone(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  plan.Mark
		fails bool
	}{
		"no annotation":                            {text: ""},
		"an empty mark":                            {text: "{}"},
		"one that says more than we know":          {text: `{"release":"prod","colour":"red"}`, want: plan.Mark{Release: "prod"}},
		"one that says that all is paused":         {text: `{"allPaused":"by ann"}`, want: plan.Mark{AllPaused: "by ann"}},
		"one that was cut short":                   {text: `{"allPaused":"by a`, fails: true},
		"one with something after it":              {text: `{"allPaused":"by ann"} x`, fails: true},
		"one that is no object":                    {text: `"paused"`, fails: true},
		"one that is a list":                       {text: `[]`, fails: true},
		"one with a number for a text":             {text: `{"paused":1}`, fails: true},
		"one whose version is none":                {text: `{"paused":"x","version":"7.6.1+1"}`, fails: true},
		"one whose time is none":                   {text: `{"startedAt":"yesterday"}`, fails: true},
		"one with nothing but blanks":              {text: "  ", fails: true},
		"one that was written by a person in YAML": {text: "paused: by ann", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := markOf(map[string]string{MarkAnnotation: c.text})
			if (err != nil) != c.fails || (!c.fails && got != c.want) {
				t.Fatalf("read %+v, %v; want %+v, an error %v", got, err, c.want, c.fails)
			}
			if c.fails && (!strings.Contains(err.Error(), MarkAnnotation) || !got.IsZero()) {
				t.Errorf("error %q with %+v; want one that names the annotation, and no half of a mark", err, got)
			}
		})
	}
}

func TestANoteSaysTheSameToPeople(t *testing.T) {
	at := time.Date(2026, 3, 4, 13, 30, 0, 5, time.FixedZone("CET", 3600))
	mark := plan.Mark{Release: "prod-7", Commit: "abc123"}
	with := func(change func(*plan.Mark)) plan.Mark { m := mark; change(&m); return m }
	base := map[string]string{ReleaseAnnotation: "prod-7", CommitAnnotation: "abc123", SinceAnnotation: "2026-03-04T12:30:00Z"}
	and := func(more map[string]string) map[string]string { m := maps.Clone(base); maps.Copy(m, more); return m }
	for name, c := range map[string]struct {
		note note
		want map[string]string // besides the mark
	}{
		"nothing to say": {note{from: "1", next: "kafka-1", reason: "because", at: at}, nil},
		"where it comes from, what is next and why": {note{mark, "7.6.0", "kafka-1", "rolling", "its turn", at}, and(map[string]string{StateAnnotation: "rolling", FromAnnotation: "7.6.0", NextAnnotation: "kafka-1", ReasonAnnotation: "its turn"})},
		"what is not known is left out":             {note{mark: mark, at: at}, base},
		"that it failed goes before why it moved":   {note{mark: with(func(m *plan.Mark) { m.Failed = "no answer" }), reason: "its turn", at: at}, and(map[string]string{ReasonAnnotation: "no answer"})},
		"that it is paused goes before that":        {note{mark: with(func(m *plan.Mark) { m.Failed, m.Paused = "no answer", "by ann" }), at: at}, and(map[string]string{ReasonAnnotation: "by ann"})},
		"that all is paused goes before everything": {note{mark: with(func(m *plan.Mark) { m.Failed, m.Paused, m.AllPaused = "x", "by ann", "by bob" }), at: at}, and(map[string]string{ReasonAnnotation: "by bob"})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.note.annotations()
			if err != nil {
				t.Fatal(err)
			}
			delete(got, MarkAnnotation)
			if !maps.Equal(got, c.want) {
				t.Errorf("annotations %v\nwant %v", got, c.want)
			}
			for k := range got {
				if !ours(k) {
					t.Errorf("annotation %s would never be taken away", k)
				}
			}
		})
	}
}

func TestWhichAnnotationsAreKept(t *testing.T) {
	got := keptAnnotations(map[string]string{
		MarkAnnotation: "{}", ConfirmAnnotation: "true", StrategyAnnotation: "RollingUpdate",
		"argocd.argoproj.io/tracking-id": "a", "meta.helm.sh/release-name": "h",
		"kubectl.kubernetes.io/last-applied-configuration": strings.Repeat("x", 1<<16), "wavegate.developer/mark": "no", "strimzi.io/kraft": "enabled",
	})
	want := map[string]string{
		MarkAnnotation: "{}", ConfirmAnnotation: "true", StrategyAnnotation: "RollingUpdate",
		"argocd.argoproj.io/tracking-id": "a", "meta.helm.sh/release-name": "h",
	}
	if !maps.Equal(got, want) {
		t.Errorf("kept %v\nwant %v", got, want)
	}
	if keptAnnotations(map[string]string{"a": "b"}) != nil || keptAnnotations(nil) != nil {
		t.Error("a workload without annotations of interest has a map for them")
	}
}

// People and other programs can write the annotation: whatever it says, it is a
// mark that can be written again, or an error.
func FuzzMarkOf(f *testing.F) {
	for _, text := range []string{
		`{"release":"prod","version":"7.6.1","startedAt":"2026-03-04T12:00:00Z"}`, `{"allPaused":"by ann"}`, "{}", "null", "[]", "{", "\x00", `{"paused":"\ud800"}`,
		`{"startedAt":"0000-01-01T00:00:00Z"}`, `{"startedAt":"9999-12-31T23:59:59.999999999+14:00"}`, `{"RELEASE":"x","release":"y"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := markOf(map[string]string{MarkAnnotation: text})
		if err != nil {
			if !m.IsZero() {
				t.Fatalf("mark %+v beside the error %v", m, err)
			}
			return
		}
		written, err := note{mark: m}.annotations()
		if err != nil {
			t.Fatalf("mark %q cannot be written again: %v", text, err)
		}
		again, err := markOf(written)
		if err != nil || !again.StartedAt.Equal(m.StartedAt) {
			t.Fatalf("mark %q is read back as %+v, %v", text, again, err)
		}
		if again.StartedAt = m.StartedAt; again != m {
			a, _ := json.Marshal(again)
			t.Fatalf("mark %q is read back as %s", text, a)
		}
	})
}
