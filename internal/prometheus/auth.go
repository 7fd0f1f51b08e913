package prometheus

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Secret returns a secret when it is needed. Its error must not hold the secret.
type Secret func() (string, error)

// maxSecretFile is how large the file of a secret may be, in bytes.
const maxSecretFile = 64 << 10

// SecretFile reads a secret from a file each time that it is needed, so that
// one that was rotated counts at once. Spaces and line ends around it are cut
// off.
func SecretFile(path string) Secret {
	return func() (string, error) {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		defer func() { _ = f.Close() }()
		b, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
		if err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
		if len(b) > maxSecretFile {
			return "", fmt.Errorf("read secret: %s is larger than %d bytes", path, maxSecretFile)
		}
		secret := string(bytes.TrimSpace(b))
		switch {
		case secret == "":
			return "", fmt.Errorf("read secret: %s is empty", path)
		case strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return "", fmt.Errorf("read secret: %s holds more than one line, or characters that are not printed", path)
		}
		return secret, nil
	}
}

// Authorize adds to a request what proves who is asking.
type Authorize func(r *http.Request) error

// Bearer authorizes requests with a bearer token.
func Bearer(token Secret) Authorize {
	return func(r *http.Request) error {
		t, err := token()
		if err != nil {
			return fmt.Errorf("find bearer token: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+t)
		return nil
	}
}

// BasicAuth authorizes requests with a user name and a password.
func BasicAuth(user string, password Secret) Authorize {
	return func(r *http.Request) error {
		p, err := password()
		if err != nil {
			return fmt.Errorf("find password: %w", err)
		}
		r.SetBasicAuth(user, p)
		return nil
	}
}

// NewClient returns an HTTP client that trusts the certificates of a PEM file,
// and no others. Without a file it trusts those of the system.
func NewClient(caFile string) (*http.Client, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		MaxResponseHeaderBytes: 1 << 20,
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read CA bundle: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA bundle: %s holds no certificate in PEM format", caFile)
		}
	}
	return &http.Client{Transport: t}, nil
}

// errRedirect ends a request that is sent elsewhere.
var errRedirect = errors.New("the server redirects; configure the address that it redirects to")

// refuseRedirects keeps credentials, and questions, where they were addressed.
func refuseRedirects(*http.Request, []*http.Request) error { return errRedirect }
