package github

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

const hookSecret = "a secret of webhooks"

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// hook is a handler and how often it has poked.
type hook struct {
	*Webhook
	pokes int
}

func newHook(t testing.TB) *hook {
	t.Helper()
	h := &hook{}
	var err error
	h.Webhook, err = NewWebhook(WebhookConfig{
		Secret: func() (string, error) { return hookSecret, nil }, Poke: func() { h.pokes++ }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func delivery(event, body string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", "1")
	req.Header.Set("X-Hub-Signature-256", sign(hookSecret, []byte(body)))
	return req
}

func (h *hook) send(req *http.Request) (status int, text string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestWebhooksThatAreRefusedOrDropped(t *testing.T) {
	old := hmac.New(sha1.New, []byte(hookSecret))
	old.Write([]byte("{}"))
	weak := "sha1=" + hex.EncodeToString(old.Sum(nil))
	for name, k := range map[string]struct {
		change func(*http.Request)
		status int
		says   string
	}{
		"nothing is wrong":             {func(*http.Request) {}, 202, "seen"},
		"there is no signature":        {func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }, 401, "SHA-256"},
		"there is one with SHA-1 only": {func(r *http.Request) { r.Header.Del("X-Hub-Signature-256"); r.Header.Set("X-Hub-Signature", weak) }, 401, "SHA-256"},
		"SHA-1 in the other header":    {func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", weak) }, 401, "SHA-256"},
		"another secret":               {func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", sign("other", []byte("{}"))) }, 401, "secret differs"},
		"another body":                 {func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", sign(hookSecret, []byte("{ }"))) }, 401, "secret differs"},
		"half a signature":             {func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256=abcd") }, 401, "SHA-256"},
		"a signature that is no hex":   {func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("x", 64)) }, 401, "SHA-256"},
		"two signatures":               {func(r *http.Request) { r.Header.Add("X-Hub-Signature-256", sign("other", []byte("{}"))) }, 401, "SHA-256"},
		"it is a GET":                  {func(r *http.Request) { r.Method = http.MethodGet }, 405, "POST"},
		"it is a form":                 {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, "application/json"},
		"it is about something else":   {func(r *http.Request) { r.Header.Set("X-GitHub-Event", "star") }, 202, "nothing depends"},
		"it greets":                    {func(r *http.Request) { r.Header.Set("X-GitHub-Event", "ping") }, 200, "here"},
		"it says how large it is":      {func(r *http.Request) { r.ContentLength = maxPayload + 1 }, 413, "too large"},
		"it is larger than it says": {func(r *http.Request) {
			r.ContentLength = -1
			r.Body = io.NopCloser(io.LimitReader(zeros{}, 1<<40))
		}, 413, "too large"},
		"it breaks off": {func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{}))
		}, 400, "did not arrive whole"},
		"it is no JSON": {func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("{"))
			r.Header.Set("X-Hub-Signature-256", sign(hookSecret, []byte("{")))
		}, 400, "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			h, req := newHook(t), delivery("push", "{}")
			k.change(req)
			status, text := h.send(req)
			if status != k.status || !strings.Contains(text, k.says) || strings.Contains(text, hookSecret) {
				t.Errorf("%d %q", status, text)
			}
			if poked := h.pokes == 1; poked != (text == "seen") {
				t.Errorf("%d pokes", h.pokes)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAWebhookThatIsRepeatedIsDropped(t *testing.T) {
	h := newHook(t)
	h.send(delivery("push", `{"n":1}`))
	again := delivery("pull_request", `{"n":1}`)
	again.Header.Set("X-GitHub-Delivery", "2") // made up: it is not signed
	if status, text := h.send(again); status != 202 || text != "this was here before" || h.pokes != 1 {
		t.Errorf("%d %q, %d pokes", status, text, h.pokes)
	}
	h.send(delivery("push", `{"n":2}`))
	if h.pokes != 2 {
		t.Errorf("%d pokes", h.pokes)
	}
}

func TestWithoutASecretNothingIsReceived(t *testing.T) {
	for _, secret := range []func() (string, error){
		func() (string, error) { return "", nil },
		func() (string, error) { return "", errors.New("no file") },
	} {
		h, err := NewWebhook(WebhookConfig{Secret: secret, Poke: func() { t.Error("poked") }, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		req := delivery("push", "{}")
		req.Header.Set("X-Hub-Signature-256", sign("", []byte("{}")))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, req); w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d", w.Code)
		}
	}
}

func TestAFloodOfSlowWebhooksTakesLittleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		wait := make(chan struct{})
		var done sync.WaitGroup
		for range maxReading {
			done.Go(func() {
				req := delivery("push", "{}")
				req.Body = io.NopCloser(waiting{wait})
				h.send(req)
			})
		}
		synctest.Wait()
		if status, _ := h.send(delivery("push", "{}")); status != http.StatusServiceUnavailable {
			t.Errorf("one more is answered with %d", status)
		}
		close(wait)
		done.Wait()
		if status, _ := h.send(delivery("push", "{}")); status != http.StatusAccepted {
			t.Errorf("after the flood one is answered with %d", status)
		}
	})
}

type waiting struct{ until <-chan struct{} }

func (w waiting) Read([]byte) (int, error) { <-w.until; return 0, io.EOF }

func TestGitHubsOwnWebhooks(t *testing.T) {
	w := start(t, nil)
	var mu sync.Mutex
	pokes := 0
	h, err := NewWebhook(WebhookConfig{
		Secret: func() (string, error) { return hookSecret, nil }, Now: time.Now,
		Poke: func() { mu.Lock(); defer mu.Unlock(); pokes++ },
	})
	w.ok(err)
	server := httptest.NewServer(h)
	defer server.Close()
	w.ok(w.AddWebhook(githubtest.Webhook{URL: server.URL, Secret: hookSecret}))
	w.DoubleWebhooks(1)
	n := w.propose("ada", "new", "7.6.1") // push, and pull_request
	w.approve("grace", n)
	_, err = w.As("ada").Comment(repo, n, "/wavegate status")
	w.ok(err)
	w.LoseWebhooks(1)
	_, err = w.As("ada").Comment(repo, n, "/wavegate help")
	w.ok(err)
	w.ok(w.WaitWebhooks(context.Background()))
	for _, d := range w.Deliveries() {
		if !d.Lost && d.Status >= 300 {
			t.Errorf("%s was answered with %d", d.Event, d.Status)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if pokes != 4 {
		t.Errorf("%d pokes", pokes)
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add("push", "application/json", sign(hookSecret, []byte("{}")), []byte("{}"))
	f.Add("ping", "application/json; charset=utf-8", "sha256=", []byte(`{"zen":1}`))
	f.Add("", "text/plain", "sha1=00", []byte{0xff})
	h := newHook(f)
	f.Fuzz(func(t *testing.T, event, kind, signature string, body []byte) {
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		req.Header["X-Github-Event"] = []string{event}
		req.Header["Content-Type"] = []string{kind}
		req.Header["X-Hub-Signature-256"] = []string{signature}
		before := h.pokes
		status, text := h.send(req)
		good := strings.EqualFold(signature, sign(hookSecret, body))
		if h.pokes > before && !good {
			t.Errorf("poked by a wrong signature: %d %q", status, text)
		}
		if status < 300 && !good {
			t.Errorf("%d %q for a wrong signature", status, text)
		}
	})
}
