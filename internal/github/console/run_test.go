package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// quiet is a console that speaks with nobody.
func quiet(t *testing.T) *Console {
	t.Helper()
	client, err := github.New(github.Config{
		Owner: "acme", Repo: "fleet", Now: time.Now, Token: func() (string, error) { return "t", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Client: client, Branch: "main", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestALookFollowsTheLastOneByThePollOrEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := quiet(t)
		began := time.Now()
		var looks []time.Duration
		answers := []struct {
			next time.Duration
			err  error
		}{{0, nil}, {4 * time.Second, nil}, {0, nil}, {0, errors.New("down")}, {0, errors.New("down")}, {0, nil}, {0, nil}}
		ctx, cancel := context.WithCancel(t.Context())
		go c.loop(ctx, workLiving, c.living, func(context.Context) (time.Duration, error) {
			looks = append(looks, time.Since(began))
			a := answers[min(len(looks), len(answers))-1]
			return a.next, a.err
		})
		time.Sleep(20 * time.Second)
		synctest.Wait()
		c.Wake()
		time.Sleep(10 * time.Second) // the look that fails comes from the poll
		time.Sleep(100 * time.Second)
		cancel()
		synctest.Wait()
		want := []time.Duration{0, 15, 19, 20, 35, 65, 80, 95, 110, 125}
		for i := range want {
			if i >= len(looks) || looks[i] != want[i]*time.Second {
				t.Fatalf("looks at %v, want %v seconds", looks, want)
			}
		}
	})
}

func TestWhatHappensWhileGitHubIsDownAsksForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := quiet(t)
		looks := 0
		ctx, cancel := context.WithCancel(t.Context())
		go c.loop(ctx, workOpen, c.open, func(context.Context) (time.Duration, error) {
			looks++
			return 0, errors.New("down")
		})
		for range 3600 {
			c.Wake()
			time.Sleep(time.Second)
		}
		cancel()
		synctest.Wait()
		if looks < 10 || looks > 20 {
			t.Errorf("%d looks in an hour", looks)
		}
		if err := c.trouble.tell(); err == nil || c.trouble.tell() != nil {
			t.Errorf("told %v, and not once", err)
		}
	})
}

func TestRunSaysWhatReportTakes(t *testing.T) {
	w := start(t)
	w.console.cfg.Poll = 10 * time.Millisecond
	w.console.cfg.Preview = w.preview
	n := w.propose("prod", githubtest.Files{"cohorts/20-prod.yaml": prod("7.6.1")})
	merged, sha := w.release("7.6.1")
	w.cycle()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.console.Run(ctx)
	}()
	for range 1000 {
		if strings.HasPrefix(w.status(sha, StatusRollout), "pending") && len(w.own(merged)) > 0 && len(w.own(n)) > 0 {
			break
		}
		w.console.Wake()
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-ended
	w.comment(merged, "kafka 7.6.1 in canary")
	w.comment(n, "in prod")
}

// stuck is a network on which a request gets no answer until its context ends.
type stuck struct{ entered chan struct{} }

func (s stuck) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case s.entered <- struct{}{}:
	default:
	}
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestReportNeverWaitsForGitHub(t *testing.T) {
	w := start(t)
	w.release("7.6.1")
	w.cycle()
	network := stuck{make(chan struct{}, 1)}
	client, err := github.New(github.Config{
		BaseURL: w.URL, Owner: "acme", Repo: "fleet", Now: w.clock.read, Transport: network, Timeout: time.Hour,
		Token: func() (string, error) { return "t", nil },
	})
	w.ok(err)
	w.console.cfg.Client = client
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.console.Run(ctx)
	}()
	<-network.entered
	for range 3 {
		w.cycle() // one that waited would wait until the test times out
	}
	cancel()
	<-ended
	if len(w.reports) != 0 {
		t.Errorf("reports %v", w.reports)
	}
}

func TestAConsoleThatIsNotWired(t *testing.T) {
	client := quiet(t).cfg.Client
	for name, k := range map[string]struct {
		cfg  Config
		says string
	}{
		"no client":          {Config{Branch: "main", Now: time.Now}, "Client is missing"},
		"no branch":          {Config{Client: client, Now: time.Now}, "Branch is missing"},
		"no clock":           {Config{Client: client, Branch: "main"}, "Now is missing"},
		"no files":           {Config{Client: client, Branch: "main", Now: time.Now, Promotions: true}, "need Tree"},
		"a time that is odd": {Config{Client: client, Branch: "main", Now: time.Now, Hold: -1}, "Hold is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(k.cfg); err == nil || !strings.Contains(err.Error(), k.says) {
				t.Errorf("got %v, want %q", err, k.says)
			}
		})
	}
}
