package console

import (
	"context"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
)

// strangerPause is after which time the pull request of a commit is looked for
// again: GitHub knows it shortly after the merge.
const strangerPause = time.Minute

// origins are the pull requests that brought commits to the branch. They never
// change.
type origins struct {
	mu        sync.Mutex
	pulls     map[string]github.Pull
	strangers map[string]time.Time // when no pull request was found
}

func newOrigins() *origins {
	return &origins{pulls: map[string]github.Pull{}, strangers: map[string]time.Time{}}
}

func (o *origins) get(commit string, now time.Time) (p github.Pull, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.pulls[commit]; ok {
		return p, true
	}
	at, ok := o.strangers[commit]
	return github.Pull{}, ok && now.Sub(at) < strangerPause
}

func (o *origins) put(commit string, p github.Pull, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pulls)+len(o.strangers) >= maxSaid {
		clear(o.pulls)
		clear(o.strangers)
	}
	if p.Number == 0 {
		o.strangers[commit] = now
		return
	}
	delete(o.strangers, commit)
	o.pulls[commit] = p
}

// origin returns the pull request that brought a commit to the branch; its number
// is zero when there is none, as far as GitHub knows.
func (c *Console) origin(ctx context.Context, commit string) (github.Pull, error) {
	if p, known := c.origins.get(commit, c.cfg.Now()); known {
		return p, nil
	}
	list, err := c.cfg.Client.PullsWith(ctx, commit)
	if err != nil {
		return github.Pull{}, err
	}
	var found github.Pull
	for _, p := range list {
		if p.Merged.IsZero() || p.Base != c.cfg.Branch {
			continue
		}
		if p.MergeCommit == commit {
			found = p
			break
		}
		if found.Number == 0 {
			found = p
		}
	}
	c.origins.put(commit, found, c.cfg.Now())
	return found, nil
}

// pullOf returns the number of the pull request that brought a commit, or zero.
func (c *Console) pullOf(ctx context.Context, commit string) (int, error) {
	p, err := c.origin(ctx, commit)
	return p.Number, err
}

// linkOf returns the address of the pull request that brought a commit, or
// nothing.
func (c *Console) linkOf(ctx context.Context, commit string) (string, error) {
	p, err := c.origin(ctx, commit)
	return p.URL, err
}
