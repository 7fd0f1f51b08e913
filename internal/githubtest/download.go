package githubtest

import (
	"net/http"
	"path"
	"strings"
)

// serveRaw serves a file as it is, owner/name/raw/commit/path, to everybody who
// may read the repository. It says whether the path is that of a file.
func (s *Server) serveRaw(w http.ResponseWriter, req *http.Request) bool {
	parts := strings.SplitN(strings.TrimPrefix(req.URL.Path, "/"), "/", 5)
	if len(parts) != 5 || parts[2] != "raw" {
		return false
	}
	who, err := s.authenticate(req)
	if err != nil {
		http.Error(w, "Bad credentials", http.StatusUnauthorized)
		return true
	}
	data, err := s.file(who, parts[0]+"/"+parts[1], parts[3], parts[4])
	if err != nil {
		http.Error(w, "404: Not Found", http.StatusNotFound)
		return true
	}
	// Always text: a file of a repository never becomes a page of this server.
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(data)
	return true
}

func (s *Server) file(who *actor, name, commit, file string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.repos[strings.ToLower(name)]
	if r == nil {
		return nil, notFound()
	}
	if err := r.need(who, Read); err != nil {
		return nil, err
	}
	if err := s.look(r, nil); err != nil {
		return nil, err
	}
	sha, err := r.resolve(commit)
	if err != nil {
		return nil, err
	}
	e, err := r.contents(sha, path.Clean(file))
	if err != nil {
		return nil, err
	}
	return r.content(e.sha)
}
