package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// goldenPost compares a post with its file, which one can look at as GitHub
// shows it, and checks what holds for every post.
func goldenPost(t *testing.T, name string, p report.Post) {
	t.Helper()
	if len(p.Body) > report.PostLimit {
		t.Errorf("%s has %d bytes", name, len(p.Body))
	}
	if _, _, ok := report.FindMarker(p.Body); !ok {
		t.Errorf("%s has no marker", name)
	}
	text := p.Body
	if p.Title != "" {
		text = "<!-- title: " + p.Title + " -->\n" + text
	}
	file := filepath.Join("testdata", name+".md")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; -update writes it down\n--- got\n%s--- want\n%s", file, text, want)
	}
}

func ago(d time.Duration) time.Time { return now.Add(-d) }

const trainID = "kafka-7.6.1-c0ffee0"

// train is a release in the middle: canary is done, prod has finished its first
// wave, of the second three clusters are under way.
func train() *report.Status {
	prod := report.Rollout{
		Cohort: "prod", Phase: "rolling", Commit: "beef12300000", Previous: "7.6.0", Clusters: 40, OnTarget: 7, Running: 3, Budget: 2,
		StartedAt: ago(6 * time.Hour),
		Waves: []report.Wave{
			{Size: 4, Finished: 4, Open: true, Done: true, Soaked: 2 * time.Hour, Soak: 2 * time.Hour, OpenedAt: ago(6 * time.Hour), FinishedAt: ago(5 * time.Hour), SoakedAt: ago(3 * time.Hour)},
			{Size: 10, Finished: 3, Running: 3, Open: true, Soak: 4 * time.Hour, OpenedAt: ago(2 * time.Hour)},
			{Size: 26},
		},
	}
	canary := report.Rollout{
		Cohort: "canary", Phase: "finished", Commit: "c0ffee000000", Previous: "7.6.0", Clusters: 2, OnTarget: 2, Budget: 1,
		StartedAt: ago(30 * time.Hour), FinishedAt: ago(26 * time.Hour),
		Waves: []report.Wave{{Size: 2, Finished: 2, Open: true, Done: true, Soaked: 2 * time.Hour, Soak: 2 * time.Hour, OpenedAt: ago(30 * time.Hour), FinishedAt: ago(28 * time.Hour), SoakedAt: ago(26 * time.Hour)}},
	}
	line := func(name string, updated int) report.Line {
		return report.Line{Cluster: name, Product: "kafka", Cohort: "prod", Plane: "aws-eu-1", Verdict: "rolling", Version: "7.6.0", Target: "7.6.1", Updated: updated, Replicas: 12}
	}
	return &report.Status{
		At: now, Fleet: "acme", Commit: "beef12300000", Clusters: 42, Totals: map[string]int{"current": 9, "rolling": 3, "waiting": 30},
		Releases: []report.Release{{ID: trainID, Product: "kafka", Version: "7.6.1", Rollouts: []report.Rollout{canary, prod}}},
		InFlight: []report.Line{line("lkc-11", 6), line("lkc-12", 11), line("lkc-13", 1)},
		Waiting: []report.Group{
			{Product: "kafka", Cohort: "prod", Gate: "wave-not-open", Reason: "wave 3 opens when wave 2 has finished and soaked", Count: 26, Example: "lkc-30"},
			{Product: "kafka", Cohort: "prod", Gate: "limit-reached", Reason: "1 in flight allowed for each customer", Count: 4, Example: "lkc-14"},
		},
	}
}

func view() report.ReleaseView {
	return report.ReleaseView{ID: "42", Commit: "beef12300000", Release: trainID, Cohort: "prod"}
}

// pausedTrain is the same after a monitor fired.
func pausedTrain() *report.Status {
	s := train()
	r := &s.Releases[0]
	r.Paused = &plan.Pause{Reason: "lkc-12 failed; 3 clusters have failed, 2 allowed", At: ago(20 * time.Minute)}
	r.Failures = 3
	r.Failed = []report.Failure{
		{Cluster: "lkc-12", Cohort: "prod", Reason: "monitor under-replicated fires since 2026-03-04 09:09 UTC", At: ago(20 * time.Minute), Evidence: plan.Evidence{
			Product: "kafka", Monitor: "under-replicated", Cluster: "lkc-12", Since: ago(21 * time.Minute), Judgement: plan.Charged, StartedAt: ago(50 * time.Minute),
			Among: "data plane aws-eu-1", Touched: 12, TouchedFiring: 3, Untouched: 28,
		}, Alerts: []report.Alert{
			{Monitor: "under-replicated", Since: ago(21 * time.Minute), Link: "https://app.datadoghq.eu/monitors/4711?group=kafka_cluster:lkc-12"},
		}},
		{Cluster: "lkc-10", Cohort: "prod", Reason: "monitor latency fires since 2026-03-04 08:29 UTC again", At: ago(time.Hour), Evidence: plan.Evidence{
			Product: "kafka", Monitor: "latency", Cluster: "lkc-10", Since: ago(61 * time.Minute), Link: "https://app.datadoghq.eu/monitors/4712?group=kafka_cluster:lkc-10",
			Judgement: plan.Charged, Again: true, StartedAt: ago(2 * time.Hour), Among: "data plane aws-eu-1", Touched: 11, TouchedFiring: 1, Untouched: 29, UntouchedFiring: 1,
		}},
		{Cluster: "lkc-09", Cohort: "prod", Reason: "not done after 45m", At: ago(90 * time.Minute)},
	}
	prod := &r.Rollouts[1]
	prod.Held = []plan.PlaneCount{{DataPlane: "aws-eu-1", Clusters: 3}, {DataPlane: "gcp-eu-3", Clusters: 2}}
	prod.Pending = 28
	prod.MaxFailures = "5%"
	prod.Phase, prod.Gate, prod.Reason, prod.Running, prod.Failed = "paused", "release-paused", r.Paused.Reason, 2, 3
	s.InFlight[1].Verdict, s.InFlight[1].Reason = "failed", r.Failed[0].Reason
	s.InFlight[0], s.InFlight[1] = s.InFlight[1], s.InFlight[0]
	for _, i := range []int{1, 2} {
		s.InFlight[i].Verdict, s.InFlight[i].Reason = "stopped", r.Paused.Reason
	}
	return s
}

func TestTheLivingCommentTellsHowTheReleaseStands(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *report.Status, v *report.ReleaseView) *report.Status
	}{
		{"rolling", func(s *report.Status, _ *report.ReleaseView) *report.Status { return s }},
		{"paused", func(_ *report.Status, v *report.ReleaseView) *report.Status {
			v.Answers = []report.Answer{
				{At: ago(5 * time.Minute), By: "ann", Command: "/wavegate resume", Refused: "ann is not in team acme/kafka-sre"},
				{At: ago(10 * time.Minute), By: "bob", Command: "/wavegate retry lkc-12", Done: "lkc-12 goes on once the release is resumed"},
			}
			return pausedTrain()
		}},
		{"everything-paused", func(s *report.Status, _ *report.ReleaseView) *report.Status {
			s.Paused = &plan.Pause{Reason: "network maintenance", By: "user:ann", At: ago(time.Hour)}
			r := &s.Releases[0].Rollouts[1]
			r.Phase, r.Gate, r.Reason = "paused", "everything-paused", "everything is paused: network maintenance"
			for i := range s.InFlight {
				s.InFlight[i].Verdict, s.InFlight[i].Reason = "stopped", r.Reason
			}
			return s
		}},
		{"soaking", func(s *report.Status, _ *report.ReleaseView) *report.Status {
			r := &s.Releases[0].Rollouts[1]
			r.Phase, r.Gate, r.Reason, r.OnTarget, r.Running = "soaking", "soaking", "wave 2 soaks, 1h 59m to go", 14, 0
			r.Waves[1] = report.Wave{Size: 10, Finished: 10, Open: true, Soak: 4 * time.Hour, Soaked: 2*time.Hour + time.Minute, OpenedAt: ago(8 * time.Hour), FinishedAt: ago(2*time.Hour + time.Minute)}
			s.InFlight = nil
			return s
		}},
		{"waiting-for-a-window", func(s *report.Status, v *report.ReleaseView) *report.Status {
			r := &s.Releases[0].Rollouts[1]
			r.Gate, r.Reason, r.Running = "window-closed", "blackout weekends until 2026-03-09 07:00 UTC", 0
			s.InFlight, r.Opens = nil, time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)
			return s
		}},
		{"blind", func(s *report.Status, _ *report.ReleaseView) *report.Status {
			r := &s.Releases[0].Rollouts[1]
			r.Gate, r.Reason = "monitor-blind", "monitor latency cannot be relied upon: no data since 09:12"
			s.Problems = []string{"observe data plane gcp: connection refused"}
			return s
		}},
		{"finished", func(s *report.Status, _ *report.ReleaseView) *report.Status {
			r := &s.Releases[0].Rollouts[1]
			r.Phase, r.OnTarget, r.Running, r.FinishedAt = "finished", 40, 0, ago(10*time.Minute)
			for i := range r.Waves {
				r.Waves[i].Finished, r.Waves[i].Done = r.Waves[i].Size, true
				r.Waves[i].OpenedAt, r.Waves[i].FinishedAt, r.Waves[i].SoakedAt = ago(6*time.Hour), ago(5*time.Hour), ago(3*time.Hour)
			}
			s.Releases[0].Done, s.InFlight, s.Waiting = true, nil, nil
			return s
		}},
		{"superseded", func(s *report.Status, v *report.ReleaseView) *report.Status {
			v.SupersededBy, v.SupersededLink = "kafka-7.6.2-deadbee", "https://github.com/acme/fleet/pull/43"
			s.Releases[0].Rollouts = s.Releases[0].Rollouts[:1]
			return s
		}},
		{"rejected", func(s *report.Status, v *report.ReleaseView) *report.Status {
			v.Commit, v.Release = "badbad00000", ""
			v.Judgement = &admission.Judgement{Commit: v.Commit, Status: admission.Rejected, Reason: "it is not approved: 1 approval of team:acme/kafka-sre is needed, and @eve approved her own"}
			s.Frozen = &plan.Freeze{Commit: v.Commit, Reason: v.Judgement.Reason, Since: now}
			return s
		}},
		{"pending", func(s *report.Status, v *report.ReleaseView) *report.Status {
			v.Commit = "badbad00000"
			v.Judgement = &admission.Judgement{Commit: v.Commit, Status: admission.Pending, Reason: "its approval cannot be read: GitHub answers 502"}
			return s
		}},
		{"frozen", func(s *report.Status, _ *report.ReleaseView) *report.Status {
			s.Frozen = &plan.Freeze{Commit: "badbad00000", Reason: "it is not approved; revert it, or have it approved", Since: ago(time.Hour)}
			return s
		}},
		{"moves-nothing", func(s *report.Status, v *report.ReleaseView) *report.Status {
			v.Release, v.Cohort = "", ""
			return s
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := view()
			s := tt.change(train(), &v)
			p := s.ReleaseMarkdown(v)
			goldenPost(t, "release-"+tt.name, p)
			s.At = s.At.Add(time.Minute)
			if again := s.ReleaseMarkdown(v); again.Fingerprint != p.Fingerprint {
				t.Error("it is edited only because time has passed")
			}
		})
	}
}

func TestACommitThatNobodyProposedIsToldWhatToDo(t *testing.T) {
	s := train()
	goldenPost(t, "commit", s.CommitMarkdown(admission.Judgement{
		Commit: "badbad000000", Status: admission.Rejected,
		Reason: "it was pushed to main by @eve, not merged by a pull request that people could approve; revert it, or have it approved",
	}))
	goldenPost(t, "commit-rewritten", s.CommitMarkdown(admission.Judgement{
		Commit: "badbad000000", Status: admission.Rejected, Rewritten: true,
		Reason: "the branch was rewritten: it no longer contains commit beef123, which is in force; push that commit back, or merge the change on top of it",
	}))
	s.Commit = ""
	goldenPost(t, "commit-first-start", s.CommitMarkdown(admission.Judgement{
		Commit: "badbad000000", Status: admission.Rejected,
		Reason: "it was pushed to main by eve, not merged by a pull request that people could approve; nothing is in force yet: merge an approved pull request, or let whoever runs Wavegate name this commit as the one to begin with, by --first-commit badbad000000",
	}))
}

func TestWhatStandsStillSaysWhyBeforeAnythingElse(t *testing.T) {
	body := pausedTrain().ReleaseMarkdown(view()).Body
	order := []string{"Paused since", "lkc-12 failed; 3 clusters have failed", "under-replicated](https://app.datadoghq.eu/", "/wavegate resume", "| Cohort | Progress", "In flight"}
	at := -1
	for _, want := range order {
		next := strings.Index(body, want)
		if next <= at {
			t.Fatalf("%q stands at %d, after %d:\n%s", want, next, at, body)
		}
		at = next
	}
}

func TestAChangeOfTheReleaseChangesTheFingerprint(t *testing.T) {
	before := train().ReleaseMarkdown(view())
	if again := train().ReleaseMarkdown(view()); again != before {
		t.Fatal("the same status renders differently")
	}
	for name, change := range map[string]func(*report.Status){
		"a broker":          func(s *report.Status) { s.InFlight[0].Updated++ },
		"a cluster":         func(s *report.Status) { s.Releases[0].Rollouts[1].OnTarget++ },
		"a pause":           func(s *report.Status) { s.Releases[0].Paused = &plan.Pause{Reason: "on call", At: now} },
		"a commit in force": func(s *report.Status) { s.Commit = "1234567890" },
		"a problem":         func(s *report.Status) { s.Problems = []string{"fetch: timeout"} },
	} {
		s := train()
		change(s)
		if s.ReleaseMarkdown(view()).Fingerprint == before.Fingerprint {
			t.Errorf("%s goes unseen", name)
		}
	}
}

// calendarPreview simulates a rollout through a soak and a blackout.
func calendarPreview(t *testing.T, now time.Time) *report.Preview {
	t.Helper()
	all := fleet.Size{IsPercent: true, Percent: 100}
	spec := &fleet.Spec{
		Fleet: fleet.Fleet{Meta: fleet.Meta{Name: "acme"}, Spec: fleet.FleetSpec{Order: []fleet.Stage{{"prod"}}, Limits: []fleet.Limit{{Label: "customer", MaxConcurrency: 1}}}},
		Products: []fleet.Product{{Meta: fleet.Meta{Name: "kafka"}, Spec: fleet.ProductSpec{
			Image: "kafka", ProgressDeadline: fleet.Duration(45 * time.Minute), Settle: fleet.Duration(time.Minute),
		}}},
		Cohorts: []fleet.Cohort{cohort("prod", fleet.Wave{Size: fleet.Size{Count: 1}, Soak: fleet.Duration(2 * time.Hour)},
			fleet.Wave{Size: fleet.Size{Count: 3}, Soak: fleet.Duration(4 * time.Hour)}, fleet.Wave{Size: all})},
		Windows: []fleet.Window{{Meta: fleet.Meta{Name: "nights"}, Spec: fleet.WindowSpec{
			Type: fleet.Blackout, Schedule: "0 12 * * *", Duration: fleet.Duration(18 * time.Hour), TimeZone: "UTC", Reason: "nobody is at work",
		}}},
	}
	policy, err := plan.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Now: now, Policy: policy, Fleet: plan.NewInventory(), State: plan.NewState(), DataPlanes: []string{"aws"}}
	var clusters []plan.Cluster
	for i := range 8 {
		clusters = append(clusters, plan.Cluster{
			Name: fmt.Sprintf("lkc-%d", i), Product: "kafka", DataPlane: "aws",
			Labels:  map[string]string{"tier": "prod", "customer": []string{"blue", "green", "red"}[i%3], "region": []string{"eu-1", "us-1"}[i%2]},
			Version: v("7.6.0"), Target: v("7.6.0"), Replicas: 3, Updated: 3, Ready: 3, Next: -1, Ratchet: true, ReadySince: now.Add(-time.Hour),
		})
	}
	in.Fleet.Observe(plan.Observation{DataPlane: "aws", Full: true, AsOf: now, Clusters: clusters})
	in.State.Apply(plan.Event{Kind: plan.CommitAdmitted, At: now, Commit: "beef12300000"})
	in.State.Apply(plan.Event{Kind: plan.DataPlaneSeen, At: now, DataPlane: "aws"})
	in.State.Apply(plan.Event{Kind: plan.TargetSet, At: now, Product: "kafka", Cohort: "prod", From: v("7.6.0"), To: v("7.6.1"), Release: trainID, Commit: "c0ffee000000"})
	run := simulate.Run(simulate.Config{Input: in, Horizon: 30 * 24 * time.Hour})
	return &report.Preview{
		At: now, From: "beef12300000", Moves: []report.Move{{Product: "kafka", Cohort: "prod", From: "7.6.0", To: "7.6.1"}}, Run: run,
		Touches: report.NewTouches(in.Fleet, run, []string{"customer", "region", "none", fleet.LabelDataPlane}),
	}
}

func pullRequest() report.PullRequest {
	return report.PullRequest{
		ID: "42", Commit: "c0ffee000000", Files: "https://github.com/acme/fleet/blob/c0ffee000000/",
		Approvals: fleet.Approvals{Required: 2, By: []string{"team:acme/kafka-sre", "user:release-manager"}}, Reviews: &report.Reviews{Approved: []string{"ann"}, Discounted: []report.Discounted{{Name: "bob", Why: "approved an older head, 1234567"}, {Name: "cyd", Why: "pushed to it"}}},
	}
}

func TestThePlanOfAPullRequestTellsWhatWouldHappen(t *testing.T) {
	preview := calendarPreview(t, now)
	goldenPost(t, "plan", preview.Markdown(pullRequest()))

	// It would take effect inside a blackout.
	inside := pullRequest()
	inside.Reviews = &report.Reviews{Approved: []string{"ann", "bob"}, Objections: []string{"cyd"}}
	goldenPost(t, "plan-waits-for-a-window", calendarPreview(t, now.Add(4*time.Hour)).Markdown(inside))

	_, planInput := scene(t)
	goldenPost(t, "plan-blocked", (&report.Preview{
		At: now, Moves: []report.Move{{Product: "kafka", Cohort: "prod", From: "7.6.0", To: "7.6.1"}, {Product: "kafka", Cohort: "new", To: "7.6.1", Emergency: "cve"}, {Product: "ksqldb", Cohort: "prod", From: "0.29.0"}},
		Refused: "it moves the versions of new, prod; one commit moves at most one cohort",
		Run:     simulate.Run(simulate.Config{Input: planInput, Horizon: 30 * 24 * time.Hour}),
		Touches: []report.Touch{{Label: "customer", Values: 400}, {Label: "region", Values: 2, Names: []string{"eu-1", "us-1"}}},
	}).Markdown(pullRequest()))

	first := pullRequest()
	first.Reviews = nil
	goldenPost(t, "plan-first-start", (&report.Preview{At: now, First: &report.FirstStart{Clusters: 43, Unmanaged: 1, Cohorts: []report.FirstCohort{
		{Product: "kafka", Cohort: "canary", Version: "7.6.1", Clusters: 2, OnTarget: 2},
		{Product: "kafka", Cohort: "prod", Version: "7.6.0", Clusters: 40, OnTarget: 37},
	}}}).Markdown(first))
	unknown := pullRequest()
	unknown.Reviews = &report.Reviews{Unknown: "GitHub does not say who pushed abc1234"}
	goldenPost(t, "plan-empty", (&report.Preview{At: now}).Markdown(unknown))

	invalid := pullRequest()
	invalid.Problems = fleet.Problems{
		{Position: fleet.Position{File: "cohorts/30-nonprod.yaml", Line: 12, Column: 5}, Message: `unknown field "vesions"`, Hint: `did you mean "versions"?`},
		{Position: fleet.Position{File: "cohorts/a b#1.yaml", Line: 3}, Message: "version: 3.10 is a number", Hint: `write "3.10"`},
		{Message: "there is no Fleet", Hint: "add a fleet.yaml"},
	}
	goldenPost(t, "plan-invalid", preview.Markdown(invalid))
}

func TestAPlanIsEditedWhenItsCommitsChangeAndNotWhenTimePasses(t *testing.T) {
	preview, pr := calendarPreview(t, now), pullRequest()
	before := preview.Markdown(pr).Fingerprint
	later := *preview
	later.At = now.Add(time.Minute)
	run := *preview.Run
	run.End = run.End.Add(time.Minute)
	later.Run = &run
	if later.Markdown(pr).Fingerprint != before {
		t.Error("it is edited because time has passed")
	}
	pr.Commit = "0123456789"
	if preview.Markdown(pr).Fingerprint == before {
		t.Error("a new head goes unseen")
	}
}

func TestAPromotionBringsTheEvidenceOfTheCohortsBefore(t *testing.T) {
	s := train()
	s.Releases[0].Rollouts = s.Releases[0].Rollouts[:1]
	s.Releases[0].Failed = []report.Failure{{Cluster: "lkc-2", Cohort: "canary", Reason: "not done after 45m; retried by ann", At: ago(29 * time.Hour)}}
	m, ok := report.NewPromotion(s, trainID, "prod", "7.6.0", 40)
	if !ok {
		t.Fatal("no promotion")
	}
	m.Evidence[0].Link = "https://github.com/acme/fleet/pull/41"
	m.AutoMerge = true
	goldenPost(t, "promotion", m.Markdown())
	goldenPost(t, "promotion-closed", m.ClosedMarkdown("kafka 7.6.2 has taken its place", "https://github.com/acme/fleet/pull/43"))
	if _, ok := report.NewPromotion(s, trainID, "canary", "", 2); ok {
		t.Error("a cohort is its own evidence")
	}
	if _, ok := report.NewPromotion(s, "another", "prod", "", 2); ok {
		t.Error("a release that is not known is promoted")
	}
}

func TestCommandsAreAnswered(t *testing.T) {
	in, _ := scene(t)
	goldenPost(t, "answer-help", report.HelpMarkdown("42", []string{"team:acme/kafka-sre", "user:release-manager"}))
	goldenPost(t, "answer-status", report.NewStatus(in).Markdown("42"))
	for _, name := range []string{"lkc-1", "lkc-2", "lkc-3"} {
		x, err := report.NewExplanation(in, name)
		if err != nil {
			t.Fatal(err)
		}
		goldenPost(t, "answer-explain-"+name, x.Markdown("42"))
		if name == "lkc-3" {
			v := view()
			v.Answers = []report.Answer{{At: now, By: "ann", Command: "/wavegate explain lkc-3", Explanation: x}}
			goldenPost(t, "release-explained", train().ReleaseMarkdown(v))
		}
	}
	refused := report.Answer{At: now, By: "mallory", Command: "/wavegate pause", Refused: "only team acme/kafka-sre may"}
	goldenPost(t, "answer-refused", refused.Markdown("42"))
}
