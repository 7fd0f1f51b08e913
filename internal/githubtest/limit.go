package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// budget is what somebody has spent of an hour.
type budget struct {
	used   int
	reset  time.Time
	writes []time.Time // in the last minute
}

// budget finds what somebody has spent; a new hour begins with nothing.
func (s *Server) budget(a *actor) (b *budget, limit int) {
	key, limit := "", 60
	if a != nil {
		key, limit = a.user.login, s.limit
	}
	b = s.spent[key]
	if b == nil || !s.now().Before(b.reset) {
		var writes []time.Time
		if b != nil {
			writes = b.writes
		}
		b = &budget{writes: writes, reset: s.now().Add(time.Hour).Truncate(time.Second)}
		s.spent[key] = b
	}
	return b, limit
}

// spend takes one request from somebody's hour, or refuses it.
func (s *Server) spend(a *actor, method, template string, header http.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, limit := s.budget(a)
	defer func() { b.write(limit, header) }()
	if template == "/rate_limit" {
		return nil
	}
	if b.used >= limit {
		who := "your address"
		if a != nil {
			who = fmt.Sprintf("user ID %d", a.user.id)
		}
		return forbidden("API rate limit exceeded for " + who + ".")
	}
	b.used++
	if s.writes > 0 && method != http.MethodGet {
		return b.note(s.now(), s.writes, header)
	}
	return nil
}

// note counts what changes something, and refuses what is too much for a minute.
func (b *budget) note(now time.Time, limit int, header http.Header) error {
	b.writes = slices.DeleteFunc(b.writes, func(at time.Time) bool { return !at.Add(time.Minute).After(now) })
	if len(b.writes) < limit {
		b.writes = append(b.writes, now)
		return nil
	}
	wait := b.writes[0].Add(time.Minute).Sub(now)
	header.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return &Error{Status: http.StatusForbidden, Message: secondary, Address: secondaryAddress}
}

// refund gives back what a 304 has cost.
func (s *Server) refund(a *actor, header http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, limit := s.budget(a)
	b.used = max(b.used-1, 0)
	b.write(limit, header)
}

func (b *budget) write(limit int, header http.Header) {
	header.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(limit-b.used, 0)))
	header.Set("X-Ratelimit-Used", strconv.Itoa(b.used))
	header.Set("X-Ratelimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	header.Set("X-Ratelimit-Resource", "core")
}

func getRateLimit(c *call) (any, error) {
	b, limit := c.s.budget(c.actor)
	rate := object{"limit": limit, "used": b.used, "remaining": max(limit-b.used, 0), "reset": b.reset.Unix()}
	search := object{"limit": 30, "used": 0, "remaining": 30, "reset": b.reset.Unix()}
	return object{"rate": rate, "resources": object{"core": rate, "search": search}}, nil
}
