package githubtest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// inside is a server for tests that spoil what it is made of.
func inside(t *testing.T, onViolation func(error)) *Server {
	t.Helper()
	s, err := Start(Config{
		Dir: t.TempDir(), Now: func() time.Time { return time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) }, OnViolation: onViolation,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.AddRepo("acme/fleet", Files{"fleet.yaml": "kind: Fleet\n"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Server) ask(t testing.TB, method, path, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// spoil changes what an operation answers.
func (s *Server) spoil(t *testing.T, operation string, change func(object)) {
	t.Helper()
	for i, rt := range s.routes {
		if rt.method+" "+rt.template != operation {
			continue
		}
		right := rt.handle
		s.routes[i].handle = func(c *call) (any, error) {
			v, err := right(c)
			if o, ok := v.(object); ok {
				change(o)
			}
			return v, err
		}
		return
	}
	t.Fatalf("no operation %s", operation)
}

func TestAnAnswerThatBreaksTheDocumentIsCaught(t *testing.T) {
	for name, spoil := range map[string]func(object){
		"a required member is missing":          func(o object) { delete(o, "default_branch") },
		"a number is a text":                    func(o object) { o["id"] = "17" },
		"a text is null":                        func(o object) { o["full_name"] = nil },
		"a time is not one":                     func(o object) { o["created_at"] = "yesterday" },
		"an address is not one":                 func(o object) { o["html_url"] = "somewhere" },
		"a value is not among those documented": func(o object) { o["merge_commit_title"] = "POEM" },
		"a member of a member is missing":       func(o object) { delete(o["owner"].(object), "login") },
	} {
		t.Run(name, func(t *testing.T) {
			var caught []error
			s := inside(t, func(err error) { caught = append(caught, err) })
			if status, _ := s.ask(t, "GET", "/repos/acme/fleet", "", ""); status != 200 || len(caught) != 0 {
				t.Fatalf("what is right was answered with %d, %v", status, caught)
			}
			s.spoil(t, "GET /repos/{owner}/{repo}", spoil)
			if status, _ := s.ask(t, "GET", "/repos/acme/fleet", "", ""); status != 200 || len(caught) != 1 {
				t.Fatalf("the violation was answered with %d, %v", status, caught)
			}

			quiet := inside(t, nil)
			quiet.spoil(t, "GET /repos/{owner}/{repo}", spoil)
			if status, body := quiet.ask(t, "GET", "/repos/acme/fleet", "", ""); status != 500 || !strings.Contains(body, "githubtest: answer 200 to GET /repos/acme/fleet") {
				t.Fatalf("without anybody to tell, the violation was answered with %d %s", status, body)
			}
		})
	}
}

func TestARequestThatBreaksTheDocumentIsCaught(t *testing.T) {
	for name, c := range map[string]struct{ method, path, body string }{
		"a required member is missing":     {"POST", "/repos/acme/fleet/pulls", `{"title":"x","head":"new"}`},
		"a text is a number":               {"POST", "/repos/acme/fleet/issues/1/comments", `{"body":7}`},
		"a parameter is not documented so": {"GET", "/repos/acme/fleet/pulls?state=half", ""},
		"a number in the path is a text":   {"GET", "/repos/acme/fleet/pulls/one", ""},
		"the body is not JSON":             {"POST", "/repos/acme/fleet/issues", `{"title":`},
		"an operation that is not built":   {"GET", "/repos/acme/fleet/milestones", ""},
		"a method that is not built":       {"POST", "/repos/acme/fleet", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			var caught []error
			s := inside(t, func(err error) { caught = append(caught, err) })
			if s.ask(t, c.method, c.path, s.Token("ada"), c.body); len(caught) != 1 {
				t.Fatalf("caught %v", caught)
			}
			quiet := inside(t, nil)
			if status, body := quiet.ask(t, c.method, c.path, quiet.Token("ada"), c.body); status < 500 {
				t.Fatalf("without anybody to tell it was answered with %d %s", status, body)
			}
		})
	}
}

func TestAnErrorThatBreaksTheDocumentIsCaught(t *testing.T) {
	var caught []error
	s := inside(t, func(err error) { caught = append(caught, err) })
	for i, rt := range s.routes {
		if rt.method+" "+rt.template == "GET /repos/{owner}/{repo}" {
			s.routes[i].handle = func(c *call) (any, error) {
				c.status = http.StatusTeapot // not a status of this operation
				return object{"message": 418}, nil
			}
		}
	}
	if s.ask(t, "GET", "/repos/acme/fleet", "", ""); len(caught) != 1 {
		t.Fatalf("caught %v", caught)
	}
}

func TestAWebhookThatBreaksTheDocumentIsCaught(t *testing.T) {
	var caught []error
	s := inside(t, func(err error) { caught = append(caught, err) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.send("pull_request", "opened", object{"number": 1}); err != nil || len(caught) != 1 {
		t.Fatalf("a payload without a pull request: %v, caught %v", err, caught)
	}
	if err := s.send("pull_request", "exploded", object{}); err != nil || len(caught) != 2 {
		t.Fatalf("an event that GitHub does not have: %v, caught %v", err, caught)
	}
	s.onViolation = nil
	if err := s.send("pull_request", "opened", object{"number": 1}); err == nil {
		t.Fatal("without anybody to tell, a payload without a pull request was sent")
	}
}

func TestTheListOfOperationsIsTheOneOfTheRoutes(t *testing.T) {
	var listed, built []string
	for line := range strings.Lines(operations) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "WEBHOOK") {
			listed = append(listed, line)
		}
	}
	for name := range handlers() {
		built = append(built, name)
	}
	slices.Sort(listed)
	slices.Sort(built)
	if !slices.Equal(listed, built) {
		t.Errorf("operations.txt lists %d operations and %d are built:\n%s\n---\n%s", len(listed), len(built), strings.Join(listed, "\n"), strings.Join(built, "\n"))
	}
}

func TestTheMostExactRouteIsFound(t *testing.T) {
	s := inside(t, nil)
	for path, want := range map[string]string{
		"/repos/a/b/commits/release/1":           "/repos/{owner}/{repo}/commits/{ref}",
		"/repos/a/b/commits/release/1/status":    "/repos/{owner}/{repo}/commits/{ref}/status",
		"/repos/a/b/commits/abc/pulls":           "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
		"/repos/a/b/branches/release%2F1":        "/repos/{owner}/{repo}/branches/{branch}",
		"/repos/a/b/branches/x/y/protection":     "/repos/{owner}/{repo}/branches/{branch}/protection",
		"/repos/a/b/issues/comments":             "/repos/{owner}/{repo}/issues/comments",
		"/repos/a/b/issues/7":                    "/repos/{owner}/{repo}/issues/{issue_number}",
		"/repos/a/b/compare/main...topic/it":     "/repos/{owner}/{repo}/compare/{basehead}",
		"/repos/a/b/contents/":                   "/repos/{owner}/{repo}/contents/{path}",
		"/repos/a/b/contents/x/y%20z":            "/repos/{owner}/{repo}/contents/{path}",
		"/repos/a/b/git/ref/heads/release/1":     "/repos/{owner}/{repo}/git/ref/{ref}",
		"/repos/a/b/issues/comments/9/reactions": "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
	} {
		if rt, _, ok := s.find("GET", path); !ok || rt.template != want {
			t.Errorf("%s went to %q, want %q", path, rt.template, want)
		}
	}
}

func FuzzRequestsNeverBreakTheServer(f *testing.F) {
	s, err := Start(Config{Dir: f.TempDir(), Now: func() time.Time { return time.Unix(1e9, 0) }, OnViolation: func(error) {}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	if err := s.AddRepo("acme/fleet", Files{"a": "b"}); err != nil {
		f.Fatal(err)
	}
	if err := s.Grant("acme/fleet", "ada", Admin); err != nil {
		f.Fatal(err)
	}
	token := s.Token("ada")
	for _, seed := range [][2]string{
		{"POST /repos/acme/fleet/pulls", `{"title":"x","head":"main","base":"main"}`},
		{"POST /repos/acme/fleet/git/trees", `{"tree":[{"path":"../x","mode":"100644","content":"y"}]}`},
		{"PUT /repos/acme/fleet/contents/a/../b", `{"message":"m","content":"!!"}`},
		{"GET /repos/acme/fleet/compare/--all...main", ""},
		{"GET /repos/acme/fleet/commits?sha=-n&path=--output=x", ""},
		{"POST /repos/acme/fleet/issues/1/labels", `[1,null,{}]`},
		{"POST /repos/acme/fleet/git/commits", `{"message":"","tree":"0000"}`},
		{"POST /repos/acme/fleet/git/refs", `{"ref":"refs/heads/..","sha":""}`},
		{"GET /repos/acme/fleet/contents/%00", ""},
		{"PUT /repos/acme/fleet/contents/", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, target, body string) {
		method, path, _ := strings.Cut(target, " ")
		req, err := http.NewRequest(method, s.URL+prefix+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Skip()
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Skip() // the client refuses to send it
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode == http.StatusInternalServerError {
			data, _ := io.ReadAll(resp.Body)
			t.Fatalf("%q with %q: %s", target, body, data)
		}
	})
}
