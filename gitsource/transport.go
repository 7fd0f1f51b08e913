package gitsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// errTooLarge tells that a server sent more than it may.
var errTooLarge = errors.New("the answer is larger than allowed")

// remote opens sessions to the repository's server.
type remote struct {
	cfg      *Config
	scheme   scheme
	endpoint *transport.Endpoint
	http     transport.Transport

	mu     sync.Mutex
	tokens []string // the last tokens in use, which no message may show
}

func newRemote(cfg *Config) (*remote, error) {
	s, err := schemeOf(cfg)
	if err != nil {
		return nil, err
	}
	ep, err := transport.NewEndpoint(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("configure git: the URL %s cannot be read", redact(cfg.URL))
	}
	r := &remote{cfg: cfg, scheme: s, endpoint: ep}
	switch s {
	case schemeHTTPS, schemeHTTP:
		client, err := httpClient(cfg)
		if err != nil {
			return nil, err
		}
		r.http = githttp.NewClientWithOptions(client, &githttp.ClientOptions{RedirectPolicy: githttp.NoFollowRedirects})
	case schemeSSH:
		if cfg.SSHKey == "" || cfg.KnownHosts == "" {
			return nil, errors.New("configure git: SSH needs a private key and a known_hosts file")
		}
	case schemeFile:
	}
	return r, nil
}

// httpClient reads no more than the limit of one answer, trusts the CA bundle,
// and follows no redirect: a token must not go to another host.
func httpClient(cfg *Config) (*http.Client, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("configure git: unexpected default HTTP transport")
	}
	t := base.Clone()
	t.ResponseHeaderTimeout = time.Minute
	if len(cfg.CABundle) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(cfg.CABundle) {
			return nil, errors.New("configure git: the CA bundle holds no PEM certificate")
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: limited{t, cfg.Limits.Bytes}}, nil
}

// session opens a session with fresh credentials.
func (r *remote) session(ctx context.Context) (session, error) {
	switch r.scheme {
	case schemeSSH:
		return r.sshSession(ctx)
	case schemeFile:
		return localSession(ctx, r.endpoint.Path, r.cfg.Limits.Bytes)
	case schemeHTTPS, schemeHTTP:
	}
	auth, err := r.auth()
	if err != nil {
		return nil, err
	}
	s, err := r.http.NewUploadPackSession(r.endpoint, auth)
	if err != nil {
		return nil, r.clean(ctx, "open git session", err)
	}
	return s, nil
}

// auth returns the credentials for HTTP.
func (r *remote) auth() (transport.AuthMethod, error) {
	if r.cfg.Token == nil {
		return nil, nil
	}
	token, err := r.cfg.Token()
	if err != nil {
		return nil, fmt.Errorf("read git token: %w", err)
	}
	user := r.cfg.User
	if user == "" {
		user = "git"
	}
	auth := &githttp.BasicAuth{Username: user, Password: token}
	r.mu.Lock()
	defer r.mu.Unlock()
	if token != "" && !slices.Contains(r.tokens, token) {
		r.tokens = append(r.tokens[max(0, len(r.tokens)-3):], token)
	}
	return auth, nil
}

// clean words an error of the transport for people. The text of go-git's errors
// may hold the URL, so the known ones are worded anew and of the others only the
// innermost is kept.
func (r *remote) clean(ctx context.Context, doing string, err error) error {
	where := redact(r.cfg.URL)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: %s did not answer in time: %w", doing, where, context.DeadlineExceeded)
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%s: %s does not accept the credentials", doing, where)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%s: there is no repository at %s, or the credentials may not read it", doing, where)
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return fmt.Errorf("%s: the repository at %s is empty: %w", doing, where, errNoBranch)
	case errors.Is(err, errTooLarge), errors.Is(err, errTooMany):
		return fmt.Errorf("%s: %s: %w", doing, where, err)
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return fmt.Errorf("%s: %s: %s", doing, where, r.withoutSecrets(printable(err.Error())))
}

// withoutSecrets makes sure that no credential is in a text.
func (r *remote) withoutSecrets(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, token := range r.tokens {
		s = strings.ReplaceAll(s, token, "***")
	}
	return strings.ReplaceAll(s, r.cfg.URL, redact(r.cfg.URL))
}

// limited bounds what one answer may be, and refuses redirects.
type limited struct {
	next  http.RoundTripper
	bytes int64
}

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if to, err := res.Location(); err == nil && res.StatusCode < http.StatusBadRequest {
		_ = res.Body.Close()
		return nil, fmt.Errorf("the server redirects to %s; a token does not follow there, so name that address itself", redact(to.String()))
	}
	res.Body = &limitedBody{res.Body, l.bytes}
	return res, nil
}

type limitedBody struct {
	io.ReadCloser
	left int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
