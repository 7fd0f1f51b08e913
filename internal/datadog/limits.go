package datadog

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limits keeps the rate limits of one endpoint.
type limits struct {
	now  func() time.Time
	rand func() float64

	mu      sync.Mutex
	next    time.Time // no call before
	refused int       // how many 429s came one after another
}

const (
	// longestHold bounds what a header can make us wait. The answers are too
	// old long before it ends, and that stops everything safely.
	longestHold = 15 * time.Minute
	// unknownReset is how long a 429 without headers is respected.
	unknownReset = 10 * time.Second
)

// wait returns when the next call may be made.
func (l *limits) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		left := l.next.Sub(l.now())
		l.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := pause(ctx, left); err != nil {
			return err
		}
	}
}

// observe learns from the headers of an answer.
func (l *limits) observe(status int, h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hold := time.Duration(0)
	limit, hasLimit := count(h, "X-RateLimit-Limit")
	remaining, hasRemaining := count(h, "X-RateLimit-Remaining")
	reset, hasReset := seconds(h, "X-RateLimit-Reset")
	if !hasReset {
		if reset, hasReset = seconds(h, "X-RateLimit-Period"); !hasReset {
			reset = unknownReset
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		l.refused++
		after, _ := seconds(h, "Retry-After")
		// Who is refused again has misread the limit: wait twice as long.
		hold = max(reset, after, time.Second) << min(l.refused-1, 10)
		hold += time.Duration(l.rand() * float64(hold/4))
	case !hasRemaining:
		l.refused = 0
	case remaining == 0:
		l.refused = 0
		hold = reset + time.Duration(l.rand()*float64(time.Second))
	case hasLimit && remaining < limit/5:
		l.refused = 0
		hold = reset / time.Duration(remaining+1)
	default:
		l.refused = 0
	}
	if next := l.now().Add(min(hold, longestHold)); hold > 0 && next.After(l.next) {
		l.next = next
	}
}

func count(h http.Header, name string) (int64, bool) {
	n, err := strconv.ParseInt(h.Get(name), 10, 64)
	return n, err == nil && n >= 0
}

func seconds(h http.Header, name string) (time.Duration, bool) {
	n, ok := count(h, name)
	return time.Duration(min(n, int64(longestHold/time.Second))) * time.Second, ok
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
