package datadog_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

// history is what was true of one cluster, and since when.
type history []struct {
	at    time.Time
	fires bool
}

// could reports whether a cluster fired, or did not, at some time from one to
// the other.
func (h history) could(fires bool, from, to time.Time) bool {
	for i, entry := range h {
		until := to
		if i+1 < len(h) {
			until = h[i+1].at
		}
		if entry.fires == fires && !until.Before(from) && !entry.at.After(to) {
			return true
		}
	}
	// Before its first entry a cluster was not there, and so did not fire.
	return !fires && (len(h) == 0 || h[0].at.After(from))
}

// TestUnderAnyFaultsWhatIsSaidWasTrue lets clusters come, fire and recover while
// Datadog fails in every way it can. Whatever is said about a cluster must have
// been true at some time since the moment that the answer speaks of, and when
// the faults are over, the answers must be fresh again.
func TestUnderAnyFaultsWhatIsSaidWasTrue(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 7))
			randomly := func(c *datadog.Config) { c.Rand, c.PerPage = rand.New(rand.NewPCG(seed, 8)).Float64, 5 }
			run(t, kafka(), func(t *testing.T, w running) {
				w.at(second)
				truth := map[string]history{"lkc-1": {{at: w.began}}}
				monitor := replicas(onCluster("lkc-1", "OK"))
				known := 0
				for tick := range 600 {
					if tick == 400 {
						w.server.Heal()
					}
					time.Sleep(time.Duration(dice.IntN(3000)) * time.Millisecond)
					switch faulty := tick < 400; {
					case dice.IntN(3) == 0:
						g := &monitor.Groups[dice.IntN(len(monitor.Groups))]
						g.Status = []string{"OK", "Alert", "Warn"}[dice.IntN(3)]
						cluster := g.Tags[0][len(clusterTag)+1:]
						truth[cluster] = append(truth[cluster], struct {
							at    time.Time
							fires bool
						}{time.Now(), g.Status == "Alert"})
						w.server.SetMonitors(monitor)
					case dice.IntN(10) == 0 && len(monitor.Groups) < 30:
						cluster := fmt.Sprintf("lkc-%d", len(monitor.Groups)+1)
						monitor.Groups = append(monitor.Groups, onCluster(cluster, "Alert"))
						truth[cluster] = history{{time.Now(), true}}
						w.server.SetMonitors(monitor)
					case dice.IntN(10) == 0:
						w.monitors.Poke()
					case faulty && dice.IntN(6) == 0:
						w.server.Fail(anyFault(dice))
					}
					s := w.signals(t, kafka())
					state := s.Sources[m0]
					if state.Unknown != "" {
						continue
					}
					known++
					firing := map[string]bool{}
					for _, a := range s.Alerts {
						firing[a.Cluster] = true
					}
					for cluster, h := range truth {
						if !h.could(firing[cluster], state.AsOf, time.Now()) {
							t.Fatalf("at %v: %s fires: %v, which was not so since %v: %v",
								time.Since(w.began), cluster, firing[cluster], state.AsOf.Sub(w.began), h)
						}
					}
				}
				time.Sleep(5 * minute)
				synctest.Wait()
				s := w.signals(t, kafka())
				wantUnknown(t, s, m0)
				if age := time.Since(s.Sources[m0].AsOf); age > 16*second {
					t.Errorf("long after the faults the answer is %v old", age)
				}
				if known < 100 {
					t.Errorf("the monitor was known only %d times: the story tells little", known)
				}
			}, randomly)
		})
	}
}

func anyFault(dice *rand.Rand) datadogtest.Fault {
	switch dice.IntN(9) {
	case 0:
		return datadogtest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"X-RateLimit-Reset": {fmt.Sprint(dice.IntN(30))}}}
	case 1:
		return datadogtest.Fault{Status: 500 + dice.IntN(5)}
	case 2:
		return datadogtest.Fault{Delay: time.Duration(dice.IntN(30)) * second}
	case 3:
		return datadogtest.Fault{Garbage: `{"groups":[],"metadata":`}
	case 4:
		return datadogtest.Fault{Total: dice.IntN(5) - 2}
	case 5:
		return datadogtest.Fault{Drop: 1 + dice.IntN(3)}
	case 6:
		return datadogtest.Fault{Repeat: true}
	case 7:
		return datadogtest.Fault{Status: http.StatusBadRequest, Body: `{"errors":["Query parsing error"]}`}
	default:
		return datadogtest.Fault{Pages: dice.IntN(5) - 2}
	}
}
