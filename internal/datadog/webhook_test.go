package datadog_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wavegate-dev/wavegate/internal/datadog"
)

func TestAWebhookOnlyPokesAndOnlyWithTheSecret(t *testing.T) {
	const header = datadog.DefaultWebhookHeader
	good := func(r *http.Request) { r.Header.Set(header, "correct-horse") }
	tests := []struct {
		story  string
		method string
		change func(*http.Request)
		body   string
		status int
		pokes  int
	}{
		{"a delivery", "POST", good, `{"alert":"x"}`, 202, 1},
		{"without a body", "POST", good, ``, 202, 1},
		{"a body of any kind", "POST", good, "\x00\xff", 202, 1},
		{"a body as large as may be", "POST", good, strings.Repeat("x", 64<<10), 202, 1},
		{"a body that is too large", "POST", good, strings.Repeat("x", 64<<10+1), 413, 0},
		{"without the secret", "POST", func(*http.Request) {}, `{}`, 401, 0},
		{"an empty secret", "POST", func(r *http.Request) { r.Header.Set(header, "") }, `{}`, 401, 0},
		{"a wrong secret", "POST", func(r *http.Request) { r.Header.Set(header, "correct-Horse") }, `{}`, 401, 0},
		{"the beginning of the secret", "POST", func(r *http.Request) { r.Header.Set(header, "correct-hor") }, `{}`, 401, 0},
		{"two secrets", "POST", func(r *http.Request) { good(r); r.Header.Add(header, "another") }, `{}`, 401, 0},
		{"the secret in another header", "POST", func(r *http.Request) { r.Header.Set("Authorization", "correct-horse") }, `{}`, 401, 0},
		{"a huge body without the secret", "POST", func(*http.Request) {}, strings.Repeat("x", 1<<20), 401, 0},
		{"a visit", "GET", good, ``, 405, 0},
		{"a PUT", "PUT", good, ``, 405, 0},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			pokes := 0
			h := newWebhook(t, func() (string, error) { return "correct-horse", nil }, func() { pokes++ })
			r := httptest.NewRequest(test.method, "/", strings.NewReader(test.body))
			test.change(r)
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			if answer.Code != test.status || pokes != test.pokes {
				t.Errorf("got %d and %d pokes, want %d and %d", answer.Code, pokes, test.status, test.pokes)
			}
			if strings.Contains(answer.Body.String(), "correct-horse") {
				t.Errorf("the answer holds the secret: %s", answer.Body)
			}
			if allow := answer.Header().Get("Allow"); test.status == 405 && allow != "POST" {
				t.Errorf("it allows %q", allow)
			}
		})
	}
}

func TestWithoutASecretNoWebhookIsAccepted(t *testing.T) {
	for _, secret := range []func() (string, error){
		func() (string, error) { return "", nil },
		func() (string, error) { return "correct-horse", errors.New("file is gone") },
	} {
		h := newWebhook(t, secret, func() { t.Error("it poked") })
		for _, given := range []string{"", "correct-horse"} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
			r.Header.Set(datadog.DefaultWebhookHeader, given)
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			if answer.Code != http.StatusServiceUnavailable {
				t.Errorf("got %d", answer.Code)
			}
		}
	}
}

func TestABodyThatBreaksOffPokesNobody(t *testing.T) {
	h := newWebhook(t, func() (string, error) { return "s", nil }, func() { t.Error("it poked") })
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("gone")))
	r.Header.Set(datadog.DefaultWebhookHeader, "s")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusBadRequest {
		t.Errorf("got %d", answer.Code)
	}
}

func newWebhook(t *testing.T, secret func() (string, error), poke func()) http.Handler {
	t.Helper()
	h, err := datadog.NewWebhook(datadog.WebhookConfig{Secret: secret, Poke: poke, Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAWebhookNeedsAllItsParts(t *testing.T) {
	if _, err := datadog.NewWebhook(datadog.WebhookConfig{}); err == nil {
		t.Error("a webhook without a secret was made")
	}
}
