package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	requestID = "X-Github-Request-Id"
	// maxBody is the size of an answer in bytes above which it is not read. A page
	// of a hundred pull requests has about 2 MB.
	maxBody = 16 << 20
	// maxTries is how often a request is sent in all.
	maxTries = 4
	// firstPause is how long to wait before the second try; it doubles each time.
	firstPause = 500 * time.Millisecond
)

// patient sends requests within GitHub's limits and tries again what failed:
// whatever a limit refused, since it was not carried out, and what may be carried
// out twice without harm when the answer is lost or is a server's error.
//
// It reads each answer to its end, so that the timeout covers all of it. go-github
// has a rate-limit logic of its own, which misses every 429 and reads the wall
// clock; it gets to see no limit, neither in errors nor in headers.
type patient struct {
	next              http.RoundTripper
	budget            *budget
	timeout, patience time.Duration
	log               *slog.Logger
}

func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	ctx, left := req.Context(), p.patience
	for try := 1; ; try++ {
		if err := p.budget.admit(ctx, req.Method, &left); err != nil {
			return nil, err
		}
		resp, err := p.once(req)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		pause, again := backoff(try), false
		switch {
		case err != nil:
			var auth *authError
			again = repeatable(req.Method) && !errors.As(err, &auth)
			if !again || try == maxTries {
				return nil, err
			}
		case resp.StatusCode < 400:
			return resp, nil
		default:
			limit := readLimit(resp, p.budget.now(), try)
			if limit != nil {
				p.budget.hold(*limit)
				p.log.Warn("GitHub takes no requests for a while", "until", limit.Until, "reason", limit.Why, "request_id", limit.RequestID)
				if try == maxTries {
					return nil, limit
				}
				continue // admit waits, or gives up
			}
			again = repeatable(req.Method) && resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
			if !again || try == maxTries {
				return resp, nil
			}
		}
		p.log.Debug("GitHub is asked again", "method", req.Method, "path", req.URL.Path, "try", try, "pause", pause)
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// once sends a request and reads the whole answer.
func (p *patient) once(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), p.timeout)
	defer cancel()
	out := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("read body of request: %w", err)
		}
		out.Body = body
	}
	resp, err := p.next.RoundTrip(out)
	if err != nil {
		if ctx.Err() != nil && req.Context().Err() == nil {
			return nil, fmt.Errorf("no answer within %s", p.timeout)
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil && ctx.Err() != nil && req.Context().Err() == nil:
		return nil, fmt.Errorf("no whole answer within %s (request %s)", p.timeout, resp.Header.Get(requestID))
	case err != nil:
		return nil, fmt.Errorf("read answer of request %s: %w", resp.Header.Get(requestID), err)
	case len(body) > maxBody:
		return nil, fmt.Errorf("the answer has more than %d bytes (request %s)", maxBody, resp.Header.Get(requestID))
	}
	p.budget.learn(resp.Header)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// repeatable says whether a request may be carried out twice. Only POST makes
// something new.
func repeatable(method string) bool { return method != http.MethodPost }

// backoff is how long to wait before another try: between half and all of a time
// that doubles, so that those who failed together do not come back together.
func backoff(try int) time.Duration {
	d := firstPause << min(try-1, 10)
	return d/2 + rand.N(d/2) //nolint:gosec // jitter is no secret
}

// body returns what an answer says without using it up.
func body(resp *http.Response) []byte {
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return data
}

// mentionsLimit recognises a secondary limit by its text, since it comes with 403
// and not always with a header.
func mentionsLimit(resp *http.Response) bool {
	text := strings.ToLower(string(body(resp)))
	return strings.Contains(text, "secondary rate limit") || strings.Contains(text, "abuse detection") ||
		strings.Contains(text, "secondary-rate-limits") || strings.Contains(text, "abuse-rate-limits")
}
