package console

import (
	"context"
	"sync"
	"time"
)

// The goroutines of Run.
const (
	workLiving = iota // merged pull requests and commands
	workOpen          // open pull requests, promotions and the drift issue
)

// longestPause bounds how long the console waits before it tries GitHub again.
const longestPause = 5 * time.Minute

// Run says what Report takes, until the context ends. Whatever goes wrong is
// tried again.
func (c *Console) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { c.loop(ctx, workLiving, c.living, c.lookAtMerged) })
	wg.Go(func() { c.loop(ctx, workOpen, c.open, c.lookAtOpen) })
	wg.Wait()
}

// loop looks again when it is asked to, when a look has said so, and once in each
// poll. While GitHub does not answer, it is asked less and less often, and what
// happens meanwhile asks for nothing.
func (c *Console) loop(ctx context.Context, worker int, wake <-chan struct{}, look func(context.Context) (time.Duration, error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := c.cfg.Poll
	failing := false
	for {
		asked := wake
		if failing {
			asked = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-asked:
		}
		next, err := look(ctx)
		if ctx.Err() != nil {
			return
		}
		c.note(worker, err)
		if failing = err != nil; failing {
			next, pause = pause, min(2*pause, longestPause)
		} else {
			pause = c.cfg.Poll
			if next <= 0 || next > c.cfg.Poll {
				next = c.cfg.Poll
			}
		}
		timer.Reset(next)
	}
}

func (c *Console) note(worker int, err error) {
	c.mu.Lock()
	over := c.trouble.note(worker, err)
	c.mu.Unlock()
	if over {
		c.cfg.Log.Info("GitHub answers again")
	}
}
