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

// Fetch asks the running service what its last cycle saw.
func Fetch(ctx context.Context, socket string) (*Snapshot, error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the service sends nobody elsewhere
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://wavegate/api/v1/snapshot", nil)
	if err != nil {
		return nil, fmt.Errorf("ask service: %w", err)
	}
	res, err := client.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNotRunning
	case err != nil:
		return nil, fmt.Errorf("ask service: %w", explain(err))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return nil, fmt.Errorf("ask service: status %d: %s", res.StatusCode, strings.TrimSpace(string(text)))
	}
	var s Snapshot
	if err := json.NewDecoder(io.LimitReader(res.Body, maxSnapshot)).Decode(&s); err != nil {
		return nil, fmt.Errorf("read answer of service: %w", err)
	}
	if s.At.IsZero() || s.State == nil {
		return nil, errors.New("read answer of service: it is no snapshot; is the service of another version?")
	}
	return &s, nil
}
