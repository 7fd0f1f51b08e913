package demo

import (
	"sync"
	"time"
)

// clock is the fleet's time. It moves only when the story says so, which makes
// the story repeatable.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the fleet's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
