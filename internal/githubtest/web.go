package githubtest

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed web.html
var webHTML string

// pages renders the pages for people: "home", "repo", "issue", "commit" and "blob".
func pages() (*template.Template, error) {
	return template.New("web").Funcs(template.FuncMap{
		"markdown": markdown(),
		"short":    func(sha string) string { return sha[:min(len(sha), 7)] },
		"when":     func(t time.Time) string { return t.UTC().Format("Mon 2 Jan 2006 15:04") },
		"inc":      func(i int) int { return i + 1 },
		"lines":    func(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") },
		"kind": func(line string) string {
			switch {
			case strings.HasPrefix(line, "+"):
				return "added"
			case strings.HasPrefix(line, "-"):
				return "removed"
			case strings.HasPrefix(line, "@@"):
				return "place"
			default:
				return ""
			}
		},
	}).Parse(webHTML)
}

// servePage serves a page for people, who see what anybody may read.
func (s *Server) servePage(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		http.Error(w, "These pages are only to look at.", http.StatusMethodNotAllowed)
		return
	}
	name, view, err := s.view(req.URL.Path)
	var missing *Error
	switch {
	case errors.As(err, &missing):
		http.Error(w, "There is no such page.", http.StatusNotFound)
		return
	case err != nil:
		s.log.Error("page could not be made", "error", err)
		http.Error(w, "githubtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, view); err != nil {
		s.log.Error("page could not be written", "error", err)
		http.Error(w, "githubtest: the page could not be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if s.refresh > 0 {
		h.Set("Refresh", strconv.Itoa(max(1, int(s.refresh/time.Second))))
	}
	_, _ = w.Write(b.Bytes())
}

// view is what a page shows, and the name of its template.
func (s *Server) view(path string) (string, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if path == "/" {
		return "home", s.viewHome(), nil
	}
	parts := strings.SplitN(strings.Trim(path, "/"), "/", 5)
	if len(parts) < 2 {
		return "", nil, notFound()
	}
	r := s.repos[strings.ToLower(parts[0]+"/"+parts[1])]
	if r == nil || r.private {
		return "", nil, notFound()
	}
	if err := s.look(r, nil); err != nil {
		return "", nil, err
	}
	kind := ""
	if len(parts) > 3 {
		kind = parts[2]
	}
	switch {
	case len(parts) == 2:
		return "repo", s.viewRepo(r), nil
	case len(parts) == 4 && (kind == "pull" || kind == "issues"):
		number, err := strconv.Atoi(parts[3])
		if err != nil {
			return "", nil, notFound()
		}
		i, err := r.issue(number)
		if err != nil {
			return "", nil, err
		}
		v, err := s.viewIssue(r, i)
		return "issue", v, err
	case len(parts) == 4 && kind == "commit":
		v, err := r.viewCommit(parts[3])
		return "commit", v, err
	case len(parts) == 5 && kind == "blob":
		v, err := r.viewBlob(parts[3], parts[4])
		return "blob", v, err
	default:
		return "", nil, notFound()
	}
}
