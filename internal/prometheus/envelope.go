package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// envelope is what Prometheus wraps each answer in.
type envelope struct {
	Status   string          `json:"status"`
	Data     json.RawMessage `json:"data"`
	Error    string          `json:"error"`
	Warnings []string        `json:"warnings"`
}

// decodeEnvelope returns the data of an answer of Prometheus. An answer with
// warnings is refused: Thanos and others warn that part of it is missing, and
// what is missing must not count as quiet.
func decodeEnvelope(body []byte) (json.RawMessage, error) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, parseError("answer", err)
	}
	switch {
	case e.Status != "success":
		return nil, fmt.Errorf("parse answer: the server reports %q: %s", clip(e.Status, 20), clip(e.Error, 200))
	case len(e.Warnings) > 0:
		return nil, fmt.Errorf("parse answer: the server warns that it is not complete: %s", clip(e.Warnings[0], 200))
	case len(e.Data) == 0:
		return nil, errors.New("parse answer: it has no data; is the address that of a Prometheus?")
	}
	return e.Data, nil
}

// parseError says what could not be parsed. The decoder's errors quote what they
// did not understand, however long.
func parseError(what string, err error) error {
	return fmt.Errorf("parse %s: %s", what, clip(err.Error(), 200))
}

// maxLink is the longest link, in bytes, that is shown to people.
const maxLink = 2000

// webLink returns s if people may safely follow it, else "".
func webLink(s string) string {
	if len(s) > maxLink {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}
