package datadog_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// running is a world whose monitors poll by themselves, in a bubble of time.
type running struct {
	world
	began time.Time
}

// run tells a story in which Run runs and asks for the products.
func run(t *testing.T, products []fleet.Product, tell func(t *testing.T, w running), change ...func(*datadog.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// Begin at a multiple of the rate limit's period.
		w := running{newWorld(t, time.Now, change...), time.Now()}
		w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			w.monitors.Run(ctx)
		}()
		if _, err := w.monitors.Signals(ctx, products); err == nil {
			t.Error("there was an answer before anything was asked")
		}
		tell(t, w)
		stop()
		<-stopped
	})
}

// at lets the time come that is so long after the beginning.
func (w running) at(d time.Duration) {
	time.Sleep(d - time.Since(w.began))
	synctest.Wait()
}

// polls are the times at which first pages were asked for, since the beginning.
func (w running) polls() []time.Duration {
	var out []time.Duration
	for _, r := range w.searches() {
		if r.Query.Get("page") == "0" {
			out = append(out, r.At.Sub(w.began))
		}
	}
	return out
}

func (w running) wantPolls(t *testing.T, want ...time.Duration) {
	t.Helper()
	if got := w.polls(); !slices.Equal(got, want) {
		t.Errorf("polls at %v, want them at %v", got, want)
	}
}

const (
	second = time.Second
	minute = time.Minute
)

func TestNothingIsPolledBeforeSomebodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, time.Now)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.monitors.Run(ctx)
		time.Sleep(time.Hour)
		w.monitors.Poke()
		synctest.Wait()
		if n := len(w.server.Requests()); n != 0 {
			t.Errorf("%d requests", n)
		}
		_, _ = w.monitors.Signals(ctx, kafka())
		synctest.Wait()
		if n := len(w.server.Requests()); n != 1 {
			t.Errorf("%d requests right after the first question, want 1", n)
		}
	})
}

func TestPollsComeAtTheInterval(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(50 * second)
		w.wantPolls(t, 0, 15*second, 30*second, 45*second)
		if got := w.signals(t, kafka()).Sources[m0].AsOf.Sub(w.began); got != 45*second {
			t.Errorf("as of %v, want the newest poll", got)
		}
	})
}

func TestAPokePollsAtOnceButAFloodDoesNot(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(5 * second)
		w.server.Change(7, "kafka_cluster:lkc-1", func(g *datadogtest.Group) { g.Status = "Alert" })
		w.monitors.Poke()
		synctest.Wait()
		w.wantPolls(t, 0, 5*second)
		wantFiring(t, w.signals(t, kafka()), "lkc-1")
		w.at(27 * second)
		// The search may have lagged behind the webhook, so the next one is early.
		w.wantPolls(t, 0, 5*second, 10*second, 25*second)

		for range 1000 {
			w.monitors.Poke()
			time.Sleep(10 * time.Millisecond)
		}
		if n := len(w.polls()) - 4; n < 9 || n > 11 {
			t.Errorf("%d polls in ten seconds of pokes, want one a second", n)
		}
		// When the flood is over, polls come as before.
		w.at(minute)
		before := len(w.polls())
		w.at(2 * minute)
		if n := len(w.polls()) - before; n != 4 {
			t.Errorf("%d polls in the minute after the flood, want 4", n)
		}
	})
}

func TestANewQueryIsReadAtOnce(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(5 * second)
		more := []fleet.Product{product("kafka", kafkaQuery, "tag:service:kafka")}
		key := plan.MonitorKey{Product: "kafka", Monitor: "m1"}
		wantUnknown(t, w.signals(t, more), key, "not been read")
		synctest.Wait()
		wantUnknown(t, w.signals(t, more), key)
		w.at(6 * second)
		if got := w.signals(t, more).Sources[key].AsOf.Sub(w.began); got != 5*second {
			t.Errorf("as of %v, want 5s", got)
		}
	})
}

func TestSignalsDoesNotWaitForASlowPoll(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		w.server.Change(7, "kafka_cluster:lkc-1", func(g *datadogtest.Group) { g.Status = "Alert" })
		w.server.Fail(datadogtest.Fault{Delay: 10 * second})
		w.at(20 * second)
		asked := time.Now()
		s := w.signals(t, kafka())
		if waited := time.Since(asked); waited != 0 {
			t.Errorf("Signals took %v", waited)
		}
		wantFiring(t, s)
		if got := s.Sources[m0].AsOf.Sub(w.began); got != 0 {
			t.Errorf("as of %v, want the poll that is done", got)
		}
		w.at(26 * second)
		s = w.signals(t, kafka())
		wantFiring(t, s, "lkc-1")
		if got := s.Sources[m0].AsOf.Sub(w.began); got != 15*second {
			t.Errorf("as of %v, want when the slow poll began, at 15s", got)
		}
	})
}

func TestFailingPollsComeMoreAndMoreSeldom(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		for range 6 {
			w.server.Fail(datadogtest.Fault{Status: http.StatusInternalServerError})
		}
		for range 300 { // webhooks do not make it hammer
			time.Sleep(second)
			w.monitors.Poke()
		}
		w.at(20 * minute)
		got := w.polls()
		// 1s: the poke. Then 15s, 30s, 60s, 120s, 120s, 120s after each failure.
		if want := []time.Duration{0, 2 * second, 17 * second, 47 * second, 107 * second, 227 * second, 347 * second}; !slices.Equal(got[:7], want) {
			t.Errorf("polls at %v, want %v", got[:7], want)
		}
		s := w.signals(t, kafka())
		wantUnknown(t, s, m0)
		if age := time.Since(s.Sources[m0].AsOf); age > 15*second {
			t.Errorf("when the failures were over, polls did not come as before: the newest is %v old", age)
		}
	})
}

func TestWaitsAreSpreadByJitter(t *testing.T) {
	most := func(c *datadog.Config) { c.Rand = func() float64 { return 1 } }
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(14 * second)
		w.wantPolls(t, 0, 13500*time.Millisecond)
	}, most)
}

func TestARefusalByTheRateLimitIsKept(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		w.server.Fail(datadogtest.Fault{Status: 429, Header: http.Header{"X-RateLimit-Reset": {"90"}}})
		// At 15s it is refused for 90s. The next poll begins when that is over,
		// so that its answer is not older than it has to be.
		w.at(2 * minute)
		w.wantPolls(t, 0, 15*second, 105*second, 2*minute)
		if got := w.signals(t, kafka()).Sources[m0].AsOf.Sub(w.began); got != 2*minute {
			t.Errorf("as of %v", got)
		}
	})
}

func TestWhoIsRefusedAgainWaitsTwiceAsLong(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		refused := datadogtest.Fault{Status: 429, Header: http.Header{"X-RateLimit-Reset": {"60"}}}
		w.server.Fail(refused, refused, refused)
		w.at(10 * minute)
		want := []time.Duration{0, 15 * second, 75 * second, 195 * second, 435 * second}
		if got := w.polls()[:5]; !slices.Equal(got, want) {
			t.Errorf("polls at %v, want %v", got, want)
		}
	})
}

func TestTheLimitOfTheServerIsNeverOverrun(t *testing.T) {
	// Twenty pages for each poll, and ten calls in ten seconds.
	run(t, kafka(), func(t *testing.T, w running) {
		w.server.SetLimit(10)
		w.server.SetMonitors(fleetOf(200))
		w.at(5 * minute)
		inPeriod := map[time.Time]int{}
		for _, r := range w.searches() {
			inPeriod[r.At.Truncate(10*second)]++
		}
		for period, n := range inPeriod {
			if n > 10 {
				t.Errorf("%d calls in the period of %v", n, period.Sub(w.began))
			}
		}
		s := w.signals(t, kafka())
		wantFiring(t, s, "lkc-199")
		if age := time.Since(s.Sources[m0].AsOf); age > minute {
			t.Errorf("the newest answer is %v old", age)
		}
	}, perPage(10))
}

func TestWhenLittleIsLeftCallsAreSpread(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.server.SetMonitors(fleetOf(30))
		w.at(second)
		w.server.Fail(datadogtest.Fault{Header: http.Header{"X-RateLimit-Limit": {"100"}, "X-RateLimit-Remaining": {"3"}, "X-RateLimit-Reset": {"8"}}})
		w.at(30 * second)
		var at []time.Duration
		for _, r := range w.searches() {
			if d := r.At.Sub(w.began); d >= 15*second && d < 29*second {
				at = append(at, d)
			}
		}
		if want := []time.Duration{15 * second, 17 * second, 17 * second}; !slices.Equal(at, want) {
			t.Errorf("pages at %v, want %v: two seconds between, as long as three calls have to last eight", at, want)
		}
	}, perPage(10))
}

func TestAQueryThatAlwaysFailsStarvesNoOther(t *testing.T) {
	products := []fleet.Product{product("kafka", "id:1", "id:2", kafkaQuery)}
	m2 := plan.MonitorKey{Product: "kafka", Monitor: "m2"}
	broken := func(c *datadog.Config) {
		inner := c.HTTPClient.Transport
		c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query().Get("query"); q == "id:1" || q == "id:2" {
				r = r.Clone(r.Context())
				r.URL.Path = "/nowhere" // the server answers 404
			}
			return inner.RoundTrip(r)
		})}
	}
	run(t, products, func(t *testing.T, w running) {
		w.at(10 * minute)
		s := w.signals(t, products)
		wantUnknown(t, s, m2)
		if age := time.Since(s.Sources[m2].AsOf); age > 15*second {
			t.Errorf("the answer of the query that works is %v old", age)
		}
		wantUnknown(t, s, m0, "it cannot be read: Datadog answers 404")
	}, broken)
}

func TestADatadogThatIsDownIsNotAskedEveryQuery(t *testing.T) {
	w := newWorld(t, atNoon)
	for range 4 {
		w.server.Fail(datadogtest.Fault{Status: 500})
	}
	if err := w.monitors.Poll(t.Context(), []fleet.Product{product("kafka", "id:1", "id:2", "id:3", "id:4")}); err == nil {
		t.Error("a poll without any answer has no error")
	}
	if n := len(w.server.Requests()); n != 2 {
		t.Errorf("%d calls, want two: one may be bad luck", n)
	}
}

func TestAfterAPollThatTookLongerThanTheIntervalThereIsAGap(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		w.server.Fail(datadogtest.Fault{Delay: 18 * second})
		w.at(40 * second)
		w.wantPolls(t, 0, 15*second, 34*second)
	})
}

func TestWhenNothingIsLeftNoCallIsMade(t *testing.T) {
	run(t, kafka(), func(t *testing.T, w running) {
		w.at(second)
		w.server.Fail(datadogtest.Fault{Header: http.Header{"X-RateLimit-Limit": {""}, "X-RateLimit-Remaining": {"0"}, "X-RateLimit-Reset": {"40"}}})
		w.at(minute)
		w.wantPolls(t, 0, 15*second, 55*second)
	})
}

func TestAWrongKeyStopsThePollAtTheFirstCall(t *testing.T) {
	products := []fleet.Product{product("kafka", "tag:a", "tag:b", kafkaQuery)}
	w := newWorld(t, atNoon, func(c *datadog.Config) { c.AppKey = func() (string, error) { return "no-longer-valid", nil } })
	err := w.monitors.Poll(t.Context(), products)
	if err == nil || !strings.Contains(err.Error(), "403: Forbidden; check both keys") || strings.Contains(err.Error(), "no-longer-valid") {
		t.Errorf("got %v", err)
	}
	if n := len(w.server.Requests()); n != 1 {
		t.Errorf("%d calls with a key that is refused", n)
	}
}

func TestRunEndsWhileItWaits(t *testing.T) {
	for _, test := range []struct {
		story string
		fault datadogtest.Fault
	}{
		{"for the next poll", datadogtest.Fault{}},
		{"for an answer", datadogtest.Fault{Delay: 15 * second}},
		{"for the rate limit", datadogtest.Fault{Status: 429, Header: http.Header{"X-RateLimit-Reset": {"500"}}}},
		{"after a failure", datadogtest.Fault{Status: 503}},
	} {
		t.Run(test.story, func(t *testing.T) {
			var ended time.Time
			run(t, kafka(), func(t *testing.T, w running) {
				w.at(second)
				w.server.Fail(test.fault, test.fault)
				w.at(20 * second)
				ended = time.Now()
				t.Cleanup(func() {
					if late := time.Since(ended); late != 0 {
						t.Errorf("it ended %v late", late)
					}
				})
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
