package githubtest

import "net/http"

func (s *Server) servePage(w http.ResponseWriter, req *http.Request) {
	http.NotFound(w, req)
}
