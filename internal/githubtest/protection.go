package githubtest

import (
	"fmt"
	"slices"
	"strings"
)

// Protection guards a branch.
type Protection struct {
	// Approvals is how many people with write access have to approve a pull
	// request before it can be merged.
	Approvals int
	// DismissStale dismisses approvals when a commit is pushed.
	DismissStale bool
	// LastPushApproval asks for an approval by somebody else than the last pusher.
	LastPushApproval bool
	// Checks are contexts of statuses or names of check runs that have to succeed.
	Checks []string
	// Admins are bound as well. When false they may push, and merge what lacks
	// approvals, as people do who bypass the rules.
	Admins bool
}

// Protect guards a branch; nil lifts its protection.
func (s *Server) Protect(fullName, branch string, p *Protection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return err
	}
	if p == nil {
		delete(r.protections, branch)
		return nil
	}
	rule := *p
	rule.Checks = slices.Clone(p.Checks)
	r.protections[branch] = &rule
	return nil
}

// pushable says which protected branches somebody may not push to, and to which
// they may but not with force.
func (r *repo) pushable(a *actor) (closed, straight []string) {
	for branch, rule := range r.protections {
		if !rule.Admins && r.permission(a) >= Admin {
			continue
		}
		if rule.Approvals > 0 || len(rule.Checks) > 0 {
			closed = append(closed, "refs/heads/"+branch)
		}
		straight = append(straight, "refs/heads/"+branch)
	}
	return closed, straight
}

// mayMove refuses what a push by the API may not do.
func (r *repo) mayMove(a *actor, branch, before, after string) error {
	if err := r.need(a, Write); err != nil {
		return err
	}
	closed, straight := r.pushable(a)
	ref := "refs/heads/" + branch
	if before != "" && slices.Contains(closed, ref) {
		return refused("Changes must be made through a pull request.")
	}
	if before != "" && slices.Contains(straight, ref) {
		if after == "" {
			return refused("Cannot delete this protected branch")
		}
		ok, err := r.ancestor(before, after)
		if err != nil {
			return err
		}
		if !ok {
			return refused("Cannot force-push to this protected branch")
		}
	}
	return nil
}

// blocked says in GitHub's words why a rule keeps a pull request from being
// merged; "" when nothing does.
func (r *repo) blocked(i *issue) string {
	rule := r.protections[i.pull.base]
	if rule == nil {
		return ""
	}
	approvals, afterPush := 0, false
	pusher := i.pull.lastPusher()
	for u, v := range r.opinions(i.pull) {
		if v.state == changesRequested {
			return "Changes have been requested by reviewers with write access."
		}
		if v.state == approved {
			approvals++
			if u != pusher && v.commitID == i.pull.headSHA {
				afterPush = true
			}
		}
	}
	switch {
	case approvals < rule.Approvals && rule.Approvals == 1:
		return "At least 1 approving review is required by reviewers with write access."
	case approvals < rule.Approvals:
		return fmt.Sprintf("At least %d approving reviews are required by reviewers with write access.", rule.Approvals)
	case rule.LastPushApproval && !afterPush:
		return "New changes require approval from someone other than the last pusher."
	}
	var missing []string
	for _, name := range rule.Checks {
		if r.outcome(i.pull.headSHA, name) != "success" {
			missing = append(missing, fmt.Sprintf("%q", name))
		}
	}
	if len(missing) > 0 {
		return "Required status check " + strings.Join(missing, ", ") + " is expected."
	}
	return ""
}

// lastPusher is who pushed the newest commit of a pull request, or nil.
func (p *pull) lastPusher() *user {
	for _, a := range slices.Backward(p.from.activities) {
		if a.ref == "refs/heads/"+p.head && a.after == p.headSHA {
			return a.by
		}
	}
	return nil
}
