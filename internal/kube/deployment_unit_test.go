package kube

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// rolling is a Deployment that asks for a version, whose status counts those pods.
func rolling(version string, replicas int, pods []pod) *workload {
	w := asked(version, "", replicas, 0, pods)
	w.kind, w.current, w.target = fleet.Deployment, "", ""
	return w
}

func TestWhatIsToldOfADeployment(t *testing.T) {
	v1 := &plan.Cluster{Version: fleet.Version{Tag: "1"}, Target: fleet.Version{Tag: "1"}, ReadySince: noon.Add(-time.Hour)}
	unsettled := &plan.Cluster{Version: fleet.Version{Tag: "1"}, Target: fleet.Version{Tag: "2"}}
	pause := func(w *workload) { w.paused = true }
	for name, c := range map[string]struct {
		pods    string
		version string
		change  func(*workload)
		before  *plan.Cluster
		want    string
		problem string
		held    bool
	}{
		"at rest, and seen for the first time": {pods: "1 1 1", version: "1", want: "1 to 1, 3 updated, 3 of 3 ready, next -1, since 13:00"},
		"at rest as before":                    {pods: "1 1 1", version: "1", before: v1, want: "1 to 1, 3 updated, 3 of 3 ready, next -1, since 11:00"},
		"at rest, and held":                    {pods: "1 1 1", version: "1", change: pause, before: v1, want: "1 to 1, 3 updated, 3 of 3 ready, next -1, since 11:00", held: true},
		"started": {
			pods: "1 1 1", version: "2", before: v1, want: "1 to 2, 0 updated, 3 of 3 ready, next -1",
		},
		"a new pod is on its way beside the old ones": {
			pods: "1 1 1 2!", version: "2", before: v1, want: "1 to 2, 1 updated, 3 of 3 ready, next -1",
		},
		"half way, and between two waves of its own": {
			pods: "1 2 2", version: "2", before: v1, want: "1 to 2, 2 updated, 3 of 3 ready, next -1",
		},
		"held half way with all pods ready": {
			pods: "1 2 2", version: "2", change: pause, before: unsettled, want: "1 to 2, 2 updated, 3 of 3 ready, next -1, since 13:00", held: true,
		},
		"held half way with a pod that is down": {
			pods: "1 2 2!", version: "2", change: pause, before: unsettled, want: "1 to 2, 2 updated, 2 of 3 ready, next -1", problem: "kafka-2 is not ready", held: true,
		},
		"held half way, and its controller has not seen it yet": {
			pods: "1 2 2", version: "2", change: func(w *workload) { w.paused, w.fresh = true, false }, before: unsettled,
			want: "1 to 2, 2 updated, 3 of 3 ready, next -1", held: true,
		},
		"its controller counts fewer than the pods show": {
			pods: "1 2 2", version: "2", change: func(w *workload) { w.updated = 1 }, before: v1, want: "1 to 2, 1 updated, 3 of 3 ready, next -1",
		},
		"its controller's count is of the version before": {
			pods: "2 2 2", version: "3", change: func(w *workload) { w.updated, w.fresh = 3, false }, want: "2 to 3, 0 updated, 3 of 3 ready, next -1",
		},
		"all pods are new and one is not ready": {
			pods: "2 2 2!", version: "2", before: v1, want: "1 to 2, 3 updated, 2 of 3 ready, next -1", problem: "kafka-2 is not ready",
		},
		"a pod is missing and none tells why": {
			pods: "1 1 -", version: "1", before: v1, want: "1 to 1, 2 updated, 2 of 3 ready, next -1", problem: "2 of 3 pods are ready",
		},
		"its controller says what is wrong": {
			pods: "1 1 2!", version: "2", change: func(w *workload) { w.conditions = "ProgressDeadlineExceeded: timed out" }, before: v1,
			want: "1 to 2, 1 updated, 2 of 3 ready, next -1", problem: "ProgressDeadlineExceeded: timed out",
		},
		"an old pod that is ending counts neither way": {
			pods: "2 2 2 1~", version: "2", before: v1, want: "1 to 2, 3 updated, 3 of 3 ready, next -1",
		},
		"half way, found by another process": {
			pods: "1 2 2", version: "2", want: "1 to 2, 2 updated, 3 of 3 ready, next -1",
		},
		"half way with pods of three versions, found by another process": {
			pods: "1 2 3", version: "3", change: func(w *workload) { w.Annotations = map[string]string{FromAnnotation: "1"} },
			want: "1 to 3, 1 updated, 3 of 3 ready, next -1",
		},
		"the same without a note: nothing else is known": {
			pods: "1 2 3", version: "3", want: "3 to 3, 1 updated, 3 of 3 ready, next -1",
		},
		"no replica is wanted": {pods: "", version: "1", want: "1 to 1, 0 updated, 0 of 0 ready, next -1, since 13:00"},
		"the image has no tag": {
			pods: "1", version: "1", change: func(w *workload) { w.image = "kafka" }, want: "unknown: the image kafka has no tag, so its version is not known",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pods := draw(c.pods)
			n := min(3, len(strings.Fields(c.pods)))
			w := rolling(c.version, n, pods)
			if c.change != nil {
				c.change(w)
			}
			got := lookDeployment(w, pods, c.before, noon.Add(time.Hour))
			if told(got) != c.want {
				t.Errorf("told: %s\nwant: %s", told(got), c.want)
			}
			if got.Held != c.held || got.Ratchet || got.Stranded {
				t.Errorf("held %v, ratchet %v, stranded %v; want held %v and nothing else", got.Held, got.Ratchet, got.Stranded, c.held)
			}
			if got.Unknown == "" && got.Ready < got.Replicas && got.Problem == "" {
				t.Error("nothing says why it is not ready")
			}
			if c.problem != "" && got.Problem != c.problem {
				t.Errorf("problem %q; want %q", got.Problem, c.problem)
			}
		})
	}
}

func TestADeploymentIsNeverCalledFinishedTooEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "replicas")
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3", "1!", "2!", "1~", "2~"}), 0, 8).Draw(t, "pods")
		pods := draw(strings.Join(words, " "))
		w := rolling("2", n, pods)
		w.fresh, w.paused = rapid.Bool().Draw(t, "fresh"), rapid.Bool().Draw(t, "paused")
		w.updated = max(0, w.updated-rapid.IntRange(0, 2).Draw(t, "uncounted"))
		c := lookDeployment(w, pods, nil, noon)
		live := 0
		for _, word := range words {
			if word == "2" || word == "2!" {
				live++
			}
		}
		switch {
		case c.Updated < 0 || c.Updated > n || c.Ready < 0 || c.Ready > n:
			t.Fatalf("%v: told: %s; out of bounds", words, told(c))
		case !w.atRest() && c.Updated > live:
			t.Fatalf("%v: told: %s; only %d pods run it", words, told(c), live)
		case !c.ReadySince.IsZero() && (c.Ready < n || !w.fresh):
			t.Fatalf("%v: told: %s; ready although not all is known to be", words, told(c))
		case c.Held != w.paused:
			t.Fatalf("%v: held %v; want %v", words, c.Held, w.paused)
		}
	})
}
