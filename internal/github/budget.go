package github

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// GitHub's limits for content are 80 writes a minute and 500 an hour. Ordinary
// writes stay well below them; what is urgent, word of a halt, may use more.
const (
	writesAMinute, urgentAMinute = 60, 75
	writesAnHour, urgentAnHour   = 400, 480
)

// LimitError says that GitHub's limits leave no room for a request for longer
// than a call waits.
type LimitError struct {
	// Until is when there is room again, as far as is known.
	Until time.Time
	// Why names the limit.
	Why string
	// RequestID is that of GitHub's answer, when it was GitHub that refused.
	RequestID string
}

// Error says which limit it was and when it passes.
func (e *LimitError) Error() string {
	id := ""
	if e.RequestID != "" {
		id = " (request " + e.RequestID + ")"
	}
	return fmt.Sprintf("%s; there is room again at %s%s", e.Why, e.Until.UTC().Format(time.RFC3339), id)
}

// Usage is what was asked of GitHub.
type Usage struct {
	// Hour is the beginning of the hour that the next four count.
	Hour time.Time
	// Requests is how many requests were sent, each try counted.
	Requests int
	// Unchanged is how many of them GitHub answered with 304, which costs nothing.
	Unchanged int
	// Writes is how many of them changed something.
	Writes int
	// Refused is how many of them met a limit of GitHub's.
	Refused int
	// LastHour is how many requests the hour before had.
	LastHour int
	// WritesLastMinute and WritesLast60Minutes count back from now.
	WritesLastMinute, WritesLast60Minutes int
	// Limit, Remaining and Reset are what GitHub says of the hourly budget; zero
	// before the first answer.
	Limit, Remaining int
	Reset            time.Time
	// HeldUntil is when a limit that GitHub has named passes; zero for none.
	HeldUntil time.Time
}

// budget counts requests and holds them back.
type budget struct {
	now func() time.Time

	mu     sync.Mutex
	usage  Usage
	writes []time.Time // of the last hour, oldest first
	held   LimitError  // what GitHub has refused
}

func newBudget(now func() time.Time) *budget { return &budget{now: now} }

// Usage returns what was asked so far.
func (c *Client) Usage() Usage { return c.budget.read() }

func (b *budget) read() Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.turn(now)
	u := b.usage
	u.WritesLast60Minutes = len(b.writes)
	for _, at := range b.writes {
		if at.After(now.Add(-time.Minute)) {
			u.WritesLastMinute++
		}
	}
	if b.held.Until.After(now) {
		u.HeldUntil = b.held.Until
	}
	return u
}

// turn begins a new hour when it is time, and forgets old writes.
func (b *budget) turn(now time.Time) {
	if hour := now.Truncate(time.Hour); !hour.Equal(b.usage.Hour) {
		last := 0
		if hour.Equal(b.usage.Hour.Add(time.Hour)) {
			last = b.usage.Requests
		}
		b.usage.LastHour, b.usage.Hour = last, hour
		b.usage.Requests, b.usage.Unchanged, b.usage.Writes, b.usage.Refused = 0, 0, 0, 0
	}
	n := 0
	for n < len(b.writes) && !b.writes[n].After(now.Add(-time.Hour)) {
		n++
	}
	b.writes = b.writes[n:]
}

// admit returns when a request may be sent, and counts it. It fails with a
// LimitError when that would take longer than is left of the caller's patience.
func (b *budget) admit(ctx context.Context, method string, left *time.Duration) error {
	for {
		wait, limit := b.reserve(method, urgent(ctx))
		if wait <= 0 {
			return nil
		}
		if wait > *left {
			return &limit
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		*left -= wait
	}
}

// reserve counts a request if it may be sent now; else it says how long to wait.
func (b *budget) reserve(method string, urgent bool) (time.Duration, LimitError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.turn(now)
	if wait := b.held.Until.Sub(now); wait > 0 {
		return wait, b.held
	}
	if reads(method) {
		b.usage.Requests++
		return 0, LimitError{}
	}
	minute, hour := writesAMinute, writesAnHour
	if urgent {
		minute, hour = urgentAMinute, urgentAnHour
	}
	free := now
	if n := len(b.writes); n >= minute {
		free = b.writes[n-minute].Add(time.Minute)
	}
	if n := len(b.writes); n >= hour {
		if at := b.writes[n-hour].Add(time.Hour); at.After(free) {
			free = at
		}
	}
	if wait := free.Sub(now); wait > 0 {
		return wait, LimitError{Until: free, Why: fmt.Sprintf("more than %d writes in a minute or %d in an hour would come close to GitHub's limits", minute, hour)}
	}
	b.writes = append(b.writes, now)
	b.usage.Requests++
	b.usage.Writes++
	return 0, LimitError{}
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// hold keeps back all requests until a limit has passed.
func (b *budget) hold(limit LimitError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usage.Refused++
	if limit.Until.After(b.held.Until) {
		b.held = limit
	}
}

// learn reads what an answer says of the hourly budget.
func (b *budget) learn(header http.Header) {
	limit, err1 := strconv.Atoi(header.Get("X-Ratelimit-Limit"))
	remaining, err2 := strconv.Atoi(header.Get("X-Ratelimit-Remaining"))
	reset, err3 := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usage.Limit, b.usage.Remaining, b.usage.Reset = limit, remaining, time.Unix(reset, 0)
}

// unchanged counts a 304.
func (b *budget) unchanged() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.usage.Unchanged++
}

type urgentKey struct{}

// Urgent marks the writes of a context as those that may use the room which is
// kept free: word of a halt.
func Urgent(ctx context.Context) context.Context {
	return context.WithValue(ctx, urgentKey{}, true)
}

func urgent(ctx context.Context) bool {
	is, _ := ctx.Value(urgentKey{}).(bool)
	return is
}

// sleep waits, or returns the context's error when that ends earlier.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
