package prometheus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a network on which answers take no time and are given by order.
type script struct {
	mu     sync.Mutex
	start  time.Time
	answer func(n int, r *http.Request) (*http.Response, error)
	at     []time.Duration // when it was asked
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.at = append(s.at, time.Since(s.start))
	n := len(s.at)
	s.mu.Unlock()
	return s.answer(n, r)
}

func (s *script) times() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.at...)
}

func answers(code int, body string, header http.Header) (*http.Response, error) {
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func quietly(int, *http.Request) (*http.Response, error) {
	return answers(200, rules(healthy("KafkaLatencyHigh")), nil)
}

// runFor runs monitors with a script for a time, and does something meanwhile.
func runFor(t *testing.T, d time.Duration, s *script, meanwhile func(m *Monitors)) {
	t.Helper()
	s.start = time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	m := newMonitors(t, Config{
		Prometheus: []Server{{Endpoint: endpoint("eu", "http://prometheus")}},
		Interval:   15 * time.Second, Now: time.Now, Client: &http.Client{Transport: s},
	})
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	if meanwhile != nil {
		meanwhile(m)
	}
	time.Sleep(d - time.Since(s.start))
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run returns %v", err)
	}
}

func TestServersArePolledAboutOnceInAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: quietly}
		runFor(t, 150*time.Second, s, nil)
		at := s.times()
		if len(at) < 9 || len(at) > 12 || at[0] != 0 {
			t.Fatalf("asked at %v", at)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 13500*time.Millisecond || gap > 16500*time.Millisecond {
				t.Errorf("%v between polls %d and %d", gap, i, i+1)
			}
		}
	})
}

func TestAPokeLeadsToAPollAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: quietly}
		runFor(t, 10*time.Second, s, func(m *Monitors) {
			time.Sleep(5 * time.Second)
			m.Poke()
		})
		if at := s.times(); len(at) != 2 || at[1] != 5*time.Second {
			t.Errorf("poked after 5 s, asked at %v", at)
		}
	})
}

func TestAPokeDuringAPollLeadsToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(n int, r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second) // what it says may be older than the poke
			return quietly(n, r)
		}}
		runFor(t, 10*time.Second, s, func(m *Monitors) {
			time.Sleep(time.Second)
			m.Poke()
		})
		if at := s.times(); len(at) != 2 || at[1] != 2*time.Second+minGap {
			t.Errorf("asked at %v", at)
		}
	})
}

func TestAFloodOfPokesIsAFewPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: quietly}
		runFor(t, 10*time.Second, s, func(m *Monitors) {
			for range 10_000 {
				m.Poke()
				time.Sleep(100 * time.Microsecond)
			}
		})
		if at := s.times(); len(at) < 5 || len(at) > 12 {
			t.Errorf("10,000 pokes in one second are %d polls", len(at))
		}
	})
}

func TestAServerThatFailsIsAskedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(int, *http.Request) (*http.Response, error) { return nil, errors.New("no route") }}
		runFor(t, 10*time.Minute, s, nil)
		at := s.times()
		longest := time.Second
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < longest/2 || gap > longest {
				t.Errorf("%v between polls %d and %d, want half to all of %v", gap, i, i+1, longest)
			}
			longest = min(2*longest, maxRetry)
		}
		if len(at) < 10 {
			t.Errorf("it was given up: asked at %v", at)
		}
	})
}

func TestAServerThatRecoversIsPolledAsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n <= 5 {
				return nil, errors.New("no route")
			}
			return quietly(n, r)
		}}
		runFor(t, 2*time.Minute, s, nil)
		at := s.times()
		if len(at) < 8 {
			t.Fatalf("asked at %v", at)
		}
		for i := 6; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 13500*time.Millisecond || gap > 16500*time.Millisecond {
				t.Errorf("%v between polls %d and %d", gap, i, i+1)
			}
		}
	})
}

func TestAServerThatAsksToBeLeftAloneIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(n int, r *http.Request) (*http.Response, error) {
			if n == 1 {
				return answers(429, "", http.Header{"Retry-After": {"90"}})
			}
			return quietly(n, r)
		}}
		runFor(t, 100*time.Second, s, func(m *Monitors) {
			for range 80 {
				time.Sleep(time.Second)
				m.Poke()
			}
		})
		if at := s.times(); len(at) != 2 || at[1] != 90*time.Second {
			t.Errorf("asked to wait for 90 s, and was asked at %v", at)
		}
	})
}

func TestChangedIsCalledWhenSomethingChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		firing := rules(healthy("KafkaLatencyHigh", fires("lkc-1")))
		s := &script{start: time.Now(), answer: func(n int, r *http.Request) (*http.Response, error) {
			switch n {
			case 1, 2, 5:
				return quietly(n, r)
			case 3, 4:
				return answers(200, firing, nil)
			default:
				return nil, errors.New("no route")
			}
		}}
		ctx, cancel := context.WithCancel(context.Background())
		var changedAt []int
		m := newMonitors(t, Config{
			Prometheus: []Server{{Endpoint: endpoint("eu", "http://prometheus")}},
			Now:        time.Now, Client: &http.Client{Transport: s},
			Changed: func() { changedAt = append(changedAt, len(s.times())) },
		})
		ended := make(chan error)
		go func() { ended <- m.Run(ctx) }()
		time.Sleep(3 * time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returns %v", err)
		}
		if got := changedAt; len(got) != 4 || got[0] != 1 || got[1] != 3 || got[2] != 5 || got[3] != 6 {
			t.Errorf("changed after polls %v, want 1 3 5 6", got)
		}
	})
}

func TestAServerThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{start: time.Now(), answer: func(n int, r *http.Request) (*http.Response, error) {
			if r.URL.Host == "hangs" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return quietly(n, r)
		}}
		ctx, cancel := context.WithCancel(context.Background())
		m := newMonitors(t, Config{
			Prometheus: []Server{{Endpoint: endpoint("us", "http://hangs")}, {Endpoint: endpoint("eu", "http://prometheus")}},
			Now:        time.Now, Client: &http.Client{Transport: s},
		})
		ended := make(chan error)
		go func() { ended <- m.Run(ctx) }()
		synctest.Wait()
		got, err := m.Signals(ctx, kafka())
		if err != nil || !strings.Contains(got.Sources[latency].Unknown, "Prometheus us has not answered yet") {
			t.Errorf("while it hangs: %+v, %v", got, err)
		}
		time.Sleep(time.Minute)
		got, err = m.Signals(ctx, kafka())
		if err != nil || !strings.Contains(got.Sources[latency].Unknown, "Prometheus us has never answered: no answer within 10s") {
			t.Errorf("later: %+v, %v", got, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returns %v", err)
		}
	})
}
