package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// ErrNotRunning tells that no service answers at a socket.
var ErrNotRunning = errors.New("no service is running")

// maxSnapshot bounds what is read from the service.
const maxSnapshot = 1 << 30

// Hurry asks the running service for its next cycle at once.
func Hurry(ctx context.Context, socket string) error {
	res, err := request(ctx, socket, http.MethodPost, "/api/v1/hurry")
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	return nil
}

// Fetch asks the running service what its last cycle saw.
func Fetch(ctx context.Context, socket string) (*Snapshot, error) {
	res, err := request(ctx, socket, http.MethodGet, "/api/v1/snapshot")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var s Snapshot
	if err := json.NewDecoder(io.LimitReader(res.Body, maxSnapshot)).Decode(&s); err != nil {
		return nil, fmt.Errorf("read answer of service: %w", err)
	}
	if s.At.IsZero() || s.State == nil {
		return nil, errors.New("read answer of service: it is no snapshot; is the service of another version?")
	}
	return &s, nil
}

// PostDrift makes the running service post the drift report at GitHub now. It
// returns where the report is, or why there is none.
func PostDrift(ctx context.Context, socket string) (said string, err error) {
	res, err := request(ctx, socket, http.MethodPost, "/api/v1/drift/post")
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1000))
	if err != nil {
		return "", fmt.Errorf("read answer of service: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// request sends a request to the running service. The answer is fine, and its body is to
// be closed.
func request(ctx context.Context, socket, method, path string) (*http.Response, error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the service sends nobody elsewhere
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://wavegate"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask service: %w", err)
	}
	res, err := client.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNotRunning
	case err != nil:
		return nil, fmt.Errorf("ask service: %w", explain(err))
	case res.StatusCode/100 != 2:
		defer func() { _ = res.Body.Close() }()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return nil, fmt.Errorf("ask service: status %d: %s", res.StatusCode, strings.TrimSpace(string(text)))
	}
	return res, nil
}
