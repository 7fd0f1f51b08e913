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
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// errTooLarge tells that a server sent more than it may.
var errTooLarge = errors.New("the answer is larger than allowed")

// remote opens sessions to the repository's server.
type remote struct {
	cfg      *Config
	scheme   scheme
	endpoint *transport.Endpoint
	client   transport.Transport
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
		r.client = githttp.NewClientWithOptions(client, &githttp.ClientOptions{RedirectPolicy: githttp.NoFollowRedirects})
	case schemeSSH:
		if cfg.SSHKey == "" || cfg.KnownHosts == "" {
			return nil, errors.New("configure git: SSH needs a private key and a known_hosts file")
		}
		r.client = gitssh.NewClient(nil)
	case schemeFile:
		r.client = file.NewClient(transport.UploadPackServiceName, transport.ReceivePackServiceName)
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
	return &http.Client{
		Transport: limited{t, cfg.Limits.Bytes},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the server redirects; name the address that it redirects to")
		},
	}, nil
}

// session opens a session with fresh credentials.
func (r *remote) session() (transport.UploadPackSession, error) {
	auth, err := r.auth()
	if err != nil {
		return nil, err
	}
	s, err := r.client.NewUploadPackSession(r.endpoint, auth)
	if err != nil {
		return nil, r.clean("open git session", err)
	}
	return s, nil
}

func (r *remote) auth() (transport.AuthMethod, error) {
	switch r.scheme {
	case schemeHTTPS, schemeHTTP:
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
		return &githttp.BasicAuth{Username: user, Password: token}, nil
	case schemeSSH:
		return r.sshAuth()
	default:
		return nil, nil
	}
}

func (r *remote) sshAuth() (transport.AuthMethod, error) {
	key, err := os.ReadFile(r.cfg.SSHKey)
	if err != nil {
		return nil, fmt.Errorf("read SSH key: %w", err)
	}
	user := r.endpoint.User
	if user == "" {
		user = "git"
	}
	keys, err := gitssh.NewPublicKeys(user, key, "")
	if err != nil {
		return nil, fmt.Errorf("read SSH key %s: it cannot be used; it must be a private key without a passphrase", r.cfg.SSHKey)
	}
	check, err := gitssh.NewKnownHostsCallback(r.cfg.KnownHosts)
	if err != nil {
		return nil, fmt.Errorf("read known hosts %s: %w", r.cfg.KnownHosts, err)
	}
	keys.HostKeyCallback = check
	return keys, nil
}

// clean words an error of the transport for people. The text of go-git's errors
// may hold the URL, so the known ones are worded anew and of the others only the
// innermost is kept.
func (r *remote) clean(doing string, err error) error {
	where := redact(r.cfg.URL)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: %s did not answer in time: %w", doing, where, context.DeadlineExceeded)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("%s: %s: %w", doing, where, errTooLarge)
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%s: %s does not accept the credentials", doing, where)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%s: there is no repository at %s, or the credentials may not read it", doing, where)
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return fmt.Errorf("%s: the repository at %s is empty", doing, where)
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return fmt.Errorf("%s: %s: %s", doing, where, r.withoutSecrets(err.Error()))
}

// withoutSecrets makes sure that no credential is in a text.
func (r *remote) withoutSecrets(s string) string {
	if r.cfg.Token != nil {
		if token, err := r.cfg.Token(); err == nil && token != "" {
			s = replaceAll(s, token, "***")
		}
	}
	return replaceAll(s, r.cfg.URL, redact(r.cfg.URL))
}

// limited bounds what one answer may be.
type limited struct {
	next  http.RoundTripper
	bytes int64
}

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(req)
	if err == nil {
		res.Body = &limitedBody{ReadCloser: res.Body, left: l.bytes}
	}
	return res, err
}

type limitedBody struct {
	io.ReadCloser
	left int64
	over atomic.Bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.over.Store(true)
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
