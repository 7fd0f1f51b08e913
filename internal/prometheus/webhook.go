package prometheus

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// WebhookConfig says who may call the webhook.
type WebhookConfig struct {
	// Secret is what the caller must know. It is read for each call.
	Secret Secret
	// Header is the header that holds the secret. When it is empty, the secret
	// is a bearer token in Authorization, which is what Alertmanager sends with
	// http_config.authorization.
	Header string
	// MaxBody is how large a message may be, in bytes, 1 MiB when it is zero.
	MaxBody int64
}

const defaultMaxMessage = 1 << 20

// Webhook returns a handler for the webhooks of Alertmanager. A call that knows
// the secret leads to a poll at once, and to nothing else: what the message says
// is not believed, and a message that is lost costs only time.
func (m *Monitors) Webhook(cfg WebhookConfig) http.Handler {
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = defaultMaxMessage
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "send a POST", http.StatusMethodNotAllowed)
			return
		}
		ok, err := cfg.knows(r)
		switch {
		case err != nil:
			m.cfg.Log.Error("webhook cannot be checked", "error", err)
			http.Error(w, "the webhook has no secret to compare with", http.StatusServiceUnavailable)
			return
		case !ok:
			http.Error(w, "the secret is missing or wrong", http.StatusUnauthorized)
			return
		}
		if code := cfg.accept(w, r); code != http.StatusNoContent {
			http.Error(w, http.StatusText(code), code)
			return
		}
		m.Poke()
		w.WriteHeader(http.StatusNoContent)
	})
}

// knows reports whether a request holds the secret. The time that it takes
// tells nothing of it.
func (c *WebhookConfig) knows(r *http.Request) (bool, error) {
	if c.Secret == nil {
		return false, errors.New("no secret is configured")
	}
	want, err := c.Secret()
	if err != nil {
		return false, err
	}
	if want == "" {
		return false, errors.New("the secret is empty")
	}
	got := r.Header.Get(c.Header)
	if c.Header == "" {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			got = token
		}
	}
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1, nil
}

// accept reads the message and returns the status that it deserves.
func (c *WebhookConfig) accept(w http.ResponseWriter, r *http.Request) int {
	if r.ContentLength > c.MaxBody {
		return http.StatusRequestEntityTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge
	}
	var message struct {
		Alerts []json.RawMessage `json:"alerts"`
	}
	if err != nil || json.Unmarshal(body, &message) != nil {
		return http.StatusBadRequest
	}
	return http.StatusNoContent
}
