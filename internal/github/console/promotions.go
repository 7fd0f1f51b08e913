package console

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// promoteBranch begins the names of the branches that promotions are made of. They
// are the console's own.
const promoteBranch = "wavegate/promote/"

func (p *promotion) branch() string { return promoteBranch + p.product + "/" + p.cohort }

// promoting is what is known of promotions, by branch.
type promoting struct {
	// declined is the title of the promotion that people have decided about.
	declined map[string]string
	// stuck is until when one is not tried again that could not be made.
	stuck map[string]time.Time
}

func newPromoting() promoting {
	return promoting{declined: map[string]string{}, stuck: map[string]time.Time{}}
}

// lookAtPromotions opens, updates and closes the pull requests that move a cohort
// to what the cohorts before it have finished. It returns which it has closed of
// those that are open.
func (c *Console) lookAtPromotions(ctx context.Context, s *snapshot, pulls []github.Pull) (closed map[int]bool, err error) {
	closed = map[int]bool{}
	if !c.cfg.Promotions || s.status.Frozen != nil || s.status.Commit == "" {
		return closed, nil
	}
	self, err := c.cfg.Client.Self(ctx)
	if err != nil {
		return closed, err
	}
	open := map[string]*github.Pull{}
	for i := range pulls {
		if p := &pulls[i]; strings.HasPrefix(p.Head, promoteBranch) && strings.EqualFold(p.Author, self) {
			open[p.Head] = p
		}
	}
	for i := range s.promotions {
		x := &s.promotions[i]
		p := open[x.branch()]
		delete(open, x.branch())
		switch {
		case x.hold, c.cfg.Now().Before(c.promoting.stuck[x.branch()]):
			continue
		case !x.to.IsZero():
			err = c.propose(ctx, s, x, p)
		case p != nil:
			err = c.withdraw(ctx, s, x, p)
			closed[p.Number] = err == nil
		default:
			continue
		}
		if err != nil {
			if !c.goesOn(ctx, err) {
				return closed, err
			}
			c.promoting.stuck[x.branch()] = c.cfg.Now().Add(refusedPause)
			c.cfg.Log.Warn("promotion cannot be proposed", "product", x.product, "cohort", x.cohort, "error", err)
		}
	}
	for branch, p := range open { // of what is not in the fleet any more
		product, cohort, _ := strings.Cut(strings.TrimPrefix(branch, promoteBranch), "/")
		x := &promotion{product: product, cohort: cohort, why: "the fleet has no such product or cohort any more"}
		if err := c.withdraw(ctx, s, x, p); err != nil {
			return closed, err
		}
		closed[p.Number] = true
	}
	return closed, nil
}

// goesOn says whether an error is about one promotion alone: GitHub has refused
// it, or the file cannot be edited.
func (c *Console) goesOn(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var cannot *editError
	return own(err) || errors.As(err, &cannot)
}

// propose makes the pull request of a promotion be there and be up to date.
func (c *Console) propose(ctx context.Context, s *snapshot, x *promotion, p *github.Pull) error {
	m, ok := report.NewPromotion(s.status, x.release, x.cohort, x.from.String(), x.clusters)
	if !ok {
		return nil
	}
	for i := range m.Evidence {
		link, err := c.linkOf(ctx, m.Evidence[i].Commit)
		if err != nil {
			return err
		}
		m.Evidence[i].Link = link
	}
	m.AutoMerge = p != nil && p.AutoMerge
	if p == nil && c.promoting.declined[x.branch()] == m.Title() {
		return nil
	}
	tree, err := c.cfg.Tree(ctx, s.status.Commit)
	if err != nil {
		return fmt.Errorf("read fleet repository: %w", err)
	}
	e, err := moveVersion(tree, x.cohort, x.product, x.to)
	if err != nil {
		return &editError{err}
	}
	post := m.Markdown()
	// What the branch was made of: it is made anew, which costs its approvals, only
	// when the file has changed meanwhile.
	basis := digest(x.to.String() + "\x00" + string(e.before))
	if p != nil {
		fingerprint, was := readTrailer(p.Body)
		if was == basis {
			if fingerprint == post.Fingerprint {
				return nil
			}
			_, err := c.cfg.Client.EditPull(ctx, p.Number, post.Title, withTrailer(post.Body, post.Fingerprint, basis))
			return err
		}
	} else if declined, err := c.declined(ctx, x, m.Title()); err != nil || declined {
		return err
	}
	if _, err := c.cfg.Client.Propose(ctx, github.Proposal{
		Branch: x.branch(), Base: s.status.Commit, Message: post.Title,
		Files: map[string][]byte{path.Join(c.cfg.Path, e.file): e.after},
	}); err != nil {
		return err
	}
	opened, err := c.cfg.Client.OpenPull(ctx, github.NewPull{
		Title: post.Title, Body: withTrailer(post.Body, post.Fingerprint, basis), Head: x.branch(), Base: c.cfg.Branch,
		Labels: []string{"wavegate", "promotion"},
	})
	poke(c.open) // its plan is next
	if err == nil && p == nil && c.cfg.AutoMerge {
		// Once: people may turn it off again.
		if err := c.cfg.Client.AutoMerge(ctx, opened); err != nil {
			c.cfg.Log.Warn("a promotion has to be merged by hand", "pull", opened.Number, "error", err)
		}
	}
	return err
}

// editError says that the version cannot be edited.
type editError struct{ error }

// Unwrap returns what is wrong.
func (e *editError) Unwrap() error { return e.error }

// declined says whether people have decided about this promotion already: it is not
// opened again when they have closed it, nor when they have merged it, be it that
// the merge is not in force yet or that it was taken back. One that the console
// has closed itself is not meant.
func (c *Console) declined(ctx context.Context, x *promotion, title string) (bool, error) {
	list, err := c.cfg.Client.Pulls(ctx, github.PullQuery{Base: c.cfg.Branch, Head: x.branch(), All: true})
	if err != nil {
		return false, err
	}
	for i := range list {
		p := &list[i]
		if p.Open || p.Title != title {
			continue
		}
		k, err := c.cfg.Client.Said(ctx, p.Number, markerLine(markerClosed+number(p.Number)))
		if err != nil {
			return false, err
		}
		if k == nil {
			c.promoting.declined[x.branch()] = title
			return true, nil
		}
	}
	return false, nil
}

// markerClosed begins the marker of the comment that says why a promotion was
// closed.
const markerClosed = "closed:"

// withdraw says why a promotion is closed, closes it and deletes its branch.
func (c *Console) withdraw(ctx context.Context, s *snapshot, x *promotion, p *github.Pull) error {
	m := report.Promotion{At: s.at, ID: x.product + "/" + x.cohort, Product: x.product, Cohort: x.cohort}
	if _, err := c.say(ctx, utterance{
		on: p.Number, marker: markerClosed + number(p.Number), post: m.ClosedMarkdown(x.why, ""), state: x.why,
	}); err != nil {
		return err
	}
	if err := c.cfg.Client.ClosePull(ctx, p.Number); err != nil {
		return err
	}
	return c.cfg.Client.DropBranch(ctx, p.Head)
}
