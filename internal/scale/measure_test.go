//go:build measure

package scale_test

import (
	"syscall"
	"testing"
	"time"
)

// TestMeasureADay is a day of 20,000 clusters with 200,000 brokers: 200 commits,
// ten releases through twenty cohorts, up to 2,500 clusters in flight, one call in
// a hundred fails. Its figures stand in the README; the modelled fleet, the judge
// and the journal's disk are in them.
func TestMeasureADay(t *testing.T) {
	s := scenario{
		clusters: 20_000, planes: 20, cohorts: 20, perStage: 4, releases: 10, brokers: [2]int{6, 14},
		inFlight: 2500, perRegion: 400, perPlane: 200, perCustomer: 2, failing: 0.01, length: 24 * time.Hour,
	}
	if testing.Short() {
		s.clusters, s.inFlight, s.releases = 2000, 250, 2
	}
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	d := live(t, s)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		t.Fatal(err)
	}
	seconds := func(u syscall.Rusage) float64 { return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9 }
	t.Logf("%d clusters, %d brokers, %d commits, %d cycles", s.clusters, d.brokers, d.commits, d.cycles)
	t.Logf("%d clusters started, %d brokers restarted, at most %d in flight; all through after %s", d.starts, d.restarts, d.most, d.finished.Round(time.Minute))
	t.Logf("%d actions, %d events, %d MiB of journal; %d of %d calls failed", d.actions, d.events, d.journal>>20, d.failed, d.calls)
	t.Logf("CPU %.0f s, wall %.0f s, peak memory %d MiB", seconds(after)-seconds(before), time.Since(begin).Seconds(), after.Maxrss>>10)
}
