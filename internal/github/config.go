package github

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v62/github"
)

// Config says which repository is spoken for, and how it is reached.
type Config struct {
	// BaseURL is the address of a GitHub Enterprise Server, as in
	// https://github.example.com. Empty means github.com.
	BaseURL string
	// Owner and Repo name the repository: acme and fleet.
	Owner, Repo string
	// Token returns the token to use. It is asked before every request, so that a
	// token can be changed while the service runs. Set it or App.
	Token func() (string, error)
	// App makes the client act as an installation of a GitHub App.
	App *App
	// Login is the client's own account. Empty means to ask GitHub, which does not
	// tell those that have the token of a workflow.
	Login string
	// CA holds certificates in PEM form that are trusted besides the system's.
	CA []byte
	// Transport carries the requests; nil means a transport of its own, which
	// honours CA and the proxy settings of the environment.
	Transport http.RoundTripper
	// Timeout ends a single request, its answer's body included; zero means 20
	// seconds.
	Timeout time.Duration
	// Patience is how long a call waits in all for a limit to pass before it fails
	// with a [LimitError]; zero means 20 seconds.
	Patience time.Duration
	// Pause is how long to wait before a request that failed is sent again; it
	// doubles each time. Zero means half a second.
	Pause time.Duration
	// Now is the clock.
	Now func() time.Time
	// Log receives what was tried again; nil discards it.
	Log *slog.Logger
}

// App is a GitHub App that is installed on the account of the repository.
type App struct {
	ID, InstallationID int64
	// PrivateKey returns the app's key in PEM form. It is asked before every
	// request, so that a key can be changed while the service runs.
	PrivateKey func() ([]byte, error)
}

// Client speaks with GitHub about one repository. It is safe for concurrent use.
type Client struct {
	api         *gh.Client
	owner, repo string
	now         func() time.Time
	budget      *budget
	app         bool
	gitToken    func(context.Context) (string, error)

	mu     sync.Mutex // guards everything below
	login  string
	number int64 // of the repository
	living map[living]int64

	writing sync.Mutex // held while something is found or made, so that it is made once
}

// New makes a client. It does not speak with GitHub yet.
func New(cfg Config) (*Client, error) {
	c, err := newClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("configure GitHub: %w", err)
	}
	return c, nil
}

func newClient(cfg Config) (*Client, error) {
	switch {
	case cfg.Now == nil:
		return nil, errors.New("no clock")
	case cfg.Owner == "" || cfg.Repo == "" || strings.ContainsAny(cfg.Owner+cfg.Repo, "/?#%"):
		return nil, fmt.Errorf("%q is no repository: write it as owner/name", cfg.Owner+"/"+cfg.Repo)
	case (cfg.Token == nil) == (cfg.App == nil):
		return nil, errors.New("give either a token or a GitHub App")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 20 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 20 * time.Second
	}
	if cfg.Pause <= 0 {
		cfg.Pause = 500 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	base := cfg.Transport
	if base == nil {
		var err error
		if base, err = transport(cfg.CA); err != nil {
			return nil, err
		}
	}
	api := gh.NewClient(nil)
	if !public(cfg.BaseURL) {
		if err := checkAddress(cfg.BaseURL); err != nil {
			return nil, err
		}
		var err error
		if api, err = api.WithEnterpriseURLs(cfg.BaseURL, cfg.BaseURL); err != nil {
			return nil, fmt.Errorf("read address: %w", err)
		}
	}
	auth, err := authenticated(&cfg, base, api.BaseURL)
	if err != nil {
		return nil, err
	}
	budget := newBudget(cfg.Now)
	chain := http.RoundTripper(&patient{
		next: auth, budget: budget, timeout: cfg.Timeout, patience: cfg.Patience, pause: cfg.Pause, log: cfg.Log,
	})
	chain = &conditional{next: chain, budget: budget, answers: newAnswers(maxAnswers)}
	client := gh.NewClient(&http.Client{Transport: chain, CheckRedirect: sameHost})
	client.BaseURL, client.UploadURL = api.BaseURL, api.UploadURL
	client.UserAgent = "wavegate"
	return &Client{
		api: client, owner: cfg.Owner, repo: cfg.Repo, now: cfg.Now, budget: budget,
		app: cfg.App != nil, login: cfg.Login, living: map[living]int64{}, gitToken: gitToken(&cfg, auth),
	}, nil
}

// gitToken is what git fetches with: the token, or that of the app's installation.
func gitToken(cfg *Config, auth http.RoundTripper) func(context.Context) (string, error) {
	if a, ok := auth.(*apps); ok {
		return a.token
	}
	return func(context.Context) (string, error) { return cfg.Token() }
}

// GitToken returns the token with which git may fetch the repository now. That of
// an app lasts for an hour, and is asked for anew when it runs out.
func (c *Client) GitToken(ctx context.Context) (string, error) { return c.gitToken(ctx) }

// transport is the one that requests end in.
func transport(ca []byte) (http.RoundTripper, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          8,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	if len(ca) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("the CA bundle holds no certificate: give it in PEM form")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// public says whether an address is that of github.com, whose API has a host of its
// own.
func public(address string) bool {
	switch strings.TrimRight(address, "/") {
	case "", "https://github.com", "https://www.github.com", "https://api.github.com":
		return true
	default:
		return false
	}
}

// checkAddress refuses addresses over which a token must not travel.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("the base address is no URL: write it as https://github.example.com")
	}
	if u.User != nil {
		return errors.New("the base address contains a user or a password: give the token by itself")
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	if u.Scheme != "https" && (u.Scheme != "http" || !here) {
		return fmt.Errorf("the base address begins with %s://: a token travels by https alone", u.Scheme)
	}
	return nil
}

// sameHost follows a redirect, as those of a repository that was renamed, unless
// it leads to another machine.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("redirected too often")
	}
	if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("redirected to another host, %s", req.URL.Host)
	}
	return nil
}
