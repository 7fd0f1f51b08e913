package kube

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// draw reads a picture of pods from the first place up. "1 2! 2~ -" is a pod on
// version 1, one on version 2 that is not ready, one on version 2 that is being
// deleted, and a place without a pod. The pod at place n became ready n minutes
// after noon.
func draw(picture string) []pod {
	var pods []pod
	for at, word := range strings.Fields(picture) {
		version := strings.TrimRight(word, "!~")
		if version == "-" {
			continue
		}
		p := pod{
			name: fmt.Sprintf("kafka-%d", at), index: at, image: "kafka:" + version, revision: "r" + version,
			ready: version == word, leaving: strings.HasSuffix(word, "~"), readyAt: noon.Add(time.Duration(at) * time.Minute),
		}
		if !p.ready {
			p.problem = p.name + " is not ready"
		}
		pods = append(pods, p)
	}
	return pods
}

// asked is a StatefulSet that asks for a version, whose status counts those pods.
func asked(version, current string, replicas, partition int, pods []pod) *workload {
	w := &workload{
		kind: fleet.StatefulSet, image: "kafka:" + version, container: true, replicas: replicas, partition: partition,
		inOrder: true, fresh: true, existing: len(pods), current: "r" + current, target: "r" + version,
	}
	for _, p := range pods {
		if p.ready {
			w.ready++
			w.available++
		}
		if p.revision == w.target {
			w.updated++
		}
	}
	return w
}

// told puts into words what is told of a cluster.
func told(c plan.Cluster) string {
	if c.Unknown != "" {
		return "unknown: " + c.Unknown
	}
	s := fmt.Sprintf("%s to %s, %d updated, %d of %d ready, next %d", c.Version, c.Target, c.Updated, c.Ready, c.Replicas, c.Next)
	if c.Stranded {
		s += ", stranded"
	}
	if !c.ReadySince.IsZero() {
		s += ", since " + c.ReadySince.Format("15:04")
	}
	return s
}

func TestWhatIsToldOfAStatefulSet(t *testing.T) {
	v1 := &plan.Cluster{Version: fleet.Version{Tag: "1"}, Target: fleet.Version{Tag: "1"}, ReadySince: noon.Add(-time.Hour)}
	observed := noon.Add(time.Hour)
	for name, c := range map[string]struct {
		pods             string
		version, current string // asked for, and of the current revision
		replicas         int    // as many as are drawn without it
		partition        int
		change           func(*workload)
		before           *plan.Cluster
		want             string
	}{
		"at rest, and seen for the first time: nobody knows since when": {
			pods: "1 1 1", version: "1", current: "1", want: "1 to 1, 3 updated, 3 of 3 ready, next -1, since 13:00",
		},
		"at rest as before": {
			pods: "1 1 1", version: "1", current: "1", before: v1, want: "1 to 1, 3 updated, 3 of 3 ready, next -1, since 11:00",
		},
		"at rest with an OnDelete strategy whose current revision stays behind": {
			pods: "2 2 2", version: "2", current: "1", change: func(w *workload) { w.onDelete = true },
			want: "2 to 2, 3 updated, 3 of 3 ready, next -1, since 13:00",
		},
		"no replica is wanted": {
			pods: "", version: "1", current: "1", want: "1 to 1, 0 updated, 0 of 0 ready, next -1, since 13:00",
		},
		"no replica is wanted, and the last one is ending": {
			pods: "1~", replicas: -1, version: "1", current: "1", change: func(w *workload) { w.replicas = 0 },
			want: "1 to 1, 0 updated, 0 of 0 ready, next -1",
		},
		"started, and no pod is touched": {
			pods: "1 1 1", version: "2", current: "1", partition: 3, want: "1 to 2, 0 updated, 3 of 3 ready, next 2, since 12:02",
		},
		"the first step was asked for, and the controller is about to begin": {
			pods: "1 1 1", version: "2", current: "1", partition: 2, want: "1 to 2, 0 updated, 3 of 3 ready, next 2",
		},
		"the first pod is ending": {
			pods: "1 1 1~", version: "2", current: "1", partition: 2, before: v1, want: "1 to 2, 0 updated, 2 of 3 ready, next 1",
		},
		"the first pod is gone, and comes back on the new version": {
			pods: "1 1 -", version: "2", current: "1", partition: 2, want: "1 to 2, 0 updated, 2 of 3 ready, next 1",
		},
		"half way": {
			pods: "1 1 2 2", version: "2", current: "1", partition: 2, want: "1 to 2, 2 updated, 4 of 4 ready, next 1, since 12:03",
		},
		"half way, and the controller has not seen the newest spec": {
			pods: "1 1 2 2", version: "2", current: "1", partition: 2, change: func(w *workload) { w.fresh = false },
			want: "1 to 2, 2 updated, 4 of 4 ready, next 1",
		},
		"a pod that is not touched yet restarts: it comes back as it was": {
			pods: "1 - 2 2", version: "2", current: "1", partition: 2, want: "1 to 2, 2 updated, 3 of 4 ready, next 1, stranded",
		},
		"the new version does not start: a step would take down another pod": {
			pods: "1 1 1 2!", version: "2", current: "1", partition: 3, want: "1 to 2, 1 updated, 3 of 4 ready, next 2",
		},
		"the last pod is on the new version and not ready": {
			pods: "2! 2 2", version: "2", current: "1", before: v1, want: "1 to 2, 3 updated, 2 of 3 ready, next -1",
		},
		"the pod that comes next is down on the old version": {
			pods: "1 1! 2 2", version: "2", current: "1", partition: 2, want: "1 to 2, 2 updated, 3 of 4 ready, next 1, stranded",
		},
		"the pod that comes next is down, and so is another": {
			pods: "1! 1! 2 2", version: "2", current: "1", partition: 2, want: "1 to 2, 2 updated, 2 of 4 ready, next 1",
		},
		"all pods are done and the controller has not closed the update": {
			pods: "2 2 2", version: "2", current: "1", before: v1, want: "2 to 2, 3 updated, 3 of 3 ready, next -1, since 12:02",
		},
		"redirected half way to a third version": {
			pods: "1 1 2 2", version: "3", current: "1", change: func(w *workload) { w.onDelete = true },
			want: "1 to 3, 0 updated, 4 of 4 ready, next 3, since 12:03",
		},
		"redirected, and the first pod is ending: it comes back on the third version": {
			pods: "1 1 2 2~", version: "3", current: "1", change: func(w *workload) { w.onDelete = true },
			want: "1 to 3, 0 updated, 3 of 4 ready, next 2",
		},
		"redirected, and an untouched pod is lost: it comes back on the third version": {
			pods: "1 - 2 3", version: "3", current: "1", change: func(w *workload) { w.onDelete = true },
			want: "1 to 3, 1 updated, 3 of 4 ready, next 2",
		},
		"aborted half way: the touched pods go back": {
			pods: "1 1 2 2!", version: "1", current: "1", change: func(w *workload) { w.onDelete = true }, before: v1,
			want: "1 to 1, 2 updated, 3 of 4 ready, next 3, stranded",
		},
		"aborted half way, and found by another process": {
			pods: "1 1 2 2", version: "1", current: "1",
			change: func(w *workload) { w.onDelete = true; w.Annotations = map[string]string{FromAnnotation: "1"} },
			want:   "1 to 1, 2 updated, 4 of 4 ready, next 3, since 12:03",
		},
		"scaled up half way: the new pods come on the new version": {
			pods: "1 1 2", replicas: 5, version: "2", current: "1", partition: 2, want: "1 to 2, 1 updated, 3 of 5 ready, next 1",
		},
		"scaled down half way, below what was done": {
			pods: "1 1 1 2 2~", replicas: 3, version: "2", current: "1", partition: 3, want: "1 to 2, 0 updated, 3 of 3 ready, next 2, since 12:02",
		},
		"scaled down half way, and one pod that was done stays": {
			pods: "1 1 2 2~", replicas: 3, version: "2", current: "1", partition: 2, want: "1 to 2, 1 updated, 3 of 3 ready, next 1, since 12:02",
		},
		"changed by hand: the controller rolls by itself": {
			pods: "1 1 2", version: "2", current: "1", partition: 0, before: v1, want: "1 to 2, 1 updated, 3 of 3 ready, next 1",
		},
		"changed by hand in the midst of an upgrade": {
			pods: "1 1 2", version: "3", current: "1", partition: 2, want: "1 to 3, 0 updated, 3 of 3 ready, next 2",
		},
		"a pod restarts while nothing is changed": {
			pods: "1 - 1", version: "1", current: "1", before: v1, want: "1 to 1, 2 updated, 2 of 3 ready, next -1",
		},
		"a pod restarts under the partition of an upgrade that was taken back": {
			pods: "1 - 1", version: "1", current: "1", partition: 3, before: v1, want: "1 to 1, 2 updated, 2 of 3 ready, next -1",
		},
		"a pod is lost before the controller has seen the start: it comes back as it was": {
			pods: "1 1 -", version: "2", current: "1", partition: 3, before: v1,
			change: func(w *workload) { w.target, w.fresh = "r1", false },
			want:   "1 to 2, 0 updated, 2 of 3 ready, next 2, stranded",
		},
		"every pod is gone": {
			pods: "- - -", version: "1", current: "1", want: "1 to 1, 0 updated, 0 of 3 ready, next -1",
		},
		"every pod is gone half way": {
			pods: "- - -", version: "2", current: "1", partition: 2, before: v1, want: "1 to 2, 0 updated, 0 of 3 ready, next 1",
		},
		"the image has no tag": {
			pods: "1 1", version: "1", current: "1", change: func(w *workload) { w.image = "example.com:5000/kafka" },
			want: "unknown: the image example.com:5000/kafka has no tag, so its version is not known",
		},
		"a strategy that replaces all pods at once": {
			pods: "1 1", version: "1", current: "1", change: func(w *workload) { w.recreate = true },
			want: "unknown: its update strategy replaces all pods at once; make it RollingUpdate or OnDelete",
		},
		"pods of an image whose version cannot be read are not done": {
			pods: "latest+ 2", version: "2", current: "1", partition: 1, before: v1, want: "1 to 2, 1 updated, 2 of 2 ready, next 0, since 12:01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pods := draw(c.pods)
			n := len(strings.Fields(c.pods))
			if c.replicas > 0 {
				n = c.replicas
			}
			w := asked(c.version, c.current, n, c.partition, pods)
			if c.change != nil {
				c.change(w)
			}
			got := lookStatefulSet(w, pods, c.before, observed)
			if told(got) != c.want {
				t.Errorf("told: %s\nwant: %s", told(got), c.want)
			}
			if got.Unknown == "" && got.Ready < got.Replicas && got.Problem == "" {
				t.Error("nothing says why it is not ready")
			}
			if !got.Ratchet || got.Held {
				t.Error("a StatefulSet moves by steps and is never held")
			}
		})
	}
}

func TestADigestIsAVersionOfItsOwn(t *testing.T) {
	pods := draw("1 1")
	w := asked("1", "1", 2, 2, pods)
	w.image, w.target, w.updated = "kafka:1@"+digest, "r1-pinned", 0
	got := lookStatefulSet(w, pods, nil, noon)
	if got.Target != (fleet.Version{Tag: "1", Digest: digest}) || got.Version != (fleet.Version{Tag: "1"}) || got.Next != 1 {
		t.Errorf("told: %s; want it on its way to the digest", told(got))
	}
}

func TestWhichVersionRanBefore(t *testing.T) {
	saw := func(tag string) *plan.Cluster { return &plan.Cluster{Version: fleet.Version{Tag: tag}} }
	for name, c := range map[string]struct {
		pods             string
		version, current string
		before           *plan.Cluster
		noted            string // in the annotation
		stale            bool
		want             string
	}{
		"what pods on the current revision run":                        {pods: "1 1 2", version: "2", current: "1", before: saw("0"), noted: "0", want: "1"},
		"what was seen, when no pod on the current revision is left":   {pods: "- 2 2", version: "2", current: "1", before: saw("1"), noted: "0", want: "1"},
		"what was noted, when nothing was seen":                        {pods: "- 2 2", version: "2", current: "1", noted: "1", want: "1"},
		"what a pod runs, when nothing was noted":                      {pods: "2 2 3!", version: "3", current: "1", want: "2"},
		"what is asked for, when nothing else is known":                {pods: "- 2 2", version: "2", current: "1", want: "2"},
		"what is asked for, when the controller was once done with it": {pods: "- 2 2", version: "2", current: "2", before: saw("1"), noted: "1", want: "2"},
		"not that, while the controller has not seen the newest spec":  {pods: "- 2 2", version: "2", current: "2", before: saw("1"), stale: true, want: "1"},
		"a note that cannot be read is none":                           {pods: "- 2 2", version: "2", current: "1", noted: "one and a half", want: "2"},
		"what was seen without a version is nothing":                   {pods: "- 2 2", version: "2", current: "1", before: &plan.Cluster{}, noted: "1", want: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			pods := draw(c.pods)
			w := asked(c.version, c.current, 3, 0, pods)
			w.fresh = !c.stale
			w.Annotations = map[string]string{FromAnnotation: c.noted}
			got := lookStatefulSet(w, pods, c.before, noon)
			if got.Version.Tag != c.want {
				t.Errorf("version %s; want %s", got.Version, c.want)
			}
		})
	}
}

func TestWhereThePartitionMayGo(t *testing.T) {
	for name, c := range map[string]struct {
		pods            string
		current, target string
		at              int
		want            int // -1: nowhere
	}{
		"the first step":  {pods: "1 1 1", current: "1", target: "2", at: 2, want: 2},
		"a step half way": {pods: "1 1 2 2", current: "1", target: "2", at: 1, want: 1},
		"the last step":   {pods: "1 2 2", current: "1", target: "2", at: 0, want: 0},
		"pods below that were redirected already are not locked out":    {pods: "1 3 2 3", current: "1", target: "3", at: 2, want: 1},
		"a pod above is still on another revision":                      {pods: "1 1 1 2", current: "1", target: "3", at: 2, want: -1},
		"a pod above is missing":                                        {pods: "1 1 -", current: "1", target: "2", at: 1, want: -1},
		"a pod below is on neither revision":                            {pods: "1 2 1", current: "1", target: "3", at: 2, want: -1},
		"a pod below is missing":                                        {pods: "- 1 1", current: "1", target: "2", at: 2, want: -1},
		"a pod far below runs the new revision":                         {pods: "2 1 1", current: "1", target: "2", at: 2, want: -1},
		"the pod at the place is missing":                               {pods: "1 1 -", current: "1", target: "2", at: 2, want: 2},
		"back to the current revision: nothing below is other than new": {pods: "1 1 2", current: "1", target: "1", at: 2, want: 0},
		"one replica": {pods: "1", current: "1", target: "2", at: 0, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			pods := draw(c.pods)
			w := asked(c.target, c.current, len(strings.Fields(c.pods)), 0, pods)
			got, safe := placed(w, pods).ratchet(w, c.at)
			if !safe {
				got = -1
			}
			if got != c.want {
				t.Errorf("partition %d; want %d", got, c.want)
			}
		})
	}
}

// controller is what the StatefulSet controller of Kubernetes does to pods, by
// their revisions from the first place up; "" is a place without a pod.
type controller struct {
	current, target string
	partition       int
	pods            []string
}

// makes is the revision of a pod that it makes at a place.
func (c *controller) makes(at int) string {
	if at < c.partition {
		return c.current
	}
	return c.target
}

// roll lets it work until it has nothing to do, and returns which pods it has
// replaced.
func (c *controller) roll() (replaced []int) {
	for {
		highest := -1
		for at, revision := range c.pods {
			if revision == "" {
				c.pods[at] = c.makes(at)
			}
			if at >= c.partition && c.pods[at] != c.target {
				highest = at
			}
		}
		if highest < 0 {
			return replaced
		}
		replaced = append(replaced, highest)
		c.pods[highest] = ""
	}
}

// harmless reports what is wrong with a partition if the pod at a place, and no
// other, is to be replaced.
func harmless(before []string, current, target string, partition, at int) error {
	c := &controller{current: current, target: target, partition: partition, pods: append([]string(nil), before...)}
	for _, i := range c.roll() {
		if i != at {
			return fmt.Errorf("pod %d is replaced as well", i)
		}
	}
	if c.pods[at] != target {
		return fmt.Errorf("pod %d does not become new", at)
	}
	for i, was := range before {
		if i != at && was != "" && c.makes(i) != was {
			return fmt.Errorf("pod %d ran %s, and comes back on %s when it restarts", i, was, c.makes(i))
		}
	}
	return nil
}

func TestASafePartitionTouchesNoPodButOne(t *testing.T) {
	safeOnes, unsafeOnes := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		revision := rapid.SampledFrom([]string{"1", "1", "2", "2", "3"})
		current, target := revision.Draw(t, "current"), revision.Draw(t, "target")
		n := rapid.IntRange(1, 7).Draw(t, "replicas")
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		// Most scenes are near to a roll that is in order, as few others are safe.
		from := rapid.IntRange(0, n).Draw(t, "done from")
		words, revisions := make([]string, n), make([]string, n)
		for i := range n {
			words[i] = current
			if i >= from {
				words[i] = target
			}
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
				words[i] = rapid.SampledFrom([]string{"1", "2", "3", "-"}).Draw(t, "pod")
			}
			if words[i] != "-" {
				revisions[i] = "r" + words[i]
				words[i] += rapid.SampledFrom([]string{"", "", "", "!", "~"}).Draw(t, "state")
			}
		}
		pods := draw(strings.Join(words, " "))
		w := asked(target, current, n, rapid.IntRange(0, n).Draw(t, "partition"), pods)
		partition, safe := placed(w, pods).ratchet(w, at)
		if safe {
			safeOnes++
			if err := harmless(revisions, w.current, w.target, partition, at); err != nil {
				t.Fatalf("%v, replica %d: partition %d is not safe: %v", words, at, partition, err)
			}
			return
		}
		unsafeOnes++
		for i, r := range revisions {
			if r == "" && i != at {
				return // nobody can tell what is missing
			}
		}
		for p := range at + 1 {
			if harmless(revisions, w.current, w.target, p, at) == nil {
				t.Fatalf("%v, replica %d: partition %d would be safe, and is not found", words, at, p)
			}
		}
	})
	if safeOnes == 0 || unsafeOnes == 0 {
		t.Errorf("%d partitions were safe and %d were not; both have to be tried", safeOnes, unsafeOnes)
	}
}

// A replica needs no step when, once the controller has made the pods that are
// missing or ending, it runs the wanted version by itself.
func TestAReplicaIsDoneWhenItComesOutRightByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		revision := rapid.SampledFrom([]string{"1", "2"})
		current, target := revision.Draw(t, "current"), revision.Draw(t, "target")
		n := rapid.IntRange(1, 6).Draw(t, "replicas")
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "1!", "2!", "1~", "2~", "-"}), n, n).Draw(t, "pods")
		pods := draw(strings.Join(words, " "))
		w := asked(target, current, n, rapid.IntRange(0, n).Draw(t, "partition"), pods)
		w.onDelete = rapid.Bool().Draw(t, "on delete")
		c := &controller{current: w.current, target: w.target, partition: w.partition}
		if w.onDelete {
			c.partition = 0
		}
		want := -1
		for at, word := range words {
			runs := "r" + strings.TrimSuffix(word, "!")
			if word == "-" || strings.HasSuffix(word, "~") {
				runs = c.makes(at)
			}
			if runs != w.target {
				want = at
			}
		}
		got := lookStatefulSet(w, pods, nil, noon)
		if !w.atRest() && got.Next != want {
			t.Fatalf("%v to %s under partition %d: next %d; want %d", words, target, w.partition, got.Next, want)
		}
	})
}

// Whatever pods there are: numbers stay within bounds, and what is not known to be
// well is not called so.
func TestNothingIsCalledReadyThatMayNotBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "replicas")
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3", "1!", "2!", "1~", "2~", "-"}), 0, 8).Draw(t, "pods")
		pods := draw(strings.Join(words, " "))
		w := asked(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "target"), "1", n, rapid.IntRange(0, 8).Draw(t, "partition"), pods)
		w.fresh, w.onDelete = rapid.Bool().Draw(t, "fresh"), rapid.Bool().Draw(t, "on delete")
		c := lookStatefulSet(w, pods, nil, noon)
		switch {
		case c.Updated < 0 || c.Updated > n || c.Ready < 0 || c.Ready > n || c.Next < -1 || c.Next >= n:
			t.Fatalf("%v: told: %s; out of bounds", words, told(c))
		case c.Version.IsZero() || c.Target.IsZero():
			t.Fatalf("%v: told: %s; a version is missing", words, told(c))
		case !c.ReadySince.IsZero() && (c.Ready < n || !w.fresh):
			t.Fatalf("%v: told: %s; ready although not all is known to be", words, told(c))
		case c.Stranded && (c.Ready != n-1 || c.Next < 0):
			t.Fatalf("%v: told: %s; stranded although more than one is down", words, told(c))
		case !c.InFlight() && c.Ready == n && c.Updated != n:
			t.Fatalf("%v: told: %s; finished although some are on another version", words, told(c))
		}
		for at := range min(n, len(words)) {
			if other := words[at] != "-" && !strings.HasSuffix(words[at], "~") && "kafka:"+strings.TrimSuffix(words[at], "!") != w.image; other && c.Next < at {
				t.Fatalf("%v: told: %s; replica %d is on another version", words, told(c), at)
			}
		}
	})
}

func TestPodsAreSortedIntoTheirPlaces(t *testing.T) {
	w := &workload{replicas: 3, start: 5}
	w.Name = "kafka"
	for name, want := range map[string]int{
		"kafka-5": 0, "kafka-7": 2, "kafka-8": 3, // beyond what is wanted
		"kafka-4": -1, "kafka-0": -1, // below the first ordinal
		"kafka": -1, "kafka-": -1, "kafka-x": -1, "kafka-7-x": -1, "other-7": -1, "kafka-99999999999999999999": -1,
	} {
		if got := indexOf(name, w); got != want {
			t.Errorf("pod %s has place %d; want %d", name, got, want)
		}
	}
	r := placed(w, []pod{{name: "kafka-7", index: 2}, {name: "kafka-8", index: 3}, {name: "stray", index: -1}, {name: "kafka-5"}})
	if len(r) != 3 || r[0] == nil || r[0].name != "kafka-5" || r[1] != nil || r[2] == nil || r[2].name != "kafka-7" {
		t.Errorf("places %v; want kafka-5, none and kafka-7", r)
	}
}
