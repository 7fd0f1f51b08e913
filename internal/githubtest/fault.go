package githubtest

import (
	"net/http"
	"path"
	"strconv"
	"time"
)

// Fault spoils answers of the API.
type Fault struct {
	// Method of the requests; empty for any.
	Method string
	// Path of the requests: an operation of GitHub's document, as in
	// /repos/{owner}/{repo}/pulls, or a pattern of path.Match for the path below
	// /api/v3. Empty for any.
	Path string
	// Times is how many requests are spoiled; zero for all until it is healed.
	Times int
	// Effect is what happens to them.
	Effect Effect
}

// Effect is how an answer is spoiled.
type Effect interface {
	// before may answer instead of the API, or break the connection.
	before(req *http.Request, s *Server, header http.Header) (out answer, answered, cut bool)
	// after says whether the answer is lost after the API has done its work.
	after(req *http.Request) (cut bool)
}

type fault struct {
	Fault
	left int // how many are still to come; negative for all
}

// Break makes requests fail. The oldest fault that fits a request spoils it.
// heal ends the fault.
func (s *Server) Break(f Fault) (heal func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	broken := &fault{Fault: f, left: f.Times}
	if f.Times == 0 {
		broken.left = -1
	}
	s.faults = append(s.faults, broken)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		broken.left = 0
	}
}

// fault finds the effect that a request suffers, or nil.
func (s *Server) fault(method, template, p string) Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.left == 0 || (f.Method != "" && f.Method != method) {
			continue
		}
		if matched, _ := path.Match(f.Path, p); f.Path != "" && f.Path != template && !matched {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return f.Effect
	}
	return nil
}

// PrimaryLimit says that the hour's requests are used up: 403, or 429, with
// x-ratelimit-remaining 0.
type PrimaryLimit struct {
	// TooMany answers 429 instead of 403.
	TooMany bool
	// Reset is when there are requests again; zero means in an hour.
	Reset time.Time
}

func (e PrimaryLimit) before(_ *http.Request, s *Server, header http.Header) (answer, bool, bool) {
	reset := e.Reset
	if reset.IsZero() {
		reset = s.now().Add(time.Hour)
	}
	b := budget{used: s.limit, reset: reset}
	b.write(s.limit, header)
	out := failure(forbidden("API rate limit exceeded for user ID 1."), header)
	if e.TooMany {
		out.status = http.StatusTooManyRequests
	}
	return out, true, false
}

func (PrimaryLimit) after(*http.Request) bool { return false }

// What GitHub says of too many requests in a short time.
const (
	secondary        = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	secondaryAddress = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
)

// SecondaryLimit says that there were too many requests in a short time: 403.
type SecondaryLimit struct {
	// RetryAfter is how long to wait; zero leaves the header out, and negative
	// values are sent as they are.
	RetryAfter time.Duration
	// Bare leaves out the address of GitHub's explanation, by which some clients
	// tell this limit from a lack of permission.
	Bare bool
	// TooMany answers 429 instead of 403.
	TooMany bool
}

func (e SecondaryLimit) before(_ *http.Request, _ *Server, header http.Header) (answer, bool, bool) {
	if e.RetryAfter != 0 {
		header.Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)))
	}
	body := object{"message": secondary}
	if !e.Bare {
		body["documentation_url"] = secondaryAddress
	}
	out := failure(forbidden(""), header)
	out.body, _ = encode(body)
	if e.TooMany {
		out.status = http.StatusTooManyRequests
	}
	return out, true, false
}

func (SecondaryLimit) after(*http.Request) bool { return false }

// Status is an answer with nothing but a status and a page of HTML, as proxies give.
type Status int

func (e Status) before(_ *http.Request, _ *Server, header http.Header) (answer, bool, bool) {
	header.Set("Content-Type", "text/html")
	return answer{status: int(e), header: header, body: []byte("<html><body>Unicorn!</body></html>")}, true, false
}

func (Status) after(*http.Request) bool { return false }

// Slow is an answer that takes its time. Who gives up earlier changes nothing.
type Slow time.Duration

func (e Slow) before(req *http.Request, s *Server, _ http.Header) (out answer, answered, cut bool) {
	t := time.NewTimer(time.Duration(e))
	defer t.Stop()
	select {
	case <-t.C:
		return answer{}, false, false
	case <-req.Context().Done():
	case <-s.stopped.Done():
	}
	return answer{status: 499}, false, true
}

func (Slow) after(*http.Request) bool { return false }

// Cut breaks the connection, and nothing is done.
type Cut struct{}

func (Cut) before(*http.Request, *Server, http.Header) (answer, bool, bool) {
	return answer{status: 499}, false, true
}

func (Cut) after(*http.Request) bool { return false }

// Lost does what is asked and breaks the connection instead of saying so.
type Lost struct{}

func (Lost) before(*http.Request, *Server, http.Header) (answer, bool, bool) {
	return answer{}, false, false
}

func (Lost) after(*http.Request) bool { return true }
