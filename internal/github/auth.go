package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"
)

// authenticated adds who asks to every request.
func authenticated(cfg *Config, next http.RoundTripper, base *url.URL) (http.RoundTripper, error) {
	if cfg.App == nil {
		return &tokens{next: next, base: base, token: cfg.Token}, nil
	}
	if cfg.App.ID <= 0 || cfg.App.InstallationID <= 0 || cfg.App.PrivateKey == nil {
		return nil, errors.New("a GitHub App needs its id, the id of its installation and its private key")
	}
	return &apps{next: next, base: base, app: *cfg.App}, nil
}

// checkHost makes sure that no secret is sent to anybody but the configured host.
func checkHost(req *http.Request, base *url.URL) error {
	if req.URL.Host != base.Host || req.URL.Scheme != base.Scheme {
		return fmt.Errorf("%s is not %s, whose credentials these are", req.URL.Host, base.Host)
	}
	return nil
}

// tokens adds a token to every request.
type tokens struct {
	next  http.RoundTripper
	base  *url.URL
	token func() (string, error)
}

func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkHost(req, t.base); err != nil {
		return nil, err
	}
	token, err := t.token()
	if err != nil {
		return nil, &authError{fmt.Errorf("read token: %w", err)}
	}
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return nil, &authError{errors.New("read token: it is empty or has blanks in it")}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.next.RoundTrip(req)
}

// apps makes requests as an installation of an app. The token of an installation
// lasts an hour; ghinstallation renews it.
type apps struct {
	next http.RoundTripper
	base *url.URL
	app  App

	mu   sync.Mutex
	key  []byte
	self *ghinstallation.AppsTransport
	with *ghinstallation.Transport
}

func (a *apps) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkHost(req, a.base); err != nil {
		return nil, err
	}
	if req.URL.Path == a.base.Path+"app" { // the only one that the app itself asks
		self, _, err := a.current()
		if err != nil {
			return nil, &authError{err}
		}
		return self.RoundTrip(req.Clone(req.Context()))
	}
	token, err := a.token(req.Context())
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return a.next.RoundTrip(req)
}

// token is the installation's, as long as it lasts.
func (a *apps) token(ctx context.Context) (string, error) {
	_, with, err := a.current()
	if err != nil {
		return "", &authError{err}
	}
	token, err := with.Token(ctx)
	var failed *ghinstallation.HTTPError
	if errors.As(err, &failed) && failed.Response != nil {
		// Its own message says no more than this, and it leaves the body open.
		resp := failed.Response
		_ = resp.Body.Close()
		err = fmt.Errorf("GitHub answered %s (request %s); check the app's id, its installation and its private key",
			resp.Status, resp.Header.Get(requestID))
		if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
			return "", fmt.Errorf("get token of the app's installation: %w", err)
		}
		return "", &authError{fmt.Errorf("get token of the app's installation: %w", err)}
	}
	if err != nil {
		return "", fmt.Errorf("get token of the app's installation: %w", err)
	}
	return token, nil
}

// current are the transports of the app itself and of its installation, for the
// key as it is now.
func (a *apps) current() (*ghinstallation.AppsTransport, *ghinstallation.Transport, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key, err := a.app.PrivateKey()
	if err != nil {
		return nil, nil, fmt.Errorf("read private key of the app: %w", err)
	}
	if a.with != nil && bytes.Equal(key, a.key) {
		return a.self, a.with, nil
	}
	self, err := ghinstallation.NewAppsTransport(a.next, a.app.ID, key)
	if err != nil {
		return nil, nil, errors.New("read private key of the app: it is no RSA key in PEM form")
	}
	self.BaseURL = strings.TrimRight(a.base.String(), "/")
	a.key, a.self, a.with = bytes.Clone(key), self, ghinstallation.NewFromAppsTransport(self, a.app.InstallationID)
	return a.self, a.with, nil
}

// authError says that there is nothing to authenticate with. Trying again at
// once does not help.
type authError struct{ err error }

func (e *authError) Error() string { return e.err.Error() }
func (e *authError) Unwrap() error { return e.err }
