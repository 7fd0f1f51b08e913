package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gh "github.com/google/go-github/v62/github"
)

const token = "ghp_verysecret"

// reply is what becomes of a request.
type reply func(*http.Request) (*http.Response, error)

// scripted answers requests one after the other, and the last way for ever.
type scripted struct {
	mu      sync.Mutex
	answers []reply
	at      []time.Time
	bodies  []string
	reqs    []*http.Request
}

func (s *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	s.at, s.bodies, s.reqs = append(s.at, time.Now()), append(s.bodies, body), append(s.reqs, req)
	return s.answers[min(len(s.at), len(s.answers))-1](req)
}

// answer is an answer with a status, a body and headers, "name: value".
func answer(status int, body string, headers ...string) reply {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{}
		h.Set(requestID, "E0DE:1")
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)), Header: h, Request: req,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
		}, nil
	}
}

func fails(err error) reply {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

const (
	fine      = `{"number":1,"state":"open"}`
	secondary = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
)

// spoken is a client to a script, in a bubble of synctest.
func spoken(t *testing.T, patience time.Duration, answers ...reply) (*Client, *scripted, *bytes.Buffer) {
	t.Helper()
	s, log := &scripted{answers: answers}, &bytes.Buffer{}
	c, err := New(Config{
		Owner: "acme", Repo: "fleet", Token: func() (string, error) { return token, nil }, Transport: s, Now: time.Now, Patience: patience,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, s, log
}

func read(c *Client) error  { _, err := c.Pull(context.Background(), 1); return err }
func write(c *Client) error { return post(context.Background(), c) }

func post(ctx context.Context, c *Client) error {
	_, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, 1, &gh.IssueComment{Body: gh.String("x")})
	return plain(err)
}

func edit(c *Client) error {
	_, _, err := c.api.Issues.EditComment(context.Background(), c.owner, c.repo, 1, &gh.IssueComment{Body: gh.String("x")})
	return plain(err)
}

func in(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }

// TestALimitIsWaitedForOrTold is about limits that GitHub names, each after one
// answer of it. The bubble's clock begins at a whole second.
func TestALimitIsWaitedForOrTold(t *testing.T) {
	for name, k := range map[string]struct {
		answer func() reply
		wait   time.Duration // until the next try
		limit  bool          // else it is no limit
	}{
		"429 with a time":            {func() reply { return answer(429, "", "Retry-After: 7") }, 7 * time.Second, true},
		"429 without a time":         {func() reply { return answer(429, "") }, time.Minute, true},
		"429 with a time before":     {func() reply { return answer(429, "", "Retry-After: -60") }, time.Minute, true},
		"429 with zero":              {func() reply { return answer(429, "", "Retry-After: 0") }, time.Minute, true},
		"429 with nonsense":          {func() reply { return answer(429, "", "Retry-After: soon") }, time.Minute, true},
		"429 with more than an hour": {func() reply { return answer(429, "", "Retry-After: 99999999999") }, maxPause, true},
		"429 with a date": {func() reply {
			return answer(429, "", "Retry-After: "+time.Now().Add(9*time.Second).UTC().Format(http.TimeFormat))
		}, 9 * time.Second, true},
		"429 and nothing remains": {func() reply {
			return answer(429, "", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: "+in(90*time.Second))
		}, 91 * time.Second, true},
		"nothing remains": {func() reply {
			return answer(403, "", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: "+in(10*time.Minute))
		}, 10*time.Minute + time.Second, true},
		"nothing remains until a time before": {func() reply {
			return answer(403, "", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: "+in(-time.Hour))
		}, time.Minute, true},
		"nothing remains until the next decade": {func() reply {
			return answer(403, "", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: "+in(100000*time.Hour))
		}, maxPause, true},
		"nothing remains, nobody knows until when": {func() reply { return answer(403, "", "X-RateLimit-Remaining: 0") }, time.Minute, true},
		"a secondary limit with a time": {func() reply {
			return answer(403, secondary, "Retry-After: 30", "X-RateLimit-Remaining: 4000")
		}, 30 * time.Second, true},
		"a secondary limit known by its text": {func() reply {
			return answer(403, secondary, "X-RateLimit-Remaining: 4000")
		}, time.Minute, true},
		"the older words for it": {func() reply {
			return answer(403, `{"message":"You have triggered an abuse detection mechanism."}`)
		}, time.Minute, true},
		"a lack of permission": {func() reply {
			return answer(403, `{"message":"Resource not accessible by integration"}`, "X-RateLimit-Remaining: 4000")
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s, _ := spoken(t, 2*time.Hour, k.answer(), answer(200, fine))
				begin := time.Now()
				err := read(c)
				if !k.limit {
					if status(err) != 403 || len(s.at) != 1 || !c.Usage().HeldUntil.IsZero() {
						t.Errorf("%v after %d tries", err, len(s.at))
					}
					return
				}
				if err != nil || len(s.at) != 2 || s.at[1].Sub(begin) != k.wait {
					t.Errorf("%v, tried again after %v, want %v", err, time.Since(begin), k.wait)
				}
				// Who does not wait so long is told.
				c, _, _ = spoken(t, k.wait-time.Millisecond, k.answer(), answer(200, fine))
				begin = time.Now()
				var limit *LimitError
				if err := read(c); !errors.As(err, &limit) || !strings.Contains(err.Error(), "(request E0DE:1)") {
					t.Fatalf("got %v", err)
				}
				if time.Since(begin) != 0 || limit.Until.Before(begin) {
					t.Errorf("told after %v: until %v", time.Since(begin), limit.Until)
				}
			})
		})
	}
}

func TestWhileALimitHoldsNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, _ := spoken(t, time.Second, answer(429, "", "Retry-After: 60"), answer(200, fine))
		for range 5 {
			var limit *LimitError
			if err := read(c); !errors.As(err, &limit) {
				t.Errorf("got %v", err)
			}
			if err := write(c); !errors.As(err, &limit) {
				t.Errorf("got %v", err)
			}
		}
		if u := c.Usage(); len(s.at) != 1 || u.Requests != 1 || u.Refused != 1 || time.Until(u.HeldUntil) != time.Minute {
			t.Errorf("%d requests, %+v", len(s.at), u)
		}
		time.Sleep(time.Minute)
		if err := read(c); err != nil || !c.Usage().HeldUntil.IsZero() {
			t.Errorf("after a minute: %v, %+v", err, c.Usage())
		}
	})
}

func TestALimitThatComesAgainIsWaitedForLongerAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, _ := spoken(t, 3*time.Minute+time.Second, answer(429, ""))
		begin := time.Now()
		var limit *LimitError
		if err := read(c); !errors.As(err, &limit) {
			t.Fatal(err)
		}
		if len(s.at) != 3 || s.at[1].Sub(begin) != time.Minute || s.at[2].Sub(begin) != 3*time.Minute || time.Since(begin) != 3*time.Minute {
			t.Errorf("tried at %v", s.at)
		}
	})
}

func TestWhatFailedIsTriedAgainWhenThatDoesNoHarm(t *testing.T) {
	reset := fails(errors.New("connection reset by peer"))
	for name, k := range map[string]struct {
		answers []reply
		call    func(*Client) error
		tries   int
		want    string // of the error; "" for none
	}{
		"a page is read after two errors":         {[]reply{answer(502, "<html>"), reset, answer(200, fine)}, read, 3, ""},
		"a page cannot be read":                   {[]reply{answer(503, "<html>")}, read, maxTries, "503 Service Unavailable"},
		"nobody answers":                          {[]reply{reset}, read, maxTries, "GET /repos/acme/fleet/pulls/1: connection reset"},
		"an edit is made again":                   {[]reply{answer(502, ""), reset, answer(200, "{}")}, edit, 3, ""},
		"a comment is not: it may have been made": {[]reply{answer(502, "")}, write, 1, "502 Bad Gateway"},
		"a comment is not when nobody answers":    {[]reply{reset}, write, 1, "connection reset"},
		"a comment that a limit refused is":       {[]reply{answer(403, secondary, "Retry-After: 1"), answer(201, "{}")}, write, 2, ""},
		"what is not found is not":                {[]reply{answer(404, `{"message":"Not Found"}`)}, read, 1, "404 Not Found: Not Found (GET /repos/acme/fleet/pulls/1, request E0DE:1)"},
		"what is not built is not":                {[]reply{answer(501, "")}, read, 1, "501"},
		"an answer that never ends": {[]reply{func(r *http.Request) (*http.Response, error) {
			resp, err := answer(200, "")(r)
			resp.Body = io.NopCloser(io.LimitReader(zeros{}, 1<<40))
			return resp, err
		}}, write, 1, "has more than 16777216 bytes (request E0DE:1)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s, log := spoken(t, time.Minute, k.answers...)
				err := k.call(c)
				if len(s.at) != k.tries || (err == nil) != (k.want == "") || (err != nil && !strings.Contains(err.Error(), k.want)) {
					t.Errorf("%d tries: %v", len(s.at), err)
				}
				for i, body := range s.bodies {
					if body != s.bodies[0] {
						t.Errorf("try %d has sent %q, the first %q", i, body, s.bodies[0])
					}
				}
				if text := fmt.Sprint(err, log); strings.Contains(text, token) {
					t.Errorf("the token is in %s", text)
				}
			})
		})
	}
}

func TestTriesAreFartherApartEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, _ := spoken(t, time.Minute, answer(500, ""))
		_ = read(c)
		for i, most := 1, firstPause; i < len(s.at); i, most = i+1, 2*most {
			if d := s.at[i].Sub(s.at[i-1]); d < most/2 || d >= most {
				t.Errorf("pause %d is %v, want from %v to %v", i, d, most/2, most)
			}
		}
	})
}

func TestWhoeverGivesUpWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := spoken(t, time.Hour, answer(429, "", "Retry-After: 600"))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := c.Pull(ctx, 1); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

func TestAnAnswerThatDoesNotComeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, _ := spoken(t, time.Minute, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		begin := time.Now()
		err := write(c)
		if err == nil || !strings.Contains(err.Error(), "no answer within 20s") || time.Since(begin) != 20*time.Second || len(s.at) != 1 {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

func TestWritesKeepWellBelowGitHubsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, _ := spoken(t, 2*time.Hour, answer(201, "{}"))
		for range 1000 {
			if err := write(c); err != nil {
				t.Fatal(err)
			}
		}
		for i := range s.at {
			if n := i - urgentAMinute; n >= 0 && s.at[i].Sub(s.at[n]) < time.Minute {
				t.Fatalf("%d writes within %v", urgentAMinute, s.at[i].Sub(s.at[n]))
			}
			if n := i - writesAMinute; n >= 0 && s.at[i].Sub(s.at[n]) < time.Minute {
				t.Fatalf("more than %d writes within %v", writesAMinute, s.at[i].Sub(s.at[n]))
			}
			if n := i - writesAnHour; n >= 0 && s.at[i].Sub(s.at[n]) < time.Hour {
				t.Fatalf("more than %d writes within %v", writesAnHour, s.at[i].Sub(s.at[n]))
			}
		}
	})
}

func TestWordOfAHaltGoesOutWhenOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := spoken(t, time.Second, answer(201, "{}"))
		for range writesAMinute {
			if err := write(c); err != nil {
				t.Fatal(err)
			}
		}
		var limit *LimitError
		if err := write(c); !errors.As(err, &limit) || time.Until(limit.Until) != time.Minute {
			t.Errorf("one more: %v", err)
		}
		if err := read(c); err != nil {
			t.Errorf("reading: %v", err)
		}
		for range urgentAMinute - writesAMinute {
			if err := post(Urgent(context.Background()), c); err != nil {
				t.Errorf("word of a halt: %v", err)
			}
		}
		if err := post(Urgent(context.Background()), c); !errors.As(err, &limit) {
			t.Errorf("word of a halt has a limit too: %v", err)
		}
		if u := c.Usage(); u.WritesLastMinute != urgentAMinute || u.WritesLast60Minutes != urgentAMinute || u.Writes != urgentAMinute || u.Requests != urgentAMinute+1 {
			t.Errorf("usage %+v", u)
		}
	})
}

func TestUsageIsCountedByTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := spoken(t, time.Second, answer(200, fine, "X-RateLimit-Limit: 5000", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: "+in(time.Hour)))
		for range 3 {
			// That nothing remains is for GitHub to say of the next request.
			if err := read(c); err != nil {
				t.Fatal(err)
			}
		}
		u := c.Usage()
		if u.Requests != 3 || u.LastHour != 0 || u.Limit != 5000 || u.Remaining != 0 || time.Until(u.Reset) != time.Hour {
			t.Errorf("usage %+v", u)
		}
		time.Sleep(time.Hour)
		if u := c.Usage(); u.Requests != 0 || u.LastHour != 3 {
			t.Errorf("an hour later %+v", u)
		}
		time.Sleep(5 * time.Hour)
		if u := c.Usage(); u.Requests != 0 || u.LastHour != 0 {
			t.Errorf("six hours later %+v", u)
		}
	})
}

func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		etag := func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("If-None-Match") == `"1"` {
				return answer(304, "", "X-RateLimit-Remaining: 4999")(r)
			}
			return answer(200, fine, `ETag: "1"`, "Link: <https://api.github.com/x?page=2>; rel=\"next\"")(r)
		}
		c, s, _ := spoken(t, time.Second, etag)
		for range 3 {
			p, resp, err := c.api.PullRequests.Get(context.Background(), "acme", "fleet", 1)
			if err != nil || p.GetNumber() != 1 || resp.NextPage != 2 || resp.StatusCode != 200 {
				t.Errorf("got %+v, %v", p, err)
			}
		}
		if u := c.Usage(); u.Requests != 3 || u.Unchanged != 2 {
			t.Errorf("%+v", u)
		}
		if len(s.reqs) != 3 || s.reqs[0].Header.Get("If-None-Match") != "" || s.reqs[2].Header.Get("If-None-Match") != `"1"` {
			t.Errorf("%d requests", len(s.reqs))
		}
	})
}

func TestTheMemoryOfAnswersIsBounded(t *testing.T) {
	a := newAnswers(100 << 10)
	for i := range 1000 {
		a.put(fmt.Sprint(i), &keptAnswer{etag: "x", body: make([]byte, 9<<10)})
		if _, ok := a.get("0"); !ok { // used all the time
			t.Fatal("what was used last is forgotten")
		}
	}
	if len(a.byKey) != a.order.Len() || a.bytes > a.max || len(a.byKey) < 8 {
		t.Errorf("%d answers in %d bytes", len(a.byKey), a.bytes)
	}
	a.put("0", &keptAnswer{body: make([]byte, 90<<10)})
	if _, ok := a.get("0"); ok {
		t.Error("an answer that fills most of it is kept")
	}
	if _, ok := a.get("1"); ok {
		t.Error("the oldest is kept")
	}
}

func TestASecretGoesNowhereElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, k := range map[string]struct {
			to     string
			follow bool
		}{
			"the same host":    {"https://api.github.com/repositories/1/pulls/1", true},
			"another host":     {"https://evil.example.com/", false},
			"another port":     {"https://api.github.com:444/", false},
			"without a secret": {"http://api.github.com/", false},
		} {
			c, s, _ := spoken(t, time.Second, answer(301, "", "Location: "+k.to), answer(200, fine))
			err := read(c)
			if followed := len(s.reqs) == 2; followed != k.follow || (err == nil) != k.follow {
				t.Errorf("%s: %d requests, %v", name, len(s.reqs), err)
			}
		}
	})
}

func TestConfigurationsThatCannotBe(t *testing.T) {
	good := Config{Owner: "acme", Repo: "fleet", Now: time.Now, Token: func() (string, error) { return token, nil }}
	for name, k := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"nothing is wrong":        {func(*Config) {}, ""},
		"GitHub Enterprise":       {func(c *Config) { c.BaseURL = "https://github.example.com" }, ""},
		"a server of tests":       {func(c *Config) { c.BaseURL = "http://127.0.0.1:1" }, ""},
		"no clock":                {func(c *Config) { c.Now = nil }, "no clock"},
		"no repository":           {func(c *Config) { c.Repo = "" }, `"acme/" is no repository`},
		"a path":                  {func(c *Config) { c.Repo = "fleet/../../user" }, "is no repository"},
		"no credentials":          {func(c *Config) { c.Token = nil }, "either a token or a GitHub App"},
		"both credentials":        {func(c *Config) { c.App = &App{} }, "either a token or a GitHub App"},
		"half an app":             {func(c *Config) { c.Token, c.App = nil, &App{ID: 1} }, "the id of its installation"},
		"a token in plain text":   {func(c *Config) { c.BaseURL = "http://github.example.com" }, "by https alone"},
		"a password in the URL":   {func(c *Config) { c.BaseURL = "https://x:hunter2@github.example.com" }, "contains a user or a password"},
		"no URL":                  {func(c *Config) { c.BaseURL = "github.example.com" }, "is no URL"},
		"a CA bundle of nonsense": {func(c *Config) { c.CA = []byte("x") }, "holds no certificate"},
	} {
		cfg := good
		k.change(&cfg)
		_, err := New(cfg)
		if (err == nil) != (k.want == "") || (err != nil && (!strings.Contains(err.Error(), k.want) || strings.Contains(err.Error(), "hunter2"))) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for address, want := range map[string]string{
		"":                                  "https://api.github.com/",
		"https://github.com/":               "https://api.github.com/",
		"https://github.example.com":        "https://github.example.com/api/v3/",
		"https://api.example.ghe.com":       "https://api.example.ghe.com/",
		"https://github.example.com/api/v3": "https://github.example.com/api/v3/",
	} {
		cfg := good
		cfg.BaseURL = address
		c, err := New(cfg)
		if err != nil || c.api.BaseURL.String() != want {
			t.Errorf("%q leads to %v, %v", address, c.api.BaseURL, err)
		}
	}
	if _, err := NewApprover(ApproverConfig{}); err == nil {
		t.Error("an approver without a client")
	}
	if _, err := NewWebhook(WebhookConfig{}); err == nil {
		t.Error("webhooks without a secret")
	}
}

func FuzzReadLimit(f *testing.F) {
	f.Add(429, "-60", "0", "1767606000", "")
	f.Add(403, "Mon, 05 Jan 2026 09:00:09 GMT", "4000", "", secondary)
	f.Add(403, "-9223372036854775808", "0", "9223372036854775807", "")
	f.Add(403, "", "", "", `{"message":"Resource not accessible by integration"}`)
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, code int, after, remaining, reset, text string) {
		for try := 1; try <= maxTries; try++ {
			resp, err := answer(code, text, "Retry-After: "+after, "X-RateLimit-Remaining: "+remaining, "X-RateLimit-Reset: "+reset)(nil)
			if err != nil {
				t.Fatal(err)
			}
			limit := readLimit(resp, now, try)
			_ = resp.Body.Close()
			switch {
			case limit == nil && code == 429:
				t.Error("429 is no limit")
			case limit != nil && (!limit.Until.After(now) || limit.Until.Sub(now) > maxPause):
				t.Errorf("until %v", limit.Until)
			case limit != nil && code != 429 && code != 403:
				t.Errorf("%d is a limit", code)
			}
		}
	})
}
