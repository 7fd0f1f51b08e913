package console

import (
	"context"
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// markerDrift names the drift issue.
const markerDrift = "drift"

// drifting is when the drift report was last posted.
type drifting struct {
	last time.Time
}

// lookAtDrift posts the drift report when its time has come. The issue remembers
// when that was, and what differed then. One that was missed is posted late.
func (c *Console) lookAtDrift(ctx context.Context, s *snapshot) error {
	if s.drift.Schedule == "" {
		return nil
	}
	if c.drifting.last.IsZero() {
		kept, err := c.cfg.Client.Kept(ctx, markerLine(markerDrift))
		if err != nil {
			return err
		}
		c.drifting.last = c.cfg.Now().UTC()
		if kept != nil {
			_, at := readTrailer(kept.Body)
			if t, err := time.Parse(time.RFC3339, at); err == nil && t.Before(c.drifting.last) {
				c.drifting.last = t
			}
		}
	}
	due, err := dueAfter(s.drift, c.drifting.last, c.cfg.Now())
	if err != nil || !due {
		return err
	}
	d := c.askDrift()
	if d == nil {
		return nil // the next cycle makes it
	}
	c.mu.Lock()
	c.hearing.drift = nil // one that cannot be posted is old when it can
	c.mu.Unlock()
	if _, err := c.postDrift(ctx, d); err != nil {
		return err
	}
	c.drifting.last = c.cfg.Now().UTC()
	return nil
}

// dueAfter says whether the schedule has come round since a report.
func dueAfter(d fleet.Drift, last, now time.Time) (bool, error) {
	w, err := schedule.New(schedule.Rule{Kind: schedule.Maintenance, Cron: d.Schedule, Duration: time.Minute, TimeZone: d.TimeZone})
	if err != nil {
		return false, fmt.Errorf("read schedule of the drift report: %w", err)
	}
	next, ok := w.Next(last)
	if ok && !next.Start.After(last) {
		next, ok = w.Next(next.End)
	}
	return ok && !next.Start.After(now), nil
}

// askDrift returns the report of a cycle, or asks the next one for it.
func (c *Console) askDrift() *report.Drift {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hearing.drift == nil {
		c.hearing.driftAsked = true
	}
	return c.hearing.drift
}

// postDrift brings the issue up to date. Without any drift there is no issue, and
// the one that is open is closed.
// It returns the issue's address, or nothing when there is none.
func (c *Console) postDrift(ctx context.Context, d *report.Drift) (url string, err error) {
	c.driftPost.Lock()
	defer c.driftPost.Unlock()
	kept, err := c.cfg.Client.Kept(ctx, markerLine(markerDrift))
	if err != nil {
		return "", err
	}
	none := len(d.Items) == 0 && len(d.Unseen) == 0 && len(d.Pins) == 0
	if none && (kept == nil || !kept.Open) {
		return "", nil
	}
	memory := report.DriftMemory{}
	if kept != nil {
		memory = report.FindDriftMemory(kept.Body)
	}
	post := d.Markdown(memory)
	issue, err := c.cfg.Client.Keep(ctx, github.NewIssue{
		Title: post.Title, Body: markerLine(markerDrift) + "\n" + body(markerDrift, post, d.At.UTC().Format(time.RFC3339)),
		Labels: []string{"wavegate", "drift"},
	})
	if err != nil || !none {
		return issue.URL, err
	}
	return "", c.cfg.Client.CloseIssue(ctx, issue.Number, true)
}

// PostDrift posts the drift report of the next cycle now, whatever the schedule
// says, and says where it is. The schedule goes on as before.
func (c *Console) PostDrift(ctx context.Context) (said string, err error) {
	answer := make(chan *report.Drift, 1)
	c.mu.Lock()
	c.hearing.driftFor = append(c.hearing.driftFor, answer)
	c.mu.Unlock()
	if c.cfg.Look != nil {
		c.cfg.Look()
	}
	select {
	case d := <-answer:
		url, err := c.postDrift(ctx, d)
		switch {
		case err != nil:
			return "", fmt.Errorf("post drift report: %w", err)
		case url == "":
			return "there is no drift, and no issue is open", nil
		}
		return url, nil
	case <-ctx.Done():
		return "", fmt.Errorf("post drift report: no cycle has made it yet: %w", ctx.Err())
	}
}
