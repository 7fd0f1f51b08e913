package githubtest

import (
	"net/http"
	"strings"
)

func badCredentials() error {
	return &Error{Status: http.StatusUnauthorized, Message: "Bad credentials"}
}

// authenticate says who asks; nil is nobody in particular.
func (s *Server) authenticate(req *http.Request) (*actor, error) {
	secret := ""
	if _, password, ok := req.BasicAuth(); ok {
		secret = password
	} else if scheme, rest, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token")) {
		secret = strings.TrimSpace(rest)
	} else if req.Header.Get("Authorization") == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Count(secret, ".") == 2 {
		return s.appActor(secret)
	}
	a := s.tokens[secret]
	if a == nil || (!a.expires.IsZero() && !s.now().Before(a.expires)) {
		return nil, badCredentials()
	}
	return a, nil
}
