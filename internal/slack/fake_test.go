package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testToken   = "xoxb-secret-1234"
	testChannel = "C0123456789"
	testBot     = "B1"
)

// fakeSlack is a channel as Slack keeps it. It answers HTTP calls without a
// network, so that a test's clock can pass meanwhile.
type fakeSlack struct {
	t  *testing.T
	mu sync.Mutex
	// fault may answer a call in place of Slack; n counts the calls, from one.
	// With lost, what the call asks for is done all the same.
	fault    func(method string, n int) (status int, header http.Header, body string, lost bool)
	calls    []fakeCall
	messages []*fakeMessage
}

type fakeCall struct {
	method string
	at     time.Time
	status int
}

type fakeMessage struct {
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"`
	Bot      string          `json:"bot_id"`
	Metadata json.RawMessage `json:"metadata,omitempty"`

	blocks    string
	broadcast bool
	edits     int
}

func (f *fakeSlack) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	f.ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (f *fakeSlack) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	method := req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]
	if err := req.ParseForm(); err != nil {
		f.t.Error(err)
	}
	if req.Form.Get("token") != testToken && req.Header.Get("Authorization") != "Bearer "+testToken {
		f.t.Errorf("%s was called without the token", method)
	}
	f.calls = append(f.calls, fakeCall{method: method, at: time.Now(), status: http.StatusOK})
	if f.fault != nil {
		status, header, body, lost := f.fault(method, len(f.calls))
		if status != 0 {
			if lost {
				f.answer(method, req)
			}
			f.calls[len(f.calls)-1].status = status
			for k := range header {
				w.Header().Set(k, header.Get(k))
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	if err := json.NewEncoder(w).Encode(f.answer(method, req)); err != nil {
		f.t.Error(err)
	}
}

func (f *fakeSlack) answer(method string, req *http.Request) map[string]any {
	form := req.Form
	if method != "auth.test" && form.Get("channel") != testChannel {
		return map[string]any{"ok": false, "error": "channel_not_found"}
	}
	switch method {
	case "auth.test":
		return map[string]any{"ok": true, "bot_id": testBot}
	case "chat.postMessage":
		if ts := form.Get("thread_ts"); ts != "" && f.find(ts) == nil {
			return map[string]any{"ok": false, "error": "thread_not_found"}
		}
		m := &fakeMessage{
			TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), len(f.messages)), ThreadTS: form.Get("thread_ts"), Text: form.Get("text"),
			Bot: testBot, Metadata: json.RawMessage(form.Get("metadata")), blocks: form.Get("blocks"),
			broadcast: form.Get("reply_broadcast") == "true",
		}
		if form.Get("parse") != "none" || form.Get("link_names") == "true" || form.Get("link_names") == "1" {
			f.t.Error("Slack was asked to look for names")
		}
		f.messages = append(f.messages, m)
		return map[string]any{"ok": true, "channel": testChannel, "ts": m.TS}
	case "chat.update":
		m := f.find(form.Get("ts"))
		if m == nil {
			return map[string]any{"ok": false, "error": "message_not_found"}
		}
		m.Text, m.blocks, m.Metadata = form.Get("text"), form.Get("blocks"), json.RawMessage(form.Get("metadata"))
		m.edits++
		return map[string]any{"ok": true, "channel": testChannel, "ts": m.TS}
	case "conversations.history":
		return f.page(form.Get("cursor"), form.Get("oldest"), true, func(m *fakeMessage) bool { return m.ThreadTS == "" || m.broadcast })
	case "conversations.replies":
		if f.find(form.Get("ts")) == nil {
			return map[string]any{"ok": false, "error": "thread_not_found"}
		}
		return f.page(form.Get("cursor"), "", false, func(m *fakeMessage) bool {
			return m.TS == form.Get("ts") || m.ThreadTS == form.Get("ts")
		})
	default:
		f.t.Errorf("Slack was asked for %s", method)
		return map[string]any{"ok": false, "error": "unknown_method"}
	}
}

// page answers two messages at a time, so that paging is always needed.
func (f *fakeSlack) page(cursor, oldest string, newestFirst bool, in func(*fakeMessage) bool) map[string]any {
	var all []*fakeMessage
	for _, m := range f.messages {
		if in(m) && m.TS >= oldest {
			all = append(all, m)
		}
	}
	if newestFirst {
		slices.Reverse(all)
	}
	from, _ := strconv.Atoi(cursor)
	to := min(from+2, len(all))
	next := ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return map[string]any{
		"ok": true, "messages": all[from:to], "has_more": next != "",
		"response_metadata": map[string]any{"next_cursor": next},
	}
}

func (f *fakeSlack) find(ts string) *fakeMessage {
	for _, m := range f.messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// transcript is the channel as people see it: replies below what they answer.
func (f *fakeSlack) transcript() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, m := range f.messages {
		if m.ThreadTS != "" {
			continue
		}
		fmt.Fprintln(&b, m.Text)
		for _, r := range f.messages {
			if r.ThreadTS == m.TS {
				mark := "  "
				if r.broadcast {
					mark = "  (to all) "
				}
				fmt.Fprintln(&b, mark+r.Text)
			}
		}
	}
	return b.String()
}

// counts returns how often a method was called with success.
func (f *fakeSlack) count(method string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if c.method == method && c.status == http.StatusOK {
			n++
		}
	}
	return n
}

func (f *fakeSlack) fails(fault func(method string, n int) (int, http.Header, string, bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}
