package datadog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

// maxBody is the largest answer that is read, in bytes after decompression. A
// page of 1000 groups is about one megabyte.
const maxBody = 32 << 20

// client makes calls to Datadog within the rate limits. Datadog has one for each
// endpoint.
type client struct {
	cfg     *Config
	v1      *datadogV1.MonitorsApi
	metrics *datadogV1.MetricsApi
	search  limits // of the search for monitor groups
	query   limits // of the query for metrics
}

func newClient(cfg *Config) *client {
	conf := datadog.NewConfiguration()
	conf.UserAgent = "wavegate " + conf.UserAgent
	conf.Servers = datadog.ServerConfigurations{{URL: cfg.BaseURL}}
	conf.HTTPClient = cfg.httpClient()
	conf.RetryConfiguration.EnableRetry = false // limits and Run do it, with the injected clock
	api := datadog.NewAPIClient(conf)
	return &client{
		cfg: cfg, v1: datadogV1.NewMonitorsApi(api), metrics: datadogV1.NewMetricsApi(api),
		search: limits{now: cfg.Now, rand: cfg.Rand},
		query:  limits{now: cfg.Now, rand: cfg.Rand},
	}
}

func (c *Config) httpClient() *http.Client {
	made := &http.Client{}
	if c.HTTPClient != nil {
		*made = *c.HTTPClient
	} else {
		transport := &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 10 * time.Second,
			IdleConnTimeout:     90 * time.Second,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.CA},
		}
		if c.Proxy != nil {
			transport.Proxy = http.ProxyURL(c.Proxy)
		}
		made.Transport = transport
	}
	if made.Transport == nil {
		made.Transport = http.DefaultTransport
	}
	made.Transport = capped{made.Transport}
	// Go takes known secrets out of the headers of a redirect to another host;
	// it does not know Datadog's.
	made.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return made
}

// capped bounds the size of answers.
type capped struct{ base http.RoundTripper }

// RoundTrip makes the call.
func (t capped) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxBody)
	}
	return resp, err
}

// call runs one call when the limit allows it. The call gets a context with the
// keys and the timeout.
func (c *client) call(ctx context.Context, l *limits, do func(context.Context) (*http.Response, error)) error {
	if err := l.wait(ctx); err != nil {
		return err
	}
	k, err := c.cfg.readKeys()
	if err != nil {
		return &callError{blame: thisServer, text: err.Error()}
	}
	signed := context.WithValue(ctx, datadog.ContextAPIKeys, map[string]datadog.APIKey{
		"apiKeyAuth": {Key: k.api}, "appKeyAuth": {Key: k.app},
	})
	signed, cancel := context.WithTimeout(signed, c.cfg.Timeout)
	defer cancel()
	//nolint:bodyclose // the API client has read and closed it
	resp, err := do(signed)
	if resp != nil {
		l.observe(resp.StatusCode, resp.Header)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return c.explain(k, resp, err)
	}
}

// blame says what a failed call tells about other calls.
type blame int

const (
	// anyone: another query may be answered, or not.
	anyone blame = iota
	// thisQuery: another one will be answered.
	thisQuery
	// thisServer: no query will be answered.
	thisServer
)

// callError is a call that failed.
type callError struct {
	blame blame
	text  string
}

func (e *callError) Error() string { return e.text }

func blameOf(err error) blame {
	var called *callError
	switch {
	case errors.As(err, &called):
		return called.blame
	case errors.Is(err, errPages):
		return thisQuery
	default:
		return anyone
	}
}

// explain says in one line what went wrong and what to do.
func (c *client) explain(k keys, resp *http.Response, err error) error {
	var answered datadog.GenericOpenAPIError
	if !errors.As(err, &answered) || resp == nil {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)
		case errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("no answer within %s", c.cfg.Timeout)
		}
		// The URL holds the query, which the reader knows.
		var called *url.Error
		if errors.As(err, &called) {
			err = called.Err
		}
		return errors.New(clean(k.scrub(err.Error()), 300))
	}
	text := http.StatusText(resp.StatusCode)
	if model, ok := answered.ErrorModel.(datadogV1.APIErrorResponse); ok && len(model.Errors) > 0 {
		text = strings.Join(model.Errors, ", ")
	}
	e := &callError{text: fmt.Sprintf("Datadog answers %d: %s", resp.StatusCode, clean(k.scrub(text), 300))}
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.blame = thisServer
		e.text += "; check both keys, the site, and that the application key has monitors_read"
	case status == http.StatusTooManyRequests:
		e.blame = thisServer
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		e.blame = thisQuery
	case status >= 300 && status < 400:
		e.blame = thisServer
		e.text += "; redirects are not followed, set the site or base URL to where it leads"
	case status < 300:
		e.text = "Datadog's answer cannot be understood: it is not the JSON that its API gives"
	}
	return e
}

// clean makes text from outside fit for one line of a message.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return text
}
