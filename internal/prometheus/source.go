package prometheus

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"
)

// source is one server that is polled, and what it said last.
type source struct {
	name   string // such as "prometheus eu"
	serves func(product string) bool
	ask    func(ctx context.Context) (answer, error)
	log    *slog.Logger

	poked chan struct{} // holds one: pokes that come together are one

	mu     sync.Mutex
	newest answer // nil until there was one
	failed error  // why the last poll brought none; nil when it did
}

// state is what is known of a source at one moment.
type state struct {
	source *source
	newest answer
	failed error
}

func (s *source) state() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return state{s, s.newest, s.failed}
}

// askRules asks a Prometheus for its alerting rules. The alerts that fire are
// part of the answer: rules and alerts of one moment, where two requests would
// speak of two.
func askRules(a asker, external string) func(context.Context) (answer, error) {
	external = strings.TrimRight(external, "/")
	return func(ctx context.Context) (answer, error) {
		asked := a.now()
		body, err := a.get(ctx, "/api/v1/rules", url.Values{"type": {"alert"}})
		if err != nil {
			return nil, err
		}
		rules, err := decodeRules(body, external)
		if err != nil {
			return nil, err
		}
		return &ruleBook{asked: asked, rules: rules}, nil
	}
}

// askAlerts asks an Alertmanager for all alerts, also those that it keeps to
// itself, and when there are any of these, for its silences.
func askAlerts(a asker, watchdog string) func(context.Context) (answer, error) {
	all := url.Values{"active": {"true"}, "silenced": {"true"}, "inhibited": {"true"}, "unprocessed": {"true"}}
	return func(ctx context.Context) (answer, error) {
		asked := a.now()
		body, err := a.get(ctx, "/api/v2/alerts", all)
		if err != nil {
			return nil, err
		}
		alerts, err := decodeAlerts(body)
		if err != nil {
			return nil, err
		}
		var silences map[string]gettableSilence
		for i := range alerts {
			if len(alerts[i].Status.SilencedBy) == 0 {
				continue
			}
			// Who silenced them is good to know, but not needed: without the
			// list they are named by their ids.
			if body, err := a.get(ctx, "/api/v2/silences", nil); err == nil {
				silences, _ = decodeSilences(body)
			}
			break
		}
		return newAlertBook(asked, alerts, silences, watchdog), nil
	}
}

// poll asks the server once. It reports whether what is known has changed.
func (s *source) poll(ctx context.Context) (changed bool, err error) {
	a, err := s.ask(ctx)
	if ctx.Err() != nil {
		return false, ctx.Err() // we are ending; the server has failed nobody
	}
	s.mu.Lock()
	before := s.failed
	s.failed = err
	if err == nil {
		changed = s.newest == nil || !a.equal(s.newest)
		s.newest = a
	}
	s.mu.Unlock()
	changed = changed || (before == nil) != (err == nil)
	switch {
	case err != nil && before == nil:
		s.log.Warn("monitors cannot be read", "source", s.name, "error", err)
	case err == nil && before != nil:
		s.log.Info("monitors can be read again", "source", s.name)
	}
	return changed, err
}

const (
	// minGap lies between two polls of a source, however often it is poked.
	minGap = 100 * time.Millisecond
	// firstRetry is the wait after a poll that failed; it doubles up to maxRetry.
	firstRetry = time.Second
	maxRetry   = time.Minute
)

// run polls until the context ends. It can be woken while it waits, but not
// while the server has asked to be left alone.
func (s *source) run(ctx context.Context, interval time.Duration, changed func()) {
	failures := 0
	for {
		select {
		case <-s.poked: // the poll that begins now is what was asked for
		default:
		}
		differs, err := s.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if differs {
			changed()
		}
		if err != nil {
			failures++
		} else {
			failures = 0
		}
		deaf, wait := minGap, pause(interval, failures)
		if e, ok := errors.AsType[*statusError](err); ok {
			deaf = max(deaf, e.after)
		}
		if !rest(ctx, deaf, nil) || !rest(ctx, wait-deaf, s.poked) {
			return
		}
	}
}

// pause is how long to wait before the next poll: about the interval, and after
// failures something between half and all of a time that doubles with each.
func pause(interval time.Duration, failures int) time.Duration {
	if failures == 0 {
		return time.Duration(float64(interval) * (0.9 + 0.2*rand.Float64()))
	}
	longest := max(interval, maxRetry)
	wait := min(interval, firstRetry)
	for range min(failures-1, 30) {
		wait = min(2*wait, longest)
	}
	return time.Duration(float64(wait) * (0.5 + 0.5*rand.Float64()))
}

// rest waits, or less long when it is woken. It returns false when the context
// ended.
func rest(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}

// poke asks for a poll now. It never blocks.
func (s *source) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}
