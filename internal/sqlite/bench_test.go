package sqlite

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// journalEvent is the nth event of a fleet of 10,000 clusters whose journal has
// an event every two seconds: mostly clusters that wait, start, step and
// finish, and now and then a wave or a pause that concerns many.
func journalEvent(n int) plan.Event {
	kinds := [...]plan.EventKind{plan.Decided, plan.ClusterStarted, plan.ClusterStepped, plan.ClusterStepped, plan.ClusterFinished}
	release := n / 50_000 // a release of every cluster
	cluster := n % 50_000 / 5
	tag := fmt.Sprintf("7.%d.0", release)
	e := plan.Event{
		At: start.Add(time.Duration(n) * 2 * time.Second), Kind: kinds[n%5], Product: "kafka",
		Cohort: "cohort-" + strconv.Itoa(cluster%8), Cluster: fmt.Sprintf("lkc-%05d", cluster),
		Release: "kafka-" + tag, Commit: fmt.Sprintf("%040x", release), To: fleet.Version{Tag: tag}, Ordinal: n % 3,
	}
	switch {
	case n%1000 == 999:
		e.Kind, e.Cluster, e.Wave = plan.WaveOpened, "", n%4
	case e.Kind == plan.Decided:
		e.Gate, e.Reason = "limit-reached", fmt.Sprintf("%d of 25 are in flight in region eu-%d", n%26, n%7)
	}
	return e
}

func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := openAt(b, Config{Path: newPath(b)})
			n := 0
			for b.Loop() {
				batch := make([]plan.Event, size)
				for i := range batch {
					batch[i] = journalEvent(n)
					n++
				}
				check(b, s.Record(b.Context(), batch))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkLoad folds a state of 100,000 events: with none of them in a
// snapshot, and after a snapshot.
func BenchmarkLoad(b *testing.B) {
	path := newPath(b)
	s := openAt(b, Config{Path: path, SnapshotEvery: 1 << 40})
	var events []plan.Event
	for i := range 200 {
		events = append(events, upgrade("release-"+strconv.Itoa(i), 125, start.Add(time.Duration(i)*time.Hour))...)
	}
	check(b, s.Record(b.Context(), events[:100_000]))
	for _, name := range []string{"snapshot=none", "snapshot=newest"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must[*plan.State](b)(s.Load(b.Context()))
			}
		})
		check(b, s.snapshot(b.Context()))
	}
}

// journalSize is how many events the large journal has: 10 million when
// WAVEGATE_JOURNAL_EVENTS says so. It is built once for a run, which takes some
// minutes then.
func journalSize(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("WAVEGATE_JOURNAL_EVENTS"); text != "" {
		return must[int](b)(strconv.Atoi(text))
	}
	return 200_000
}

// BenchmarkJournal asks a large journal for one cluster's last six months.
func BenchmarkJournal(b *testing.B) {
	size := journalSize(b)
	path := newPath(b)
	s := openAt(b, Config{Path: path, SnapshotEvery: 1 << 40})
	batch := make([]plan.Event, 0, 10_000)
	begin := time.Now()
	for n := range size {
		if batch = append(batch, journalEvent(n)); len(batch) == cap(batch) || n == size-1 {
			check(b, s.Record(b.Context(), batch))
			batch = batch[:0]
		}
	}
	info := must[os.FileInfo](b)(os.Stat(path))
	b.Logf("%d events recorded in %s, %d MiB, %.0f bytes an event", size, time.Since(begin).Round(time.Second),
		info.Size()>>20, float64(info.Size())/float64(size))
	until := journalEvent(size - 1).At
	q := HistoryQuery{Since: until.AddDate(0, -6, 0), Until: until, Limit: maxLimit}

	b.Run("history", func(b *testing.B) {
		events, n := 0, 0
		for b.Loop() {
			q.Cluster = fmt.Sprintf("lkc-%05d", n*37%min(10_000, size/5))
			page := must[Page](b)(s.History(b.Context(), q))
			events += len(page.Events)
			n++
		}
		b.ReportMetric(float64(events)/float64(n), "events")
	})
	b.Run("history-page", func(b *testing.B) {
		n := 0
		for b.Loop() {
			must[Page](b)(s.History(b.Context(), HistoryQuery{Cluster: fmt.Sprintf("lkc-%05d", n*37%min(10_000, size/5)), Limit: 50}))
			n++
		}
	})
	b.Run("at", func(b *testing.B) {
		n := 0
		for b.Loop() {
			must[[]plan.Event](b)(s.At(b.Context(), fmt.Sprintf("lkc-%05d", n*37%min(10_000, size/5)), "", "", until.AddDate(0, -1, 0)))
			n++
		}
	})
	b.Run("export", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = 0
			for _, err := range s.Events(context.Background(), Filter{After: uint64(max(0, size-200_000))}) {
				check(b, err)
				n++
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
