package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v62/github"
)

// APIError is an answer of GitHub that is an error.
type APIError struct {
	// Status is the answer's status, 404 for instance.
	Status int
	// Message is GitHub's, cut to what fits on a line.
	Message string
	// Method and Path are those of the request.
	Method, Path string
	// RequestID is how GitHub's support finds the request.
	RequestID string
}

// Error says what was asked and what was answered.
func (e *APIError) Error() string {
	text := fmt.Sprintf("GitHub answered %d", e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	text += " (" + e.Method + " " + e.Path
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	return text + ")"
}

// missing says whether an error means that there is no such thing, or that it
// must not be seen: GitHub answers both with 404.
func missing(err error) bool { return status(err) == http.StatusNotFound }

func status(err error) int {
	var e *APIError
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// failed says what could not be done, and why.
func failed(err error, format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, plain(err))...)
}

// plain turns the errors of go-github and net/http into those of this package.
func plain(err error) error {
	var limit *LimitError
	if errors.As(err, &limit) {
		return limit
	}
	var answer *gh.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		out := &APIError{Status: answer.Response.StatusCode, RequestID: answer.Response.Header.Get(requestID), Message: line(answer.Message)}
		if req := answer.Response.Request; req != nil {
			out.Method, out.Path = req.Method, req.URL.Path
		}
		for _, e := range answer.Errors {
			if e.Message != "" {
				out.Message = line(out.Message + "; " + e.Message)
			}
		}
		return out
	}
	// url.Error repeats the method and the whole address.
	var address *url.Error
	if errors.As(err, &address) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return address.Err
		}
		path := address.URL
		if u, bad := url.Parse(address.URL); bad == nil {
			path = u.Path
		}
		return fmt.Errorf("%s %s: %w", strings.ToUpper(address.Op), path, address.Err)
	}
	return err
}

// line cuts a text to one line of readable length.
func line(text string) string {
	const most = 300
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return text
}
