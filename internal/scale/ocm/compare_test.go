package ocm

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	clusterv1alpha1 "open-cluster-management.io/api/cluster/v1alpha1"
	rolloutv1alpha1 "open-cluster-management.io/sdk-go/pkg/apis/cluster/v1alpha1"
	placementv1beta1 "open-cluster-management.io/sdk-go/pkg/apis/cluster/v1beta1"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var strategy = clusterv1alpha1.RolloutStrategy{
	Type: clusterv1alpha1.ProgressivePerGroup,
	ProgressivePerGroup: &clusterv1alpha1.RolloutProgressivePerGroup{RolloutConfig: clusterv1alpha1.RolloutConfig{
		MinSuccessTime: metav1.Duration{Duration: time.Hour}, ProgressDeadline: "24h", MaxFailures: intstr.FromInt32(20),
	}},
}

// handler puts the same rollout to OCM: its groups are the waves, and its list of
// statuses has those clusters that were told to apply the new version.
func handler(tb testing.TB, r *rollout) (*rolloutv1alpha1.RolloutHandler[struct{}], []rolloutv1alpha1.ClusterRolloutStatus) {
	tb.Helper()
	groups := placementv1beta1.ClusterGroupsMap{}
	var statuses []rolloutv1alpha1.ClusterRolloutStatus
	now := time.Now() // OCM's handler reads the clock itself
	for w := range waves {
		key := placementv1beta1.GroupKey{GroupName: fmt.Sprintf("wave-%d", w), GroupIndex: int32(w)}
		groups[key] = sets.New(r.wave(w)...)
		if w > finished {
			continue
		}
		status, since := rolloutv1alpha1.Succeeded, now.Add(-2*time.Hour)
		if w == finished {
			status, since = rolloutv1alpha1.Progressing, now
		}
		for _, name := range r.wave(w) {
			statuses = append(statuses, rolloutv1alpha1.ClusterRolloutStatus{
				ClusterName: name, GroupKey: key, Status: status, LastTransitionTime: &metav1.Time{Time: since},
			})
		}
	}
	h, err := rolloutv1alpha1.NewRolloutHandler[struct{}](
		placementv1beta1.NewPlacementDecisionClustersTrackerWithGroups(nil, nil, groups), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return h, statuses
}

// TestBothFindTheSameClustersUnderWay: what is compared is the same work.
func TestBothFindTheSameClustersUnderWay(t *testing.T) {
	r := midRollout(t, 1000)
	want := slices.Sorted(slices.Values(r.wave(finished)))

	h, statuses := handler(t, r)
	_, result, err := h.GetRolloutCluster(strategy, statuses)
	if err != nil {
		t.Fatal(err)
	}
	var theirs []string
	for _, c := range result.ClustersToRollout {
		theirs = append(theirs, c.ClusterName)
	}
	slices.Sort(theirs)
	if !slices.Equal(theirs, want) {
		t.Errorf("OCM rolls out %d clusters, want %d: those of the sixth wave", len(theirs), len(want))
	}

	p := plan.Decide(r.in)
	if len(p.Events) > 0 {
		t.Fatalf("the fleet is not at rest: %+v", p.Events[0])
	}
	var ours []string
	verdicts := map[plan.Verdict]int{}
	for _, name := range r.members {
		row, _ := r.in.Fleet.Find(name)
		d := p.Decision(row)
		verdicts[d.Verdict]++
		if d.Verdict == plan.Rolling {
			ours = append(ours, name)
		}
	}
	slices.Sort(ours)
	if !slices.Equal(ours, want) {
		t.Errorf("Wavegate rolls %d clusters, want %d: those of the sixth wave; %v", len(ours), len(want), verdicts)
	}
	if verdicts[plan.Current] != finished*r.size || verdicts[plan.Waiting] != (waves-finished-1)*r.size {
		t.Errorf("verdicts %v", verdicts)
	}
}

// BenchmarkTick is one tick in mid rollout.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		fleet := sync.OnceValue(func() *rollout { return midRollout(b, n) })
		b.Run(fmt.Sprintf("by=ocm/clusters=%d", n), func(b *testing.B) {
			h, statuses := handler(b, fleet())
			for b.Loop() {
				if _, _, err := h.GetRolloutCluster(strategy, statuses); err != nil {
					b.Fatal(err)
				}
			}
			perCluster(b, n)
		})
		b.Run(fmt.Sprintf("by=wavegate-full/clusters=%d", n), func(b *testing.B) {
			r := fleet()
			for b.Loop() {
				plan.Decide(r.in)
			}
			perCluster(b, n)
		})
		b.Run(fmt.Sprintf("by=wavegate-100-changed/clusters=%d", n), func(b *testing.B) {
			r := fleet()
			news := plan.Observation{DataPlane: "dp", AsOf: r.in.Now}
			for i := range 100 {
				row, _ := r.in.Fleet.Find(r.members[i*n/100])
				news.Clusters = append(news.Clusters, r.in.Fleet.Cluster(row))
			}
			p := r.rest(b)
			for b.Loop() {
				r.in.Fleet.Observe(news)
				p = p.Next(r.in)
			}
			perCluster(b, n)
		})
	}
}

// perCluster reports how long one operation takes for each of n clusters.
func perCluster(b *testing.B, n int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/cluster")
}
