package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Webhook is where events are sent.
type Webhook struct {
	// URL that receives them.
	URL string
	// Secret signs them; empty sends them unsigned.
	Secret string
	// Events are the names of those that are sent, pull_request for instance;
	// empty means all.
	Events []string
}

// Delivery is an event that was sent, lost or is about to be sent.
type Delivery struct {
	// ID is the value of X-GitHub-Delivery. The same event sent again keeps it.
	ID string
	// Event is the value of X-GitHub-Event, and Action that of the payload's
	// action, "" when it has none.
	Event, Action string
	Payload       []byte
	// Status is what the receiver answered; zero when there was no answer.
	Status int
	// Lost says that it was never sent.
	Lost bool
	// Error says why there was no answer.
	Error string
}

type hook struct {
	Webhook
	id int64
}

// hooking is what is under way.
type hooking struct {
	queue  []*delivery
	sent   []Delivery
	wake   chan struct{}
	idle   []chan struct{} // closed when the queue is empty and nothing is under way
	busy   bool
	lose   int // how many of the next ones are lost
	double int // how many of the next ones are sent twice
	number int
}

type delivery struct {
	Delivery
	hook  hook
	times int
}

// AddWebhook sends events of all repositories to an address, from now on, and
// greets it with a ping.
func (s *Server) AddWebhook(w Webhook) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &hook{Webhook: w, id: s.id()}
	h.Events = slices.Clone(w.Events)
	s.hooks = append(s.hooks, h)
	events := h.Events
	if len(events) == 0 {
		events = []string{"*"}
	}
	return s.enqueue("ping", "", object{
		"zen": "Approachable is better than simple.", "hook_id": h.id, "hook": object{
			"type": "App", "id": h.id, "name": "web", "active": true, "events": events,
			"config":     object{"content_type": "json", "insecure_ssl": "0", "url": h.URL},
			"updated_at": stamp(s.now()), "created_at": stamp(s.now()),
		},
	}, []*hook{h})
}

// LoseWebhooks makes the next n events get lost.
func (s *Server) LoseWebhooks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooking.lose = n
}

// DoubleWebhooks sends each of the next n events twice, with the same delivery id.
func (s *Server) DoubleWebhooks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooking.double = n
}

// Deliveries are the events so far, lost ones included.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hooking.sent)
}

// Redeliver sends an event again, as the button of GitHub's settings does.
func (s *Server) Redeliver(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.hooking.sent {
		if d.ID != id {
			continue
		}
		for _, h := range s.hooks {
			s.push(&delivery{Delivery: Delivery{ID: d.ID, Event: d.Event, Action: d.Action, Payload: d.Payload}, hook: *h, times: 1})
		}
		return nil
	}
	return fmt.Errorf("redeliver event %s: there was none", id)
}

// WaitWebhooks returns when all events so far are sent or lost.
func (s *Server) WaitWebhooks(ctx context.Context) error {
	s.mu.Lock()
	if !s.hooking.busy && len(s.hooking.queue) == 0 {
		s.mu.Unlock()
		return nil
	}
	idle := make(chan struct{})
	s.hooking.idle = append(s.hooking.idle, idle)
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send checks an event against GitHub's document and sends it to all hooks.
func (s *Server) send(event, action string, payload object) error {
	var to []*hook
	for _, h := range s.hooks {
		if len(h.Events) == 0 || slices.Contains(h.Events, event) {
			to = append(to, h)
		}
	}
	return s.enqueue(event, action, payload, to)
}

func (s *Server) enqueue(event, action string, payload object, to []*hook) error {
	if action != "" {
		payload["action"] = action
	}
	body, err := encode(payload)
	if err != nil {
		return fmt.Errorf("write webhook %s: %w", event, err)
	}
	name := strings.ReplaceAll(event, "_", "-")
	if action != "" {
		name += "-" + action
	}
	if err := s.doc.checkWebhook(name, body); err != nil {
		s.log.Error("GitHub's OpenAPI document is violated", "error", err)
		if s.onViolation == nil {
			return err
		}
		s.onViolation(err)
	}
	for _, h := range to {
		s.hooking.number++
		s.push(&delivery{
			Delivery: Delivery{
				ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", s.hooking.number, h.id), Event: event, Action: action, Payload: body,
			}, hook: *h, times: 1,
		})
	}
	return nil
}

// push queues a delivery, or loses or doubles it.
func (s *Server) push(d *delivery) {
	switch {
	case s.hooking.lose > 0 && d.Event != "ping":
		s.hooking.lose--
		d.Lost = true
		s.hooking.sent = append(s.hooking.sent, d.Delivery)
		return
	case s.hooking.double > 0 && d.Event != "ping":
		s.hooking.double--
		d.times = 2
	}
	s.hooking.queue = append(s.hooking.queue, d)
	select {
	case s.hooking.wake <- struct{}{}:
	default:
	}
}

// deliverAll sends what is queued, in its order, until the server ends.
func (s *Server) deliverAll() {
	for {
		s.mu.Lock()
		var d *delivery
		if len(s.hooking.queue) > 0 {
			d, s.hooking.queue = s.hooking.queue[0], s.hooking.queue[1:]
		}
		s.hooking.busy = d != nil
		if d == nil {
			for _, idle := range s.hooking.idle {
				close(idle)
			}
			s.hooking.idle = nil
		}
		s.mu.Unlock()
		if d == nil {
			select {
			case <-s.hooking.wake:
				continue
			case <-s.stopped.Done():
				return
			}
		}
		for range d.times {
			if err := s.deliver(d); err != nil {
				d.Error = err.Error()
				s.log.Warn("webhook was not delivered", "event", d.Event, "error", err)
			}
			s.mu.Lock()
			s.hooking.sent = append(s.hooking.sent, d.Delivery)
			s.mu.Unlock()
		}
	}
}

// deliver sends one event.
func (s *Server) deliver(d *delivery) error {
	req, err := http.NewRequestWithContext(s.stopped, http.MethodPost, d.hook.URL, bytes.NewReader(d.Payload))
	if err != nil {
		return fmt.Errorf("send webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "GitHub-Hookshot/githubtest")
	req.Header.Set("X-GitHub-Event", d.Event)
	req.Header.Set("X-GitHub-Delivery", d.ID)
	req.Header.Set("X-GitHub-Hook-ID", itoa(d.hook.id))
	if d.hook.Secret != "" {
		mac := hmac.New(sha256.New, []byte(d.hook.Secret))
		mac.Write(d.Payload)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("send webhook: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	d.Status = resp.StatusCode
	return nil
}

// sender is who an event is about; what nobody knows was done by the owner.
func (s *Server) sender(r *repo, by *user) object {
	if by == nil {
		by = r.owner
	}
	return s.userObject(by)
}

// event sends an event of a repository.
func (s *Server) event(r *repo, event, action string, by *user, payload object) error {
	if len(s.hooks) == 0 {
		return nil
	}
	repository, err := s.repoObject(r)
	if err != nil {
		return err
	}
	maps.Copy(payload, object{"repository": repository, "sender": s.sender(r, by)})
	if s.app != nil && s.app.installed(r) {
		payload["installation"] = object{"id": s.app.InstallationID, "node_id": node("Installation", s.app.InstallationID)}
	}
	return s.send(event, action, payload)
}

func (s *Server) sendPull(r *repo, i *issue, action string, by *user, more object) error {
	if len(s.hooks) == 0 {
		return nil
	}
	o, err := s.renderPull(r, i)
	if err != nil {
		return err
	}
	payload := object{"number": i.number, "pull_request": o}
	maps.Copy(payload, more)
	return s.event(r, "pull_request", action, by, payload)
}

func (s *Server) sendReview(r *repo, i *issue, v *review, action string, by *user) error {
	if len(s.hooks) == 0 {
		return nil
	}
	o, err := s.renderSimplePull(r, i)
	if err != nil {
		return err
	}
	rendered := s.renderReview(r, i, v)
	rendered["state"] = strings.ToLower(v.state)
	rendered["body"] = text(v.body)
	return s.event(r, "pull_request_review", action, by, object{"pull_request": o, "review": rendered})
}

func (s *Server) sendComment(r *repo, c *comment, action string, by *user, changes object) error {
	payload := object{"issue": s.renderIssue(r, c.issue), "comment": s.renderComment(r, c)}
	if changes != nil {
		payload["changes"] = changes
	}
	return s.event(r, "issue_comment", action, by, payload)
}

func (s *Server) sendPush(r *repo, a *activity, forced bool) error {
	if len(s.hooks) == 0 {
		return nil
	}
	var commits []commit
	var err error
	switch {
	case a.after == zero:
	case a.before == zero:
		commits, err = r.log("-1", a.after)
	default:
		commits, err = r.log("--reverse", "--topo-order", a.after, "^"+a.before)
	}
	if err != nil {
		return err
	}
	list := []object{}
	var head any
	for _, k := range commits[max(len(commits)-2048, 0):] {
		o, err := s.pushedCommit(r, k)
		if err != nil {
			return err
		}
		list = append(list, o)
		if k.sha == a.after {
			head = o
		}
	}
	if head == nil && a.after != zero { // moved back: no commit is new
		k, err := r.one(a.after)
		if err != nil {
			return err
		}
		if head, err = s.pushedCommit(r, k); err != nil {
			return err
		}
	}
	by := a.by
	if by == nil {
		by = r.owner
	}
	return s.event(r, "push", "", a.by, object{
		"ref": a.ref, "before": a.before, "after": a.after, "created": a.before == zero, "deleted": a.after == zero,
		"forced": forced, "base_ref": nil, "commits": list, "head_commit": head,
		"pusher":  object{"name": by.login, "email": by.email},
		"compare": s.URL + "/" + r.full() + "/compare/" + a.before + "..." + a.after,
	})
}

func (s *Server) pushedCommit(r *repo, k commit) (object, error) {
	from := emptyTree
	if len(k.parents) > 0 {
		from = k.parents[0]
	}
	diffs, err := r.diff(from, k.sha)
	if err != nil {
		return nil, err
	}
	added, removed, modified := []string{}, []string{}, []string{}
	for _, d := range diffs {
		switch d.status {
		case "added":
			added = append(added, d.path)
		case "removed":
			removed = append(removed, d.path)
		case "renamed":
			added, removed = append(added, d.path), append(removed, d.previous)
		default:
			modified = append(modified, d.path)
		}
	}
	person := func(sig signature) object {
		o := renderSignature(sig)
		if u := s.byEmail(sig.email); u != nil {
			o["username"] = u.login
		}
		return o
	}
	return object{
		"id": k.sha, "tree_id": k.tree, "distinct": true, "message": k.message, "timestamp": stamp(k.committer.when),
		"url":    s.URL + "/" + r.full() + "/commit/" + k.sha,
		"author": person(k.author), "committer": person(k.committer), "added": added, "removed": removed, "modified": modified,
	}, nil
}
