package datadog

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Config is what [New] needs.
type Config struct {
	// Site is the Datadog site, as in datadoghq.eu; datadoghq.com without it.
	Site string
	// BaseURL takes the place of https://api.SITE. It has to be https, except
	// on this machine.
	BaseURL string
	// AppURL is where links to monitors lead; the web address of the site
	// without it.
	AppURL string
	// APIKey and AppKey return the keys. They are called for each poll, so that
	// a key that was replaced is used at once; see [KeyFile].
	APIKey, AppKey func() (string, error)

	// HTTPClient makes the calls. Without it a client is made that uses Proxy
	// (without one, the environment's) and trusts CA (without it, the
	// machine's). Redirects are never followed: they would carry the keys away.
	HTTPClient *http.Client
	Proxy      *url.URL
	CA         *x509.CertPool

	// Interval is how long after a poll began the next one does; 15s without
	// it. Failing polls wait longer, up to 2m.
	Interval time.Duration
	// MinGap is the least time from the end of a poll to the next one, however
	// often somebody pokes; 1s without it.
	MinGap time.Duration
	// Timeout is how long one call may take; 20s without it.
	Timeout time.Duration
	// PerPage is how many groups are asked for at once; 200 without it. Datadog
	// may give fewer.
	PerPage int

	// Now is the clock. It must be set.
	Now func() time.Time
	// Rand returns numbers from 0 to 1, for the jitter of waits. Without it
	// math/rand is used.
	Rand func() float64
	// Logger takes failures that no caller sees. It must be set.
	Logger *slog.Logger
	// Changed is called as soon as a query of Run's polls has another answer than
	// before, or can no longer or again be read: this is the moment for a cycle.
	// It must not block. It may be nil.
	Changed func()
}

var siteName = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// complete fills in what was left out and says what is wrong.
func (c *Config) complete() error {
	if c.Now == nil || c.Logger == nil || c.APIKey == nil || c.AppKey == nil {
		return errors.New("configure datadog: Now, Logger, APIKey and AppKey must be set")
	}
	if c.Interval < 0 || c.MinGap < 0 || c.Timeout < 0 || c.PerPage < 0 {
		return errors.New("configure datadog: Interval, MinGap, Timeout and PerPage must not be negative")
	}
	if max(c.Interval, c.MinGap, c.Timeout) > time.Hour {
		return errors.New("configure datadog: Interval, MinGap and Timeout must not be longer than an hour; no monitor would be read in time")
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	setDefault(&c.Site, "datadoghq.com")
	setDefault(&c.Interval, 15*time.Second)
	setDefault(&c.MinGap, time.Second)
	setDefault(&c.Timeout, 20*time.Second)
	setDefault(&c.PerPage, 200)
	if !siteName.MatchString(c.Site) {
		return fmt.Errorf("configure datadog: %q is not a site; write for example datadoghq.eu", c.Site)
	}
	setDefault(&c.BaseURL, "https://api."+c.Site)
	setDefault(&c.AppURL, "https://"+webHost(c.Site))
	if err := checkURL(c.BaseURL); err != nil {
		return fmt.Errorf("configure datadog: base URL: %w", err)
	}
	if err := checkURL(c.AppURL); err != nil {
		return fmt.Errorf("configure datadog: app URL: %w", err)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.AppURL = strings.TrimRight(c.AppURL, "/")
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// webHost is the host of a site's pages: the oldest site of a region has the
// prefix app, the others have their own names.
func webHost(site string) string {
	switch site {
	case "datadoghq.com", "datadoghq.eu", "ddog-gov.com":
		return "app." + site
	default:
		return site
	}
}

// checkURL accepts an address that keeps keys secret. Its errors do not repeat
// the address, which may hold a password.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("it is not a URL")
	case u.User != nil:
		return errors.New("it must not hold a user or password")
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("it must be scheme, host and at most a path")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLocal(u.Hostname()):
		return nil
	default:
		return errors.New("it must begin with https://, or the keys could be read on the way")
	}
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
