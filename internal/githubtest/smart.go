package githubtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"path/filepath"
	"strings"
)

// maxPush is the size of the largest push, in bytes.
const maxPush = 256 << 20

// serveGit serves a repository to git. Fetches run side by side; a push is read
// to its end and then carried out like any other request, so that everybody who
// asks afterwards finds the pull requests where the branches are, and knows who
// has moved them.
func (s *Server) serveGit(w http.ResponseWriter, req *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), ".git/")
	who, err := s.authenticate(req)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		http.Error(w, "Invalid username or token.", http.StatusUnauthorized)
		return
	}
	push := rest == "git-receive-pack" || req.URL.Query().Get("service") == "git-receive-pack"
	r, env, err := s.enter(name, who, push)
	if err != nil {
		if who == nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			http.Error(w, "Authentication required.", http.StatusUnauthorized)
			return
		}
		out := failure(err, http.Header{})
		http.Error(w, "Permission to "+name+".git denied to "+who.user.login+".", out.status)
		return
	}
	backend := &cgi.Handler{
		Path: s.backend, Dir: filepath.Dir(r.dir), InheritEnv: []string{"PATH"},
		Env: append(r.env(), env...), Stderr: io.Discard,
	}
	// CGI wants to know how long a body is, which a large one does not say before.
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxPush))
	if err != nil {
		http.Error(w, "The push is too large.", http.StatusRequestEntityTooLarge)
		return
	}
	if rest != "git-receive-pack" {
		s.cgi(backend, w, req, r, rest, body)
		return
	}
	rec := httptest.NewRecorder()
	s.mu.Lock()
	err = s.look(r, nil) // what was moved before this push is not its doing
	if err == nil {
		s.cgi(backend, rec, req, r, rest, body)
		err = s.look(r, who.user)
	}
	s.mu.Unlock()
	if err != nil {
		s.log.Error("push could not be followed", "repository", r.full(), "error", err)
		http.Error(w, "githubtest: "+err.Error(), http.StatusInternalServerError)
		return
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// enter finds a repository for somebody who fetches or pushes.
func (s *Server) enter(name string, who *actor, push bool) (*repo, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.repos[strings.ToLower(name)]
	if r == nil {
		return nil, nil, notFound()
	}
	need := Read
	if push {
		need = Write
	}
	if err := r.need(who, need); err != nil {
		return nil, nil, err
	}
	if !push {
		return r, nil, nil
	}
	closed, straight := r.pushable(who)
	sig := who.user.signature(s.now())
	return r, append(
		sig.env("COMMITTER"), "GITHUBTEST_CLOSED="+strings.Join(closed, " "), "GITHUBTEST_STRAIGHT="+strings.Join(straight, " "),
		"REMOTE_USER="+who.user.login,
	), nil
}

// cgi lets git answer a request whose body was read.
func (s *Server) cgi(backend *cgi.Handler, w http.ResponseWriter, req *http.Request, r *repo, rest string, body []byte) {
	// git takes the repository from GIT_DIR; the path only says what is asked.
	backend.Env = append(backend.Env, "GIT_PROJECT_ROOT="+filepath.Dir(r.dir), "GIT_HTTP_EXPORT_ALL=1")
	inner := req.Clone(req.Context())
	inner.URL.Path = "/" + filepath.Base(r.dir) + "/" + rest
	inner.Header.Del("Authorization")
	inner.Body, inner.ContentLength, inner.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	backend.ServeHTTP(w, inner)
}
