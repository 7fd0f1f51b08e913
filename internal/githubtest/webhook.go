package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
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

	to int64 // the webhook's id
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
	held   int // how many hold back what is queued
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

// maxSent is how many deliveries are remembered.
const maxSent = 2000

// done remembers a delivery. The oldest ones are forgotten.
func (h *hooking) done(d Delivery) {
	h.sent = append(h.sent, d)
	if len(h.sent) > maxSent {
		h.sent = slices.Clone(h.sent[maxSent/2:])
	}
}

// HoldWebhooks keeps events back, in their order, until release is called.
func (s *Server) HoldWebhooks() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooking.held++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hooking.held--
		s.hooking.ring()
	})
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
			if h.id == d.to {
				s.push(&delivery{Delivery: Delivery{ID: d.ID, Event: d.Event, Action: d.Action, Payload: d.Payload, to: h.id}, hook: *h, times: 1})
			}
		}
		return nil
	}
	return fmt.Errorf("redeliver event %s: there was none", id)
}

// WaitWebhooks returns when all events so far are sent, lost or held back.
func (s *Server) WaitWebhooks(ctx context.Context) error {
	s.mu.Lock()
	if !s.hooking.busy && (s.hooking.held > 0 || len(s.hooking.queue) == 0) {
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
				ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", s.hooking.number, h.id), Event: event, Action: action, Payload: body, to: h.id,
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
		s.hooking.done(d.Delivery)
		return
	case s.hooking.double > 0 && d.Event != "ping":
		s.hooking.double--
		d.times = 2
	}
	s.hooking.queue = append(s.hooking.queue, d)
	s.hooking.ring()
}

// ring wakes the goroutine that delivers.
func (h *hooking) ring() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// deliverAll sends what is queued, in its order, until the server ends.
func (s *Server) deliverAll() {
	for {
		s.mu.Lock()
		var d *delivery
		if len(s.hooking.queue) > 0 && s.hooking.held == 0 {
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
			d.Status, d.Error = 0, ""
			if err := s.deliver(d); err != nil {
				d.Error = err.Error()
				s.log.Warn("webhook was not delivered", "event", d.Event, "error", err)
			}
			s.mu.Lock()
			s.hooking.done(d.Delivery)
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
