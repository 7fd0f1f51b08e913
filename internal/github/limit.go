package github

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// unnamedPause is how long to wait when GitHub does not say, as it asks for.
	unnamedPause = time.Minute
	// maxPause bounds what an answer can ask for. The longest of GitHub's own
	// limits, that of an hour, has passed by then.
	maxPause = 65 * time.Minute
)

// readLimit says whether an answer means that a limit is reached, and when it
// passes. A 403 for want of permission is none.
func readLimit(resp *http.Response, now time.Time, try int) *LimitError {
	spent := resp.Header.Get("X-Ratelimit-Remaining") == "0"
	after := strings.TrimSpace(resp.Header.Get("Retry-After"))
	out := &LimitError{RequestID: resp.Header.Get(requestID)}
	switch {
	case resp.StatusCode == http.StatusForbidden && spent:
		out.Why = "GitHub's budget of requests for this hour is spent"
	case resp.StatusCode == http.StatusTooManyRequests,
		resp.StatusCode == http.StatusForbidden && (after != "" || mentionsLimit(resp)):
		out.Why = "GitHub refuses so many requests in a short time"
	default:
		return nil
	}
	wait := retryAfter(after, now)
	if wait <= 0 && spent {
		if reset, err := strconv.ParseInt(resp.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			wait = min(time.Unix(reset, 0).Sub(now), maxPause) + time.Second
		}
	}
	if wait <= 0 {
		wait = unnamedPause << min(try-1, 4)
	}
	out.Until = now.Add(min(wait, maxPause))
	return out
}

// retryAfter reads the header of that name, which holds seconds or a date; zero
// or less when it says nothing that can be used.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(maxPause/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return at.Sub(now)
	}
	return 0
}
