package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

var update = flag.Bool("update", false, "write what is rendered now into testdata")

// golden compares a rendering with its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -update writes it down\n--- got\n%s--- want\n%s", file, got, want)
	}
}

var now = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

func v(tag string) fleet.Version { return fleet.Version{Tag: tag} }

func cohort(name string, waves ...fleet.Wave) fleet.Cohort {
	return fleet.Cohort{Meta: fleet.Meta{Name: name}, Spec: fleet.CohortSpec{
		Selector: fleet.Selector{MatchLabels: map[string]string{"tier": name}}, Versions: map[string]fleet.Version{"kafka": v("7.6.1")},
		Waves: waves, MaxFailures: fleet.Size{Count: 2},
	}}
}

// scene is a fleet in the middle of a release: canary is done, in production one
// cluster rolls, one has failed with an unfriendly text, the others wait, one
// is pinned, one was changed by hand and one is out of sight.
func scene(t *testing.T) (report.Input, plan.Input) {
	t.Helper()
	all := fleet.Size{IsPercent: true, Percent: 100}
	spec := &fleet.Spec{
		Fleet: fleet.Fleet{Meta: fleet.Meta{Name: "acme"}, Spec: fleet.FleetSpec{
			Order: []fleet.Stage{{"canary"}, {"prod"}}, Limits: []fleet.Limit{{MaxConcurrency: 10}, {Label: "customer", MaxConcurrency: 1}},
		}},
		Products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "kafka", ProgressDeadline: fleet.Duration(45 * time.Minute), Settle: fleet.Duration(time.Minute),
		}}},
		Cohorts: []fleet.Cohort{
			cohort("canary", fleet.Wave{Size: all, Soak: fleet.Duration(time.Hour)}),
			cohort("prod", fleet.Wave{Size: fleet.Size{Count: 5}, Soak: fleet.Duration(4 * time.Hour)}, fleet.Wave{Size: all}),
		},
		Pins: []fleet.Pin{{Meta: fleet.Meta{Name: "audit"}, Spec: fleet.PinSpec{
			Clusters: []string{"lkc-5", "lkc-gone"}, Owner: "user:ann", Reason: "customer audit", Expires: fleet.Moment{Time: now.Add(90 * 24 * time.Hour)},
		}}},
	}
	policy, err := plan.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Now: now, Policy: policy, Fleet: plan.NewInventory(), State: plan.NewState(), DataPlanes: []string{"aws", "gcp"}}
	mark := plan.Mark{Release: "kafka-7.6.1-c0ffee0", Cohort: "prod", Commit: "beef1230000", Version: v("7.6.1"), StartedAt: now.Add(-time.Hour)}
	cluster := func(name, tier, customer, version string) plan.Cluster {
		return plan.Cluster{
			Name: name, Product: "kafka", DataPlane: "aws", Labels: map[string]string{"tier": tier, "customer": customer},
			Version: v(version), Target: v(version), Replicas: 6, Updated: 6, Ready: 6, Next: -1, Ratchet: true, ReadySince: now.Add(-10 * time.Minute),
		}
	}
	canary := cluster("lkc-0", "canary", "us", "7.6.1")
	rolls := cluster("lkc-1", "prod", "blue", "7.6.0")
	rolls.Target, rolls.Updated, rolls.Next, rolls.Mark = v("7.6.1"), 2, 3, mark
	failed := cluster("lkc-2", "prod", "green", "7.6.0")
	failed.Target, failed.Updated, failed.Next, failed.Ready, failed.Mark = v("7.6.1"), 1, 4, 5, mark
	failed.ReadySince, failed.Problem = time.Time{}, "CrashLoop\x1b[31mBackOff\nsecond line \u202eesrever"
	waits := cluster("lkc-3", "prod", "blue", "7.6.0")
	late := cluster("lkc-4", "prod", "red", "7.6.0")
	pinned := cluster("lkc-5", "prod", "grey", "7.6.0")
	byHand := cluster("lkc-6", "canary", "us", "7.5.0")
	byHand.Mark = plan.Mark{Release: mark.Release, Cohort: "canary", Commit: mark.Commit, Version: v("7.6.1")}
	stray := cluster("lkc-8", "nowhere", "x", "7.6.0")
	lost := cluster("lkc-9", "prod", "pink", "7.6.0")
	lost.DataPlane = "gcp"
	in.Fleet.Observe(plan.Observation{DataPlane: "aws", Full: true, AsOf: now, Clusters: []plan.Cluster{canary, rolls, failed, waits, late, pinned, byHand, stray}})
	in.Fleet.Observe(plan.Observation{DataPlane: "gcp", Full: true, AsOf: now, Clusters: []plan.Cluster{lost}})
	in.Fleet.Lose("gcp", "connection refused")

	at := func(ago time.Duration) time.Time { return now.Add(-ago) }
	release := plan.Event{Release: mark.Release, Product: "kafka", To: v("7.6.1"), From: v("7.6.0"), Commit: "c0ffee000000"}
	apply := func(kind plan.EventKind, ago time.Duration, change func(*plan.Event)) {
		e := release
		e.Kind, e.At = kind, at(ago)
		change(&e)
		in.State.Apply(e)
	}
	in.State.Apply(plan.Event{Kind: plan.CommitAdmitted, At: at(5 * time.Hour), Commit: "beef12300000"})
	for _, plane := range in.DataPlanes {
		in.State.Apply(plan.Event{Kind: plan.DataPlaneSeen, At: at(5 * time.Hour), DataPlane: plane})
	}
	for _, name := range []string{"canary", "prod"} {
		apply(plan.TargetSet, 4*time.Hour, func(e *plan.Event) {
			if e.Cohort = name; name == "prod" {
				e.Commit = "beef12300000"
			}
		})
	}
	apply(plan.RolloutStarted, 4*time.Hour, func(e *plan.Event) { e.Cohort, e.Members, e.Waves = "canary", []string{"lkc-0", "lkc-6"}, []int{2} })
	for _, m := range []string{"lkc-0", "lkc-6"} {
		apply(plan.ClusterFinished, 3*time.Hour, func(e *plan.Event) { e.Cohort, e.Cluster = "canary", m })
	}
	apply(plan.WaveFinished, 3*time.Hour, func(e *plan.Event) { e.Cohort = "canary" })
	apply(plan.WaveSoaked, 2*time.Hour, func(e *plan.Event) { e.Cohort = "canary" })
	apply(plan.RolloutFinished, 2*time.Hour, func(e *plan.Event) { e.Cohort = "canary" })
	apply(plan.RolloutStarted, 2*time.Hour, func(e *plan.Event) {
		e.Cohort, e.Commit = "prod", "beef12300000"
		e.Members, e.Waves = []string{"lkc-1", "lkc-2", "lkc-3", "lkc-5", "lkc-9", "lkc-4"}, []int{5, 1}
	})
	for _, m := range []string{"lkc-1", "lkc-2"} {
		apply(plan.ClusterStarted, time.Hour, func(e *plan.Event) { e.Cohort, e.Cluster = "prod", m })
		apply(plan.ClusterStepped, 10*time.Minute, func(e *plan.Event) { e.Cohort, e.Cluster = "prod", m })
	}
	apply(plan.ClusterFailed, 50*time.Minute, func(e *plan.Event) {
		e.Cohort, e.Cluster, e.Reason = "prod", "lkc-2", "monitor under-replicated fires since 08:40"
		e.Evidence = plan.Evidence{
			Product: "kafka", Monitor: "under-replicated", Cluster: "lkc-2", Since: at(50 * time.Minute), Link: "https://monitors.example/7?group=lkc-2",
			Judgement: plan.Charged, StartedAt: at(time.Hour), Among: "data plane aws", Touched: 3, TouchedFiring: 1, Untouched: 2,
		}
	})
	p := plan.Decide(in)
	if len(p.Events) > 0 {
		t.Fatalf("the scene is not at rest: %+v", p.Events)
	}
	return report.Input{
		Now: now, Plan: p, State: in.State, Fleet: in.Fleet, FleetName: "acme", Problems: []string{"observe data plane gcp: connection refused"},
	}, in
}

// mark shows colours as letters, so that a golden file says where they are.
func mark(r report.Role, s string) string {
	return "<" + []string{"", "good", "busy", "warn", "bad", "dim", "strong"}[r] + ">" + s + "</>"
}

func TestReportsAreCalmAndAligned(t *testing.T) {
	in, planInput := scene(t)
	status := report.NewStatus(in)
	golden(t, "status", status.Text(nil))
	golden(t, "status-painted", status.Text(mark))
	golden(t, "drift", report.NewDrift(in, func(cluster string) time.Time {
		if cluster == "lkc-6" {
			return now.Add(-26 * time.Hour)
		}
		return time.Time{}
	}).Text(nil))
	for _, name := range []string{"lkc-1", "lkc-2", "lkc-3", "lkc-5", "lkc-8", "lkc-9"} {
		x, err := report.NewExplanation(in, name)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "explain-"+name, x.Text(nil))
	}
	if _, err := report.NewExplanation(in, "nope"); err == nil {
		t.Error("a cluster that is not there is explained")
	}
	preview := &report.Preview{
		At: now, Moves: []report.Move{{Product: "kafka", Cohort: "prod", From: "7.6.0", To: "7.6.1"}, {Product: "kafka", Cohort: "new", To: "7.6.1", Emergency: "cve"}, {Product: "ksqldb", Cohort: "prod", From: "0.29.0"}},
		Refused: "it moves the versions of new, prod; one commit moves at most one cohort",
		Run:     simulate.Run(simulate.Config{Input: planInput, Horizon: 30 * 24 * time.Hour}),
		Touches: []report.Touch{{Label: "customer", Values: 4}, {Label: "region", Values: 2}},
	}
	golden(t, "preview", preview.Text(nil))
	golden(t, "preview-empty", (&report.Preview{At: now}).Text(nil))
	golden(t, "status-stopped", report.NewStatus(report.Input{
		Now: now, Plan: plan.Decide(plan.Input{Now: now, Fleet: plan.NewInventory(), State: plan.NewState()}), State: plan.NewState(), Fleet: plan.NewInventory(),
	}).Text(nil))
}

func TestAPauseComesFirstAndSaysHowToGoOn(t *testing.T) {
	in, planInput := scene(t)
	planInput.State.Apply(plan.Event{Kind: plan.Paused, At: now, Release: "kafka-7.6.1-c0ffee0", Reason: "lkc-2 failed; 3 clusters have failed, 2 allowed"})
	planInput.State.Apply(plan.Event{Kind: plan.CommitRefused, At: now, Commit: "badbad00000", Reason: "it is not approved; revert it, or have it approved"})
	in.Plan = plan.Decide(planInput)
	golden(t, "status-paused", report.NewStatus(in).Text(nil))
}

func TestHistoryTellsWhatHappened(t *testing.T) {
	h := &report.History{At: now}
	for i, e := range []plan.Event{
		{Kind: plan.CommitAdmitted, Commit: "c0ffee000000", Reason: "signed by ada@example.com", By: "ada@example.com"},
		{Kind: plan.RolloutStarted, Cohort: "prod", To: v("7.6.1"), Commit: "c0ffee000000"},
		{Kind: plan.ClusterStarted, Cluster: "lkc-1", From: v("7.6.0"), To: v("7.6.1"), Reason: "wave 1 of prod", Commit: "c0ffee000000"},
		{Kind: plan.ClusterStepped, Cluster: "lkc-1", Ordinal: 5, To: v("7.6.1")},
		{Kind: plan.ClusterFailed, Cluster: "lkc-1", Reason: "evil\x1b]0;title\x07 text"},
		{Kind: plan.Paused, Reason: "on call", By: "user:ada"},
		{Kind: plan.WaveSoaked, Cohort: "prod", Wave: 1},
		{Kind: plan.DriftFound, Cluster: "lkc-1", Gate: "changed by hand", Reason: "runs 7.5.0"},
		{Kind: plan.Decided, Cluster: "lkc-1", Verdict: "waiting", Reason: "blackout weekends until 2026-03-09 07:00 UTC"},
	} {
		e.At = now.Add(time.Duration(i) * time.Minute)
		h.Events = append(h.Events, e)
	}
	golden(t, "history", h.Text(nil))
}

// TestNothingFromOutsideReachesTheTerminal looks for control characters in what
// was built from the unfriendly scene.
func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	in, _ := scene(t)
	x, err := report.NewExplanation(in, "lkc-2")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{report.NewStatus(in).Text(nil), x.Text(nil)} {
		for _, r := range text {
			if (r < 0x20 && r != '\n') || r == 0x202e || r == 0x7f {
				t.Fatalf("a control character %U in\n%s", r, text)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range report.Clean(rapid.String().Draw(t, "text")) {
			if r < 0x20 || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2060 && r <= 0x2069) {
				t.Fatalf("%U came through", r)
			}
		}
	})
}

func TestABarIsAlwaysAsWideAsItShouldBe(t *testing.T) {
	in, _ := scene(t)
	s := report.NewStatus(in)
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(0, 5000).Draw(t, "total")
		r := &s.Releases[0].Rollouts[0]
		r.Clusters = total
		r.OnTarget = rapid.IntRange(0, total).Draw(t, "done")
		r.Running = rapid.IntRange(0, total-r.OnTarget).Draw(t, "running")
		r.Failed = rapid.IntRange(0, total-r.OnTarget-r.Running).Draw(t, "failed")
		for _, line := range strings.Split(s.Text(nil), "\n") {
			if !strings.HasPrefix(line, "  canary  ") {
				continue
			}
			bar := strings.Fields(line)[1]
			if utf8.RuneCountInString(bar) != 24 {
				t.Fatalf("%d wide: %s", utf8.RuneCountInString(bar), line)
			}
			if r.OnTarget < total && strings.Count(bar, "█") == 24 {
				t.Fatalf("looks done, and %d of %d are: %s", r.OnTarget, total, line)
			}
			if (r.Running > 0) != strings.Contains(bar, "▒") || (r.Failed > 0) != strings.Contains(bar, "▓") {
				t.Fatalf("%d running, %d failed: %s", r.Running, r.Failed, line)
			}
			return
		}
		t.Fatal("no bar")
	})
}

func TestReportsAreJSON(t *testing.T) {
	in, _ := scene(t)
	data, err := json.Marshal(report.NewStatus(in))
	if err != nil {
		t.Fatal(err)
	}
	var back report.Status
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Clusters != 9 || back.Releases[0].Rollouts[1].Failed != 1 || back.Drifted != 3 {
		t.Errorf("%+v", back)
	}
}
