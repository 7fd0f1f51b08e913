package prometheus

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhoMayCallTheWebhook(t *testing.T) {
	const secret, message = "s3cret", `{"version":"4","status":"firing","alerts":[{"status":"firing"}]}`
	bearer := func(s string) http.Header { return http.Header{"Authorization": {s}} }
	for _, c := range []struct {
		name   string
		cfg    WebhookConfig
		method string
		header http.Header
		body   io.Reader
		length int64 // as announced; what httptest makes of the body when zero
		want   int
	}{
		{name: "a message with the bearer token is heard", header: bearer("Bearer " + secret), want: 204},
		{name: "the scheme may be written small", header: bearer("bearer " + secret), want: 204},
		{name: "a message without the token is refused", want: 401},
		{name: "a message with another token is refused", header: bearer("Bearer s3cres"), want: 401},
		{name: "a message with the beginning of the token is refused", header: bearer("Bearer s3c"), want: 401},
		{name: "a message with an empty token is refused", header: bearer("Bearer "), want: 401},
		{name: "the token by another scheme is refused", header: bearer("Basic " + secret), want: 401},
		{name: "the token without a scheme is refused", header: bearer(secret), want: 401},
		{name: "a message with the configured header is heard", cfg: WebhookConfig{Header: "X-Wavegate-Secret"}, header: http.Header{"X-Wavegate-Secret": {secret}}, want: 204},
		{name: "a bearer token is refused when another header is configured", cfg: WebhookConfig{Header: "X-Wavegate-Secret"}, header: bearer("Bearer " + secret), want: 401},
		{name: "reading is not calling", method: http.MethodGet, header: bearer("Bearer " + secret), want: 405},
		{name: "a message that is not JSON is refused", header: bearer("Bearer " + secret), body: strings.NewReader("alerts"), want: 400},
		{name: "an empty message is refused", header: bearer("Bearer " + secret), body: strings.NewReader(""), want: 400},
		{name: "a message that announces its size is refused unread", header: bearer("Bearer " + secret), body: failing{t}, length: 2 << 20, want: 413},
		{name: "a message that does not is cut off", header: bearer("Bearer " + secret), body: io.LimitReader(zeros{}, 1<<30), want: 413},
		{name: "a caller without the secret is refused before its message is read", body: failing{t}, want: 401},
		{
			name: "without a secret nobody is heard", cfg: WebhookConfig{Secret: func() (string, error) { return "", nil }},
			header: bearer("Bearer "), want: 503,
		},
		{
			name: "while the secret cannot be read nobody is heard", cfg: WebhookConfig{Secret: func() (string, error) { return "", errors.New("no such file") }},
			header: bearer("Bearer " + secret), want: 503,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var logged bytes.Buffer
			m := newMonitors(t, Config{
				Prometheus: []Server{{Endpoint: endpoint("eu", "http://prometheus")}},
				Log:        slog.New(slog.NewTextHandler(&logged, nil)),
			})
			if c.cfg.Secret == nil {
				c.cfg.Secret = func() (string, error) { return secret, nil }
			}
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.body == nil {
				c.body = strings.NewReader(message)
			}
			r := httptest.NewRequest(c.method, "/webhooks/alertmanager", c.body)
			r.Header = c.header
			if c.length > 0 {
				r.ContentLength = c.length
			}
			w := httptest.NewRecorder()
			m.Webhook(c.cfg).ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if poked := len(m.sources[0].poked) == 1; poked != (c.want == 204) {
				t.Errorf("status %d, and poked is %v", w.Code, poked)
			}
			if strings.Contains(w.Body.String()+logged.String(), secret) {
				t.Errorf("the secret is told: %s %s", w.Body, &logged)
			}
		})
	}
}

func TestAWebhookWithoutASecretHearsNobody(t *testing.T) {
	m := newMonitors(t, Config{Prometheus: []Server{{Endpoint: endpoint("eu", "http://prometheus")}}})
	w := httptest.NewRecorder()
	m.Webhook(WebhookConfig{}).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
	if w.Code != http.StatusServiceUnavailable || len(m.sources[0].poked) != 0 {
		t.Errorf("status %d", w.Code)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// failing is a message that must not be read.
type failing struct{ t *testing.T }

func (f failing) Read([]byte) (int, error) {
	f.t.Error("the message is read")
	return 0, io.EOF
}
