package console

import (
	"context"
	"time"
)

// due is when the clock asks for the next look of each goroutine; zero means that
// there was none yet.
type due [2]time.Time

// Look says and takes at once what is to be said and taken now: what a report,
// Wake or the look before has asked for, and everything once in each poll. It is
// for who moves the clock by hand, stands in for Run and must not be called beside
// it. What goes wrong is told by Report and tried again in the next poll. It
// returns whether there was anything to look for.
func (c *Console) Look(ctx context.Context) bool {
	living := c.lookNow(ctx, workLiving, c.living, c.lookAtMerged)
	open := c.lookNow(ctx, workOpen, c.open, c.lookAtOpen)
	return living || open
}

// maxLooks is how often one call of Look follows what its own looks ask for.
const maxLooks = 3

func (c *Console) lookNow(ctx context.Context, worker int, asked <-chan struct{}, look func(context.Context) (time.Duration, error)) (looked bool) {
	for range maxLooks {
		wanted := !c.cfg.Now().Before(c.due[worker])
		select {
		case <-asked:
			wanted = true
		default:
		}
		if !wanted || ctx.Err() != nil {
			return looked
		}
		looked = true
		next, err := look(ctx)
		if ctx.Err() != nil {
			return looked
		}
		c.note(worker, err)
		if err != nil || next <= 0 || next > c.cfg.Poll {
			next = c.cfg.Poll
		}
		c.due[worker] = c.cfg.Now().Add(next)
		if err != nil {
			return looked
		}
	}
	return looked
}
