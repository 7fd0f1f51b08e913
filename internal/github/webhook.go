package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maxPayload is the size of the largest webhook that is read, in bytes. GitHub
	// sends up to 25 MB; what is lost with a bigger one is seen at the next look.
	maxPayload = 4 << 20
	// maxReading is how many webhooks are read at the same time.
	maxReading = 8
	// readTime is how long a webhook may take to arrive; GitHub waits 10 seconds.
	readTime = 8 * time.Second
	// maxSeen is how many deliveries are remembered.
	maxSeen = 8192
)

// WebhookConfig says how webhooks are received.
type WebhookConfig struct {
	// Secret returns the secret that GitHub signs with. It is asked for each
	// webhook.
	Secret func() (string, error)
	// Poke asks for an earlier look at GitHub. It must return at once.
	Poke func()
	// Now is the clock.
	Now func() time.Time
	// Log receives what was refused; nil discards it.
	Log *slog.Logger
}

// Webhook receives GitHub's webhooks. A webhook is proven by its HMAC with
// SHA-256; one that was seen before, or that is about nothing of interest, is
// answered and dropped. What it says is not read: it only causes a look.
type Webhook struct {
	cfg     WebhookConfig
	reading chan struct{}

	mu    sync.Mutex
	seen  map[[sha256.Size]byte]bool
	order [][sha256.Size]byte
}

var _ http.Handler = (*Webhook)(nil)

// events are those after which something may be different.
var events = map[string]bool{
	"push": true, "pull_request": true, "pull_request_review": true, "issue_comment": true, "merge_group": true,
}

// NewWebhook makes the handler.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	if cfg.Secret == nil || cfg.Poke == nil || cfg.Now == nil {
		return nil, errors.New("configure webhooks: a secret, what to poke and a clock are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Webhook{cfg: cfg, reading: make(chan struct{}, maxReading), seen: map[[sha256.Size]byte]bool{}}, nil
}

// ServeHTTP receives one webhook.
func (h *Webhook) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status, text := h.receive(w, req)
	if status >= 400 {
		h.cfg.Log.Warn("webhook was refused", "status", status, "reason", text, "delivery", line(req.Header.Get("X-Github-Delivery")))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// receive says how a webhook is answered.
func (h *Webhook) receive(w http.ResponseWriter, req *http.Request) (status int, text string) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, "webhooks come by POST"
	}
	given, ok := signature(req.Header)
	if !ok {
		return http.StatusUnauthorized, "there is no signature with SHA-256: give the webhook its secret"
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, "set the webhook's content type to application/json"
	}
	if req.ContentLength > maxPayload {
		return http.StatusRequestEntityTooLarge, "the payload is too large"
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	default:
		w.Header().Set("Retry-After", "1")
		return http.StatusServiceUnavailable, "too many webhooks at once"
	}
	secret, err := h.cfg.Secret()
	if err != nil || secret == "" {
		h.cfg.Log.Error("secret of webhooks cannot be read", "error", err)
		return http.StatusServiceUnavailable, "the secret of webhooks cannot be read"
	}
	// Not every ResponseWriter can do it; the server has a timeout of its own.
	_ = http.NewResponseController(w).SetReadDeadline(h.cfg.Now().Add(readTime))
	payload, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxPayload))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return http.StatusRequestEntityTooLarge, "the payload is too large"
	case err != nil:
		return http.StatusBadRequest, "the payload did not arrive whole"
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(payload)
	if !hmac.Equal(mac.Sum(nil), given) {
		return http.StatusUnauthorized, "the signature is wrong: the secret differs from GitHub's"
	}
	if !json.Valid(payload) {
		return http.StatusBadRequest, "the payload is no JSON"
	}
	event := req.Header.Get("X-Github-Event")
	switch {
	case event == "ping":
		return http.StatusOK, "here"
	case !events[event]:
		return http.StatusAccepted, "nothing depends on such an event"
	case !h.fresh([sha256.Size]byte(given)):
		return http.StatusAccepted, "this was here before"
	}
	h.cfg.Poke()
	return http.StatusAccepted, "seen"
}

// signature reads the HMAC of a webhook. That with SHA-1, which GitHub sends as
// well, proves nothing.
func signature(header http.Header) ([]byte, bool) {
	values := header.Values("X-Hub-Signature-256")
	if len(values) != 1 {
		return nil, false
	}
	text, ok := strings.CutPrefix(values[0], "sha256=")
	if !ok || len(text) != hex.EncodedLen(sha256.Size) {
		return nil, false
	}
	sum, err := hex.DecodeString(text)
	return sum, err == nil
}

// fresh remembers a payload by its HMAC and says whether it is new. The delivery's
// id is not signed, so that whoever repeats a webhook can make one up.
func (h *Webhook) fresh(sum [sha256.Size]byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[sum] {
		return false
	}
	h.seen[sum] = true
	h.order = append(h.order, sum)
	if len(h.order) > maxSeen {
		delete(h.seen, h.order[0])
		h.order = h.order[1:]
	}
	return true
}
