package githubtest

import "slices"

// Request is a request that the API has answered.
type Request struct {
	// ID is the answer's X-GitHub-Request-Id.
	ID     string
	Method string
	// Path is below /api/v3, as it was sent.
	Path  string
	Query string
	// Operation is the path in GitHub's document, as in
	// /repos/{owner}/{repo}/pulls; "" when there is none.
	Operation string
	// User is the login of who asked; "" for nobody.
	User string
	Body []byte
	// Status is that of the answer.
	Status int
	// Fault says that a fault spoiled the answer.
	Fault bool
}

// maxSeen is how many requests are remembered.
const maxSeen = 10_000

// remember adds a request to the log, which forgets the oldest ones.
func (s *Server) remember(r Request) {
	s.seen = append(s.seen, r)
	if len(s.seen) > maxSeen {
		s.seen = slices.Clone(s.seen[maxSeen/2:])
	}
}

// Requests returns what was asked so far, in the order of the answers. A server
// that runs for long remembers only the last thousands.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Count returns how many requests there were of a method, "" for any, to an
// operation of GitHub's document, /repos/{owner}/{repo}/pulls for instance,
// "" for any.
func (s *Server) Count(method, operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.seen {
		if (method == "" || r.Method == method) && (operation == "" || r.Operation == operation) {
			n++
		}
	}
	return n
}

// Forget empties the log of requests.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
}
