package proof

import (
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// flight is a cluster that was started and is not known to have arrived.
type flight struct {
	cluster   string
	key       plan.TargetKey
	wave      int
	dataPlane string
	labels    map[string]string
	adopted   bool // found under way
	// counts tells that it is surely in flight. One that has failed, was skipped or
	// whose rollout is gone may have been brought to rest by somebody.
	counts bool
}

func (f *flight) label(key string) (string, bool) {
	switch key {
	case fleet.LabelName:
		return f.cluster, true
	case fleet.LabelProduct:
		return f.key.Product, true
	case fleet.LabelDataPlane:
		return f.dataPlane, f.dataPlane != ""
	default:
		v, ok := f.labels[key]
		return v, ok
	}
}

// flights are all of them, and how many count.
type flights struct {
	of      map[string]*flight
	total   int
	byLabel map[[2]string]int
	byWave  map[waveKey]int
}

type waveKey struct {
	plan.TargetKey
	wave int
}

func newFlights() flights {
	return flights{of: map[string]*flight{}, byLabel: map[[2]string]int{}, byWave: map[waveKey]int{}}
}

func (fs *flights) add(f *flight, n int) {
	fs.total += n
	fs.byWave[waveKey{f.key, f.wave}] += n
	fs.byLabel[[2]string{fleet.LabelProduct, f.key.Product}] += n
	fs.byLabel[[2]string{fleet.LabelDataPlane, f.dataPlane}] += n
	for k, v := range f.labels {
		fs.byLabel[[2]string{k, v}] += n
	}
}

// count makes a flight count, or not.
func (fs *flights) count(f *flight, counts bool) {
	switch {
	case f == nil || f.counts == counts:
		return
	case counts:
		fs.add(f, 1)
	default:
		fs.add(f, -1)
	}
	f.counts = counts
}

// start replaces what is known of a cluster by a new start.
func (fs *flights) start(f *flight) {
	fs.end(f.cluster)
	fs.of[f.cluster] = f
	fs.count(f, true)
}

func (fs *flights) end(cluster string) {
	fs.count(fs.of[cluster], false)
	delete(fs.of, cluster)
}

// retry makes a cluster count again that was half way, or may be.
func (fs *flights) retry(cluster string, key plan.TargetKey, wave int) {
	f := fs.of[cluster]
	if f == nil {
		f = &flight{cluster: cluster, key: key, wave: wave, adopted: true}
		fs.of[cluster] = f
	}
	fs.count(f, true)
}
