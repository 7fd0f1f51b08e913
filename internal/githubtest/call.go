package githubtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// raw is an answer that is not JSON.
type raw struct {
	kind string // media type
	body string
}

// call is one request and what is known about it.
type call struct {
	s      *Server
	actor  *actor // nil for nobody
	params map[string]string
	query  url.Values
	body   []byte
	accept string
	url    *url.URL

	status int         // of the answer; zero for 200, or 204 when there is no body
	header http.Header // of the answer
}

// decode reads the body of a request.
func (c *call) decode(v any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return &Error{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}
	}
	return nil
}

// number reads a number from the path; what is none is not found.
func (c *call) number(name string) (int64, error) {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return 0, notFound()
	}
	return n, nil
}

// repo finds the repository of the path for somebody with this permission.
func (c *call) repo(p Permission) (*repo, error) {
	r := c.s.repos[strings.ToLower(c.params["owner"]+"/"+c.params["repo"])]
	if r == nil {
		return nil, notFound()
	}
	if err := r.need(c.actor, p); err != nil {
		return nil, err
	}
	return r, c.s.look(r, nil)
}

// wants says which of GitHub's own forms of an answer a request asks for, diff,
// patch or sha for instance; "" for JSON.
func (c *call) wants() string {
	rest, ok := strings.CutPrefix(c.accept, "application/vnd.github.")
	if !ok {
		return ""
	}
	rest = strings.TrimPrefix(rest, "v3.")
	form, _, _ := strings.Cut(rest, "+")
	return form
}

// created makes the answer a 201.
func (c *call) created(v any, err error) (any, error) {
	c.status = http.StatusCreated
	return v, err
}
