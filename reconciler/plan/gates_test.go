package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var (
	canaryKey = plan.TargetKey{Product: "kafka", Cohort: "canary"}
	prodKey   = plan.TargetKey{Product: "kafka", Cohort: "prod"}
	blindKey  = plan.MonitorKey{Product: "kafka", Monitor: "under-replicated"}
)

// provenWorld is a small world in which canary has finished and soaked 7.6.1;
// prod goes in the order of its names.
func provenWorld(t fataler) *world {
	w := smallWorld(t)
	w.edit(func(s *fleet.Spec) { s.Cohorts[1].Spec.OrderBy = []fleet.OrderKey{{Label: fleet.LabelName}} })
	w.setVersion("c1", "canary", "7.6.1")
	w.until("canary has soaked", 3*time.Hour, func() bool { return w.phase("kafka", "canary") == plan.PhaseFinished })
	return w
}

// edit changes the spec by a commit that moves no version.
func (w *world) edit(change func(*fleet.Spec)) { w.merge(w.state.InForce.Commit, change) }

// promote moves prod to what canary runs.
func (w *world) promote() { w.setVersion("c2", "prod", "7.6.1") }

// next runs one cycle half a minute later.
func (w *world) next() {
	w.now = w.now.Add(30 * time.Second)
	w.watched = 30 * time.Second
	w.cycle()
}

func (w *world) decision(name string) plan.Decision {
	r, ok := w.inv.Find(name)
	if !ok {
		w.t.Fatalf("no cluster %s", name)
	}
	return w.plan.Decision(r)
}

// touches counts the replicas of a cluster that were touched.
func (w *world) touches(name string) int {
	n := 0
	for _, x := range w.touched {
		if x.cluster == name {
			n++
		}
	}
	return n
}

func (w *world) obey(cmd plan.Command) string {
	w.t.Helper()
	cmd.ID, cmd.At = 1, w.now
	if cmd.By == "" {
		cmd.By = "user:ann"
	}
	events, refused := plan.Obey(w.state, w.inv, w.plan, []plan.Command{cmd})
	for _, e := range events {
		w.apply(e)
	}
	return refused[1]
}

// blindTo lets the monitor say nothing of one cluster.
func (w *world) blindTo(cluster string) {
	w.spots = append(w.spots, plan.BlindSpot{Product: "kafka", Monitor: "under-replicated", Cluster: cluster, Why: "muted"})
}

func (w *world) fire(cluster string, since time.Time) {
	w.alerts = append(w.alerts, plan.Alert{Product: "kafka", Monitor: "under-replicated", Cluster: cluster, Since: since})
}

// byHand lets somebody else begin to change a cluster.
func (w *world) byHand(name, tag string) {
	m := w.clusters[name]
	m.Target = v(tag)
	m.look()
}

func (w *world) window(win fleet.WindowSpec) {
	w.edit(func(s *fleet.Spec) {
		s.Windows = append(s.Windows, fleet.Window{Meta: fleet.Meta{Name: "quiet-time"}, Spec: win})
	})
}

// local writes a time as windows have it.
func local(t time.Time) string { return t.UTC().Format("2006-01-02T15:04") }

func (w *world) blackout(from, until time.Duration, inFlight fleet.InFlight) {
	w.window(fleet.WindowSpec{Type: fleet.Blackout, From: local(w.now.Add(from)), Until: local(w.now.Add(until)), InFlight: inFlight})
}

func (w *world) pin(cluster string, lasts time.Duration) {
	w.edit(func(s *fleet.Spec) {
		s.Pins = []fleet.Pin{{Meta: fleet.Meta{Name: "audit"}, Spec: fleet.PinSpec{
			Clusters: []string{cluster}, Owner: "team:acme/sre", Reason: "customer audit", Expires: fleet.Moment{Time: w.now.Add(lasts)},
		}}}
	})
}

// gates writes a set of gates as their names.
func gateNames(set plan.Gates) string {
	var names []string
	for g := plan.GateInForce; g <= plan.GateLimit; g++ {
		if set.Has(g) {
			names = append(names, g.String())
		}
	}
	return strings.Join(names, ", ")
}

// TestGates closes one gate after the other in front of a cluster that could
// start otherwise, and reads the reason, all gates that block, and the sentence.
func TestGates(t *testing.T) {
	pausedBy := func(release string) func(*world) {
		return func(w *world) {
			w.apply(plan.Event{At: w.now, Kind: plan.Paused, Release: release, Reason: "looks odd", By: "user:ann"})
		}
	}
	for _, tt := range []struct {
		name    string
		change  func(*world)
		cluster string // prod-0 when empty
		verdict plan.Verdict
		reason  plan.Reason
		gates   string
		says    string
	}{
		{name: "with all gates open it starts", change: func(*world) {}, verdict: plan.Starting},
		{
			name: "a commit must be in force", change: func(w *world) { w.state.InForce = plan.InForce{} },
			verdict: plan.Waiting, reason: plan.NothingInForce, gates: "in force", says: "no commit is in force that says what it should run",
		},
		{
			name: "its data plane must answer", change: func(w *world) { w.lost["dp1"] = true },
			verdict: plan.Unknown, reason: plan.NotObserved, gates: "known", says: "data plane dp1 cannot be reached: connection refused",
		},
		{
			name: "another data plane out of reach does not matter", change: func(w *world) { w.lost["dp2"] = true },
			verdict: plan.Starting,
		},
		{
			name: "a data plane that was never seen may hold a pause",
			change: func(w *world) {
				w.planes = append(w.planes, "dp3")
				w.lost["dp3"] = true
			},
			verdict: plan.Waiting, reason: plan.DataPlaneNeverSeen, gates: "known",
			says: "data plane dp3 has not been seen yet (connection refused); it may hold a pause, so nothing is touched anywhere",
		},
		{
			name: "a monitor that says it has no data is blind", change: func(w *world) { w.blind[blindKey] = "no data" },
			verdict: plan.Waiting, reason: plan.MonitorBlind, gates: "known", says: "monitor under-replicated cannot be relied upon: no data",
		},
		{
			name: "a monitor that nobody asked is blind", change: func(w *world) { w.signals = func(s *plan.Signals) { clear(s.Sources) } },
			verdict: plan.Waiting, reason: plan.MonitorBlind, gates: "known",
			says: "monitor under-replicated cannot be relied upon: no source answers for it",
		},
		{
			name: "an old answer is no answer",
			change: func(w *world) {
				w.signals = func(s *plan.Signals) { s.Sources[blindKey] = plan.MonitorState{AsOf: epoch} }
			},
			verdict: plan.Waiting, reason: plan.MonitorBlind, gates: "known",
			says: "monitor under-replicated cannot be relied upon: its newest answer is from 2026-03-02 09:00 UTC, older than 5m",
		},
		{
			name: "an answer from the future is no answer",
			change: func(w *world) {
				w.signals = func(s *plan.Signals) { s.Sources[blindKey] = plan.MonitorState{AsOf: epoch.AddDate(0, 0, 1)} }
			},
			verdict: plan.Waiting, reason: plan.MonitorBlind, gates: "known",
			says: "monitor under-replicated cannot be relied upon: its newest answer is from 2026-03-03 09:00 UTC, which is in the future",
		},
		{
			name: "a monitor that is blind to it", change: func(w *world) { w.blindTo("prod-0") },
			verdict: plan.Waiting, reason: plan.ClusterBlind, gates: "known",
			says: "blind here: monitor under-replicated cannot be relied upon on this cluster: muted",
		},
		{name: "a monitor that is blind to another cluster does not matter", change: func(w *world) { w.blindTo("prod-1") }, verdict: plan.Starting},
		{
			name: "a monitor of another product that is blind to it does not matter",
			change: func(w *world) {
				w.spots = []plan.BlindSpot{{Product: "ksqldb", Monitor: "under-replicated", Cluster: "prod-0", Why: "muted"}}
			},
			verdict: plan.Starting,
		},
		{
			name: "a monitor that its product does not name and that is blind to it does not matter",
			change: func(w *world) {
				w.spots = []plan.BlindSpot{{Product: "kafka", Monitor: "lag", Cluster: "prod-0", Why: "muted"}}
			},
			verdict: plan.Starting,
		},
		{
			name: "nothing is done in a cycle in which the clock jumped", change: func(w *world) { w.jumped = true },
			verdict: plan.Waiting, reason: plan.ClockJumped, gates: "known", says: "the clock of this machine jumped; waiting for the next cycle",
		},
		{
			name: "a pin holds it", change: func(w *world) { w.pin("prod-0", 24*time.Hour) },
			verdict: plan.Held, reason: plan.PinnedBy, gates: "not pinned",
		},
		{name: "a pin that has expired does not", change: func(w *world) { w.pin("prod-0", 0) }, verdict: plan.Starting},
		{
			name: "everything is paused", change: pausedBy(""),
			verdict: plan.Waiting, reason: plan.EverythingPaused, gates: "not paused", says: "everything is paused: looks odd (by user:ann)",
		},
		{
			name: "its release is paused", change: pausedBy("kafka-7.6.1-c1"),
			verdict: plan.Waiting, reason: plan.ReleasePaused, gates: "not paused", says: "looks odd (by user:ann)",
		},
		{
			name: "one commit moves one cohort", change: func(w *world) {
				w.merge("c3", func(s *fleet.Spec) {
					s.Cohorts[0].Spec.Versions["kafka"], s.Cohorts[1].Spec.Versions["kafka"] = v("7.6.2"), v("7.6.2")
				})
			},
			verdict: plan.Waiting, reason: plan.MovesManyCohorts, gates: "one cohort only, predecessor cohorts", says: "commit c3 moves more than one cohort",
		},
		{
			name: "a version too far away", change: func(w *world) { w.setVersion("c3", "prod", "7.9.0") },
			verdict: plan.Waiting, reason: plan.VersionForbidden, gates: "version policy, predecessor cohorts",
			says: "7.6.0 to 7.9.0 skips too much: the minor version changes by 3, and maxMinorSkip is 1",
		},
		{
			name: "a version that the earlier cohort has not proven", change: func(w *world) { w.setVersion("c3", "prod", "7.6.2") },
			verdict: plan.Waiting, reason: plan.PredecessorNotDone, gates: "predecessor cohorts", says: "cohort canary has not finished and soaked 7.6.2",
		},
		{
			name: "inside a blackout", change: func(w *world) { w.blackout(-time.Hour, time.Hour, fleet.InFlightFinish) },
			verdict: plan.Waiting, reason: plan.WindowClosed, gates: "windows",
		},
		{
			name: "outside of maintenance", change: func(w *world) {
				w.window(fleet.WindowSpec{Type: fleet.Maintenance, From: local(w.now.Add(time.Hour)), Until: local(w.now.Add(5 * time.Hour))})
			},
			verdict: plan.Waiting, reason: plan.WindowClosed, gates: "windows",
		},
		{
			name: "a replica is down", change: func(w *world) {
				m := w.clusters["prod-0"]
				m.down[1], m.ReadySince, m.Problem = w.now.Add(time.Hour), time.Time{}, "CrashLoopBackOff"
				m.look()
			},
			verdict: plan.Waiting, reason: plan.NotReady, gates: "healthy", says: "2 of 3 replicas ready: CrashLoopBackOff",
		},
		{
			name: "it has no replica at all", change: func(w *world) {
				m := w.clusters["prod-0"]
				m.Replicas, m.runs = 0, nil
				m.look()
			},
			verdict: plan.Waiting, reason: plan.NotReady, gates: "healthy", says: "0 of 0 replicas ready",
		},
		{
			name: "an alert fires on it", change: func(w *world) { w.fire("prod-0", epoch) },
			verdict: plan.Waiting, reason: plan.AlertFires, gates: "healthy", says: "monitor under-replicated fires since 2026-03-02 09:00 UTC",
		},
		{name: "an alert on another cluster does not matter", change: func(w *world) { w.fire("prod-1", epoch) }, verdict: plan.Starting},
		{
			name: "its wave is not open", change: func(*world) {}, cluster: "prod-1",
			verdict: plan.Waiting, reason: plan.WaveNotOpen, gates: "wave open", says: "wave 2 opens when wave 1 has finished and soaked",
		},
		{
			name: "too many failures pause the release in the same cycle", change: func(w *world) {
				w.state.Releases["kafka-7.6.1-c1"].Failures = make([]plan.Failure, 2)
				w.state.Releases["kafka-7.6.1-c1"].Failures[1] = plan.Failure{Cluster: "prod-9", Reason: "it broke"}
			},
			verdict: plan.Waiting, reason: plan.ReleasePaused, gates: "not paused, failure budget",
			says: "prod-9 failed: it broke; 2 clusters have failed, 1 allowed",
		},
		{
			name: "the overall limit is reached", change: func(w *world) {
				w.edit(func(s *fleet.Spec) { s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 1}} })
				w.byHand("prod-5", "7.6.2")
			},
			verdict: plan.Waiting, reason: plan.LimitReached, gates: "limits", says: "1 cluster in flight, 1 allowed",
		},
		{
			name: "the limit of its customer is reached", change: func(w *world) { w.byHand("prod-1", "7.6.2") },
			verdict: plan.Waiting, reason: plan.LimitReached, gates: "limits", says: "1 in flight with customer p0, 1 allowed",
		},
		{
			name: "the limit of another customer does not matter", change: func(w *world) { w.byHand("prod-5", "7.6.2") }, verdict: plan.Starting,
		},
		{
			name: "the limit of its data plane is reached", change: func(w *world) {
				w.edit(func(s *fleet.Spec) {
					s.Fleet.Spec.Limits = []fleet.Limit{{Label: fleet.LabelDataPlane, MaxConcurrency: 1}}
				})
				w.byHand("canary-0", "7.6.2")
			},
			verdict: plan.Waiting, reason: plan.LimitReached, gates: "limits", says: "1 in flight with wavegate.dev/data-plane dp1, 1 allowed",
		},
		{
			name: "a cluster that cannot be seen and was under way counts", change: func(w *world) {
				w.edit(func(s *fleet.Spec) { s.Fleet.Spec.Limits = []fleet.Limit{{MaxConcurrency: 1}} })
				w.byHand("prod-5", "7.6.2")
				w.observe()
				w.lost["dp2"] = true
			},
			verdict: plan.Waiting, reason: plan.LimitReached, gates: "limits", says: "1 cluster in flight, 1 allowed",
		},
		{
			name: "all that block are listed, the first one decides", change: func(w *world) {
				w.fire("prod-1", epoch)
				w.blackout(-time.Hour, time.Hour, fleet.InFlightFinish)
				w.next()
				pausedBy("kafka-7.6.1-c1")(w)
			},
			cluster: "prod-1", verdict: plan.Waiting, reason: plan.ReleasePaused,
			gates: "not paused, windows, healthy, wave open", says: "looks odd (by user:ann)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := provenWorld(t)
			w.promote()
			tt.change(w)
			w.cycle()
			name := tt.cluster
			if name == "" {
				name = "prod-0"
			}
			d := w.decision(name)
			if d.Verdict != tt.verdict || d.Reason != tt.reason || gateNames(d.Gates) != tt.gates {
				t.Errorf("got  %s, %s, %q\nwant %s, %s, %q\nsays %s", d.Verdict, d.Reason, gateNames(d.Gates), tt.verdict, tt.reason, tt.gates, w.reason(name))
			}
			if got := w.reason(name); tt.says != "" && got != tt.says {
				t.Errorf("says %q\nwant %q", got, tt.says)
			}
			if starts := w.clusters[name].starts; (starts == 1) != (tt.verdict == plan.Starting) {
				t.Errorf("%d starts", starts)
			}
		})
	}
}

func TestAnEarlierReleaseThatIsPausedHaltsTheProduct(t *testing.T) {
	w := provenWorld(t)
	w.promote()
	w.apply(plan.Event{At: w.now, Kind: plan.Paused, Release: "kafka-7.6.1-c1", Reason: "looks odd", By: "user:ann"})
	w.setVersion("c3", "canary", "7.6.2")
	w.run(5 * time.Minute)
	if d := w.decision("canary-0"); d.Reason != plan.ReleasePaused {
		t.Errorf("canary-0: %s %s", d.Verdict, w.reason("canary-0"))
	}
	if got, want := w.reason("canary-0"), "release kafka-7.6.1-c1 of the same product is paused: looks odd (by user:ann)"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	if n := w.touches("canary-0"); n != 3 {
		t.Errorf("%d replicas of canary-0 were touched, 3 by the release before", n)
	}
}

// TestEveryReasonAndGateHasAWord keeps journals and pages from showing "?".
func TestEveryReasonAndGateHasAWord(t *testing.T) {
	var words []string
	for r := plan.NoReason + 1; r <= plan.InTwoCohorts; r++ {
		words = append(words, r.String())
	}
	for g := plan.GateInForce; g <= plan.GateLimit; g++ {
		words = append(words, g.String())
	}
	for x := plan.Current; x <= plan.Unknown; x++ {
		words = append(words, "verdict "+x.String())
	}
	for d := plan.Behind; d <= plan.Missing; d++ {
		words = append(words, "drift "+d.String())
	}
	for p := plan.PhaseBaseline; p <= plan.PhaseFinished; p++ {
		words = append(words, "phase "+p.String())
	}
	for _, w := range words {
		if w == "" || strings.HasSuffix(w, "?") || strings.HasSuffix(w, " ") {
			t.Errorf("a value without a word, among %q", words)
		}
	}
	slices.Sort(words)
	if unique := len(slices.Compact(slices.Clone(words))); unique != len(words) {
		t.Errorf("%d of %d words are unique: %q", unique, len(words), words)
	}
}
