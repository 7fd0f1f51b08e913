package datadog

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
)

const (
	// DefaultWebhookHeader is the header that carries the secret.
	DefaultWebhookHeader = "X-Wavegate-Webhook-Secret"
	maxWebhook           = 64 << 10
)

// WebhookConfig is what [NewWebhook] needs.
type WebhookConfig struct {
	// Header is the header that carries the secret; DefaultWebhookHeader
	// without it. At Datadog it is set as a custom header of the webhook.
	Header string
	// Secret returns the secret, for each delivery anew. While it fails or is
	// empty, all deliveries are refused.
	Secret func() (string, error)
	// Poke is called for each delivery that carries the secret, as
	// [Monitors.Poke].
	Poke   func()
	Logger *slog.Logger
}

// NewWebhook returns the handler for Datadog's webhooks. A webhook only makes
// the next poll come at once: its text is written by users and not signed by
// Datadog, so that nothing in it is believed.
func NewWebhook(cfg WebhookConfig) (http.Handler, error) {
	if cfg.Secret == nil || cfg.Poke == nil || cfg.Logger == nil {
		return nil, errors.New("configure Datadog webhook: Secret, Poke and Logger must be set")
	}
	setDefault(&cfg.Header, DefaultWebhookHeader)
	return &webhook{cfg}, nil
}

type webhook struct{ cfg WebhookConfig }

// ServeHTTP takes one delivery.
func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST is accepted", http.StatusMethodNotAllowed)
		return
	}
	secret, err := h.cfg.Secret()
	if err != nil || secret == "" {
		h.cfg.Logger.Error("cannot read the secret of the Datadog webhook", "error", err)
		http.Error(w, "webhooks cannot be accepted now", http.StatusServiceUnavailable)
		return
	}
	if given := r.Header.Values(h.cfg.Header); len(given) != 1 || !equal(given[0], secret) {
		http.Error(w, "the secret is missing or wrong", http.StatusUnauthorized)
		return
	}
	var tooLarge *http.MaxBytesError
	switch _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxWebhook)); {
	case errors.As(err, &tooLarge):
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	h.cfg.Poke()
	w.WriteHeader(http.StatusAccepted)
}

// equal compares in a time that depends on neither text.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return hmac.Equal(x[:], y[:])
}
