package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Endpoint says how a server is asked.
type Endpoint struct {
	// Name is how messages call the server, such as "eu". It must be unique.
	Name string
	// URL is its address, with the path before /api when there is one:
	// https://prometheus.example.com. Credentials do not belong into it.
	URL string
	// Authorize adds credentials to each request. Nothing is added when it is
	// nil.
	Authorize Authorize
	// Client sends the requests; [NewClient] makes one. When it is nil, the one
	// of [Config] does.
	Client *http.Client
	// Products are the products whose monitors this server knows. Empty means
	// all.
	Products []string
}

// serves reports whether the server knows the monitors of a product.
func (e *Endpoint) serves(product string) bool {
	return len(e.Products) == 0 || slices.Contains(e.Products, product)
}

// check returns what is wrong with the endpoint.
func (e *Endpoint) check() error {
	if e.Name == "" || clip(e.Name, 60) != e.Name {
		return fmt.Errorf("the name %q is empty, longer than 60 bytes or not printable", e.Name)
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil:
		// The parser's error repeats the address, which may hold a password.
		return fmt.Errorf("%s: the address is not a URL", e.Name)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("%s: the address is not an http or https URL", e.Name)
	case u.User != nil:
		return fmt.Errorf("%s: the address holds a user; give credentials by a file instead", e.Name)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s: the address holds a query or a fragment; leave it out", e.Name)
	}
	return nil
}

// statusError is an answer other than 200.
type statusError struct {
	code  int
	text  string
	after time.Duration // the server asks not to be asked before
}

func (e *statusError) Error() string {
	s := fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
	if e.text != "" {
		s += ": " + e.text
	}
	switch e.code {
	case http.StatusUnauthorized, http.StatusForbidden:
		s += "; check the credentials"
	case http.StatusNotFound:
		s += "; check the address, with the path before /api"
	}
	return s
}

// asker sends requests to one server.
type asker struct {
	endpoint Endpoint
	base     string // without a slash at its end
	client   *http.Client
	timeout  time.Duration
	maxBody  int64
	now      func() time.Time
}

func newAsker(e Endpoint, cfg *Config) asker {
	client := e.Client
	if client == nil {
		client = cfg.Client
	}
	own := *client
	own.CheckRedirect = refuseRedirects
	own.Jar = nil
	return asker{
		endpoint: e, base: strings.TrimRight(e.URL, "/"), client: &own,
		timeout: cfg.Timeout, maxBody: cfg.MaxBody, now: cfg.Now,
	}
}

// get returns the body of the answer to a GET request. Errors hold neither the
// address nor credentials.
func (a *asker) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, errors.New("build request: the address is not a URL")
	}
	if a.endpoint.Authorize != nil {
		if err := a.endpoint.Authorize(req); err != nil {
			return nil, fmt.Errorf("authorize request: %w", err)
		}
	}
	secrets := secretsOf(req)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "wavegate")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, a.explain(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, a.refusal(resp, secrets)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, a.maxBody+1))
	switch {
	case err != nil:
		return nil, a.explain(ctx, err)
	case int64(len(body)) > a.maxBody:
		return nil, fmt.Errorf("read answer: it is larger than %d bytes", a.maxBody)
	}
	return body, nil
}

// explain makes an error of the HTTP client fit for people: without the
// address, and with the time limit that was reached.
func (a *asker) explain(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", a.timeout)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("ask server: %w", err)
}

// maxRefusal is how much of an error's body is read, in bytes.
const maxRefusal = 64 << 10

// refusal turns an answer that is not 200 into an error. Only the message of
// Prometheus's own error format is repeated: a page of a proxy may hold
// anything.
func (a *asker) refusal(resp *http.Response, secrets []string) error {
	out := &statusError{code: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"), a.now())}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	var e envelope
	if err != nil || json.Unmarshal(body, &e) != nil {
		return out // the status alone says enough
	}
	for _, s := range secrets {
		e.Error = strings.ReplaceAll(e.Error, s, "(secret)")
	}
	out.text = clip(e.Error, 200)
	return out
}

// secretsOf returns what no message about a request may repeat.
func secretsOf(r *http.Request) []string {
	var secrets []string
	for _, values := range r.Header {
		for _, v := range values {
			secrets = append(secrets, v)
			if _, token, ok := strings.Cut(v, " "); ok && token != "" {
				secrets = append(secrets, token)
			}
		}
	}
	if _, password, ok := r.BasicAuth(); ok && password != "" {
		secrets = append(secrets, password)
	}
	return slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
}

// maxRetryAfter bounds how long a server may ask to be left alone.
const maxRetryAfter = 5 * time.Minute

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(v string, now time.Time) time.Duration {
	var after time.Duration
	if d, err := time.ParseDuration(v + "s"); err == nil {
		after = d
	} else if at, err := http.ParseTime(v); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), maxRetryAfter)
}
