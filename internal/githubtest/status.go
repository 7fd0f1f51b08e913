package githubtest

import (
	"slices"
	"time"
)

// status is what somebody says of a commit in one context. The newest of each
// context counts.
type status struct {
	id                          int64
	context, state, description string
	target                      string
	by                          *user
	at                          time.Time
}

func (s *Server) addStatus(r *repo, a *actor, sha, state, context, description, target string) (*status, error) {
	if err := r.need(a, Write); err != nil {
		return nil, err
	}
	if len([]rune(description)) > 140 {
		return nil, invalid("Status", "description", "too_long", "description is too long (maximum is 140 characters)")
	}
	if !slices.Contains([]string{"error", "failure", "pending", "success"}, state) {
		return nil, invalid("Status", "state", "invalid", "state is not included in the list")
	}
	if len(r.statuses[sha]) >= 1000 {
		return nil, invalid("Status", "base", "custom", "This SHA and context has reached the maximum number of statuses.")
	}
	if context == "" {
		context = "default"
	}
	st := &status{id: s.id(), context: context, state: state, description: description, target: target, by: a.user, at: s.now()}
	r.statuses[sha] = append(r.statuses[sha], st)
	return st, nil
}

// latest are the statuses of a commit that count, the newest first.
func (r *repo) latest(sha string) []*status {
	var list []*status
	for _, st := range slices.Backward(r.statuses[sha]) {
		if !slices.ContainsFunc(list, func(newer *status) bool { return newer.context == st.context }) {
			list = append(list, st)
		}
	}
	return list
}

// combined is the state of all contexts together.
func combined(list []*status) string {
	state := "success"
	if len(list) == 0 {
		state = "pending"
	}
	for _, st := range list {
		switch st.state {
		case "error", "failure":
			return "failure"
		case "pending":
			state = "pending"
		}
	}
	return state
}

// outcome is what the newest status or check run of a name says; "" when there is none.
func (r *repo) outcome(sha, name string) string {
	for _, st := range r.latest(sha) {
		if st.context == name {
			return st.state
		}
	}
	for _, k := range r.checksOf(sha) {
		if k.name == name {
			if k.conclusion == "neutral" || k.conclusion == "skipped" {
				return "success"
			}
			return k.conclusion
		}
	}
	return ""
}
