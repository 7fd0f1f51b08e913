package githubtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// activity is a movement of a branch: who, from where, to where.
type activity struct {
	id            int64
	ref           string
	before, after string // zero for a branch that was not or is not there
	kind          string // push, force_push, branch_creation, branch_deletion, pr_merge, merge_queue_merge
	by            *user  // nil when nobody knows
	at            time.Time
}

// look reads the branches of a repository and its forks, and lets everything
// follow that has moved. by is who moved them, nil when nobody knows.
func (s *Server) look(r *repo, by *user) error {
	for _, other := range s.network(r) {
		if err := s.lookAt(other, by); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) lookAt(r *repo, by *user) error {
	now, err := r.branches()
	if err != nil {
		return err
	}
	before := maps.Clone(r.refs)
	names := maps.Clone(before)
	maps.Copy(names, now)
	for _, ref := range slices.Sorted(maps.Keys(names)) {
		if before[ref] == now[ref] {
			continue
		}
		r.set(ref, now[ref])
		if err := s.moved(r, ref, before[ref], now[ref], by, nil); err != nil {
			r.set(ref, before[ref]) // so that nothing goes unnoticed: it is tried again
			return err
		}
	}
	return nil
}

// set notes where a branch is, "" being nowhere.
func (r *repo) set(ref, sha string) {
	if sha == "" {
		delete(r.refs, ref)
	} else {
		r.refs[ref] = sha
	}
}

// move moves a branch from one commit to another, "" being a branch that is not
// there. It fails when the branch is elsewhere by now. merging is the pull
// request that is being merged by this, or nil.
func (s *Server) move(r *repo, branch, before, after string, by *user, merging *issue) error {
	ref, old := "refs/heads/"+branch, before
	if old == "" {
		old = zero
	}
	args := []string{"update-ref", ref, after, old}
	if after == "" {
		args = []string{"update-ref", "-d", ref, old}
	}
	if _, err := r.git(args...); err != nil {
		return err
	}
	r.set(ref, after)
	return s.moved(r, ref, before, after, by, merging)
}

// moved records that a branch has moved and lets its pull requests follow.
func (s *Server) moved(r *repo, ref, before, after string, by *user, merging *issue) error {
	straight := true
	var err error
	if before != "" && after != "" {
		if straight, err = r.ancestor(before, after); err != nil {
			return err
		}
	}
	kind := "push"
	switch {
	case merging != nil && merging.pull.queued != nil:
		kind = "merge_queue_merge"
	case merging != nil:
		kind = "pr_merge"
	case before == "":
		kind = "branch_creation"
	case after == "":
		kind = "branch_deletion"
	case !straight:
		kind = "force_push"
	}
	a := &activity{id: s.id(), ref: ref, before: orZero(before), after: orZero(after), kind: kind, by: by, at: s.now()}
	r.activities = append(r.activities, a)
	if err := s.sendPush(r, a, !straight); err != nil {
		return err
	}
	branch := strings.TrimPrefix(ref, "refs/heads/")
	for _, other := range s.network(r) {
		for _, i := range other.issues {
			p := i.pull
			if p == nil || i.closed() || i == merging {
				continue
			}
			if p.from == r && p.head == branch {
				if err := s.follow(other, i, after, by); err != nil {
					return err
				}
			}
			if other != r || p.base != branch || i.closed() {
				continue
			}
			if after == "" { // there is nothing left to merge it into
				err = s.setState(r, i, "closed", by)
			} else {
				err = s.absorb(r, i, before, after, by)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func orZero(sha string) string {
	if sha == "" {
		return zero
	}
	return sha
}

// follow lets a pull request follow its branch: a deleted branch closes it, a
// new commit may dismiss its approvals.
func (s *Server) follow(r *repo, i *issue, after string, by *user) error {
	p := i.pull
	if after == "" {
		return s.setState(r, i, "closed", by)
	}
	before := p.headSHA
	p.headSHA, i.updated = after, s.now()
	if base := r.refs["refs/heads/"+p.base]; base != "" {
		p.baseSHA = base
	}
	if err := r.note(i); err != nil {
		return err
	}
	if err := s.sendPull(r, i, "synchronize", by, object{"before": before, "after": after}); err != nil {
		return err
	}
	same, err := r.sameChange(p.baseSHA, before, after)
	if err != nil || same {
		return err
	}
	return s.dismissStale(r, i, by)
}

// dismissStale dismisses approvals of what has changed since, where the base says so.
func (s *Server) dismissStale(r *repo, i *issue, by *user) error {
	if rule := r.protections[i.pull.base]; rule == nil || !rule.DismissStale {
		return nil
	}
	for _, v := range i.pull.reviews {
		if v.state != approved {
			continue
		}
		v.state = dismissed
		if err := s.sendReview(r, i, v, "dismissed", by); err != nil {
			return err
		}
	}
	return nil
}

// sameChange says whether two heads change a base in the same way, as they do
// when only the base was merged into the second one.
func (r *repo) sameChange(base, one, other string) (bool, error) {
	var changes [2][]difference
	for i, head := range []string{one, other} {
		root, err := r.mergeBase(base, head)
		if err != nil || root == "" {
			return false, err
		}
		if changes[i], err = r.diff(root, head); err != nil {
			return false, err
		}
	}
	return slices.Equal(changes[0], changes[1]), nil
}

// absorb marks a pull request as merged whose commits came into its base by
// a push, as GitHub does.
func (s *Server) absorb(r *repo, i *issue, before, after string, by *user) error {
	p := i.pull
	in, err := r.ancestor(p.headSHA, after)
	if err != nil || !in {
		return err
	}
	if before != "" {
		if had, err := r.ancestor(p.headSHA, before); err != nil || had {
			return err
		}
	}
	// The first commit of the branch that has the head in its history brought it.
	args := []string{"--first-parent", "--reverse", after}
	if before != "" {
		args = append(args, "^"+before)
	}
	commits, err := r.log(args...)
	if err != nil {
		return err
	}
	brought := after
	for _, c := range commits {
		if in, err = r.ancestor(p.headSHA, c.sha); err != nil {
			return err
		}
		if in {
			brought = c.sha
			break
		}
	}
	return s.setMerged(r, i, brought, before, by)
}

// note keeps the head of a pull request fetchable, as refs/pull/1/head.
func (r *repo) note(i *issue) error {
	if err := r.bring(i.pull.from, i.pull.headSHA); err != nil {
		return err
	}
	_, err := r.git("update-ref", pullRef(i.number), i.pull.headSHA)
	return err
}

// branch returns the commit of a branch.
func (r *repo) branch(name string) (string, error) {
	sha, ok := r.refs["refs/heads/"+name]
	if !ok {
		return "", &Error{Status: 404, Message: "Branch not found"}
	}
	return sha, nil
}

// main is the default branch: the one that git's HEAD names.
func (r *repo) main() (string, error) {
	head, err := os.ReadFile(filepath.Join(r.dir, "HEAD"))
	if err != nil {
		return "", fmt.Errorf("find default branch: %w", err)
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	if !ok {
		return "", fmt.Errorf("find default branch: HEAD of %s names none", r.full())
	}
	return name, nil
}
