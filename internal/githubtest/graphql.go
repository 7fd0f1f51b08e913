package githubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// graphPath is where GraphQL is asked. Of it only what auto-merge needs is built;
// there is no document by which it could be checked.
const graphPath = "/api/graphql"

func (s *Server) serveGraphQL(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		http.Error(w, "read request", http.StatusRequestEntityTooLarge)
		return
	}
	header := http.Header{}
	entry := Request{Method: req.Method, Path: "/graphql", Operation: "/graphql", Body: body}
	out := s.graph(req, body, header, &entry)
	entry.Status = out.status
	s.mu.Lock()
	entry.ID = fmt.Sprintf("%04X:%04X:%06X", 0xE0DE, 0xCAFE, s.id())
	s.remember(entry)
	s.mu.Unlock()
	for name, values := range out.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Github-Request-Id", entry.ID)
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}

func (s *Server) graph(req *http.Request, body []byte, header http.Header, entry *Request) answer {
	who, err := s.authenticate(req)
	if err == nil && who == nil {
		err = unauthenticated()
	}
	if err != nil {
		return failure(err, header)
	}
	entry.User = who.user.login
	var in struct {
		Query     string `json:"query"`
		Variables struct {
			ID     string `json:"id"`
			Owner  string `json:"owner"`
			Name   string `json:"name"`
			Method string `json:"method"`
		} `json:"variables"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return failure(&Error{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}, header)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, i := s.pullOfNode(in.Variables.ID)
	if r != nil {
		if _, err := s.repo(r.full()); err != nil { // its branches as they are now
			return failure(err, header)
		}
	}
	var data any
	refusal := ""
	switch {
	case i == nil || r.need(who, Read) != nil:
		refusal = "Could not resolve to a node with the global id of '" + in.Variables.ID + "'"
	case strings.HasPrefix(in.Query, "mutation") && strings.Contains(in.Query, "enablePullRequestAutoMerge"):
		refusal = s.enableAutoMerge(r, i, who, in.Variables.Method)
		data = object{"enablePullRequestAutoMerge": object{"clientMutationId": nil}}
	case strings.HasPrefix(in.Query, "query") && strings.Contains(in.Query, "reviewDecision"):
		data = object{
			"repository": object{"autoMergeAllowed": r.autoMerge, "viewerDefaultMergeMethod": "MERGE"},
			"node":       object{"reviewDecision": text(r.reviewDecision(i))},
		}
	default:
		refusal = "githubtest knows no such query"
	}
	v := object{"data": data}
	if refusal != "" {
		v = object{"data": nil, "errors": []object{{"type": "UNPROCESSABLE", "message": refusal}}}
	}
	out, err := encode(v)
	if err != nil {
		return failure(err, header)
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: http.StatusOK, header: header, body: out}
}

func (s *Server) pullOfNode(id string) (*repo, *issue) {
	for _, r := range s.repos {
		for _, i := range r.issues {
			if i.pull != nil && node("PullRequest", i.id) == id {
				return r, i
			}
		}
	}
	return nil, nil
}

// reviewDecision is empty when no rule of the base asks for a review.
func (r *repo) reviewDecision(i *issue) string {
	rule := r.protections[i.pull.base]
	switch {
	case rule == nil || rule.Approvals == 0:
		return ""
	case strings.Contains(r.blocked(i), "requested"):
		return "CHANGES_REQUESTED"
	case strings.Contains(r.blocked(i), "review"), strings.Contains(r.blocked(i), "approval"):
		return "REVIEW_REQUIRED"
	default:
		return "APPROVED"
	}
}

// enableAutoMerge returns GitHub's refusal, or nothing.
func (s *Server) enableAutoMerge(r *repo, i *issue, a *actor, method string) string {
	switch {
	case r.need(a, Write) != nil:
		return a.user.login + " does not have the correct permissions to execute `EnablePullRequestAutoMerge`"
	case !r.autoMerge:
		return "Auto merge is not allowed for this repository"
	case i.closed():
		return "Pull request is closed"
	case r.blocked(i) == "":
		return "Pull request is in clean status"
	}
	i.pull.auto = &autoMerge{by: a, method: Method(strings.ToLower(method))}
	return ""
}

// autoMerge is who has asked GitHub to merge a pull request by itself, and how.
type autoMerge struct {
	by     *actor
	method Method
}

func (s *Server) renderAutoMerge(p *pull) any {
	if p.auto == nil {
		return nil
	}
	return object{
		"enabled_by": s.userObject(p.auto.by.user), "merge_method": string(p.auto.method), "commit_title": "", "commit_message": "",
	}
}

// settle merges what was asked to be merged by itself and is not blocked any more.
func (s *Server) settle(r *repo) error {
	for _, i := range slices.Clone(r.issues) {
		if p := i.pull; p != nil && p.auto != nil && !i.closed() && r.blocked(i) == "" {
			if err := s.merge(r, i, p.auto.by, p.auto.method, "", "", ""); err != nil {
				return fmt.Errorf("merge %d by itself: %w", i.number, err)
			}
		}
	}
	return nil
}

// AllowAutoMerge lets pull requests of a repository be merged by themselves.
func (s *Server) AllowAutoMerge(fullName string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repo(fullName)
	if err != nil {
		return err
	}
	r.autoMerge = true
	return nil
}
