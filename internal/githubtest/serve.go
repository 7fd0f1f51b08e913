package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

const prefix = "/api/v3"

// maxBody is the size of the largest request that the API reads, in bytes.
const maxBody = 32 << 20

type object = map[string]any

// handler answers one operation with what becomes the JSON body; nil for none.
type handler func(c *call) (any, error)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !s.gate.TryRLock() {
		panic(http.ErrAbortHandler)
	}
	defer s.gate.RUnlock()
	path := req.URL.EscapedPath()
	switch {
	case path == graphPath && req.Method == http.MethodPost:
		s.serveGraphQL(w, req)
	case strings.HasPrefix(path, prefix+"/"):
		s.serveAPI(w, req, strings.TrimPrefix(path, prefix))
	case strings.Contains(path, ".git/"):
		s.serveGit(w, req)
	case s.serveRaw(w, req):
	default:
		s.servePage(w, req)
	}
}

// answer is what is sent back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *Server) serveAPI(w http.ResponseWriter, req *http.Request, path string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		http.Error(w, "read request", http.StatusRequestEntityTooLarge)
		return
	}
	rt, params, known := s.find(req.Method, path)
	entry := Request{Method: req.Method, Path: path, Query: req.URL.RawQuery, Operation: rt.template, Body: body}
	out, cut := s.attend(req, rt, params, known, path, body, &entry)
	entry.Status = out.status
	s.mu.Lock()
	entry.ID = fmt.Sprintf("%04X:%04X:%06X", 0xE0DE, 0xCAFE, s.id())
	s.remember(entry)
	s.mu.Unlock()
	if cut {
		panic(http.ErrAbortHandler)
	}
	for name, values := range out.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Github-Request-Id", entry.ID)
	w.Header().Set("X-Github-Media-Type", "github.v3; format=json")
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}

// attend answers a request. When cut, the connection breaks instead.
func (s *Server) attend(req *http.Request, rt route, params map[string]string, known bool, path string, body []byte, entry *Request) (out answer, cut bool) {
	header := http.Header{}
	who, err := s.authenticate(req)
	if err != nil {
		return failure(err, header), false
	}
	if who != nil {
		entry.User = who.user.login
	}
	effect := s.fault(req.Method, rt.template, path)
	if effect != nil {
		entry.Fault = true
		if out, answered, cut := effect.before(req, s, header); answered || cut {
			return out, cut
		}
	}
	if err := s.spend(who, req.Method, rt.template, header); err != nil {
		return failure(err, header), false
	}
	if !known {
		return s.violation(fmt.Errorf("%s %s is not built: see operations.txt", req.Method, path), header, http.StatusNotImplemented), false
	}
	in, err := s.doc.checkRequest(req, rt, params, body)
	if err != nil {
		// The document also forbids some of what the operation answers with 422, so
		// the request goes on when the owner of the server has been told.
		out := s.violation(fmt.Errorf("request %s %s: %w", req.Method, path, brevity(err)), header, 0)
		if s.onViolation == nil {
			return out, false
		}
	}
	c := &call{s: s, actor: who, params: params, query: req.URL.Query(), body: body, accept: req.Header.Get("Accept"), url: req.URL, header: header}
	out = s.perform(c, rt)
	if etag := out.header.Get("Etag"); etag != "" && req.Header.Get("If-None-Match") == etag {
		s.refund(who, out.header)
		out.status, out.body = http.StatusNotModified, nil
	}
	if err := s.doc.checkResponse(req.Context(), in, out.status, out.header, out.body); err != nil {
		bad := s.violation(fmt.Errorf("answer %d to %s %s: %w", out.status, req.Method, path, brevity(err)), header, 0)
		if s.onViolation == nil {
			return bad, false
		}
	}
	if effect != nil && effect.after(req) {
		return out, true
	}
	return out, false
}

// perform runs the handler and makes JSON of what it returns.
func (s *Server) perform(c *call, rt route) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := rt.handle(c)
	if err != nil {
		var known *Error
		if !errors.As(err, &known) {
			s.log.Error("githubtest could not answer", "operation", rt.method+" "+rt.template, "error", err)
		}
		return failure(err, c.header)
	}
	if owner, name := c.params["owner"], c.params["repo"]; rt.method != http.MethodGet && owner != "" && name != "" {
		if r, err := s.repo(owner + "/" + name); err == nil {
			if err := s.settle(r); err != nil {
				return failure(err, c.header)
			}
		}
	}
	out := answer{status: c.status, header: c.header}
	if v == nil {
		if out.status == 0 {
			out.status = http.StatusNoContent
		}
		return out
	}
	if out.status == 0 {
		out.status = http.StatusOK
	}
	if plain, ok := v.(raw); ok {
		out.body = []byte(plain.body)
		out.header.Set("Content-Type", plain.kind+"; charset=utf-8")
	} else {
		if out.body, err = encode(v); err != nil {
			return failure(err, c.header)
		}
		out.header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if rt.method == http.MethodGet && out.status == http.StatusOK && rt.template != "/rate_limit" && out.header.Get("Etag") == "" {
		sum := sha256.Sum256(slices.Concat(out.body, []byte(c.header.Get("Link"))))
		out.header.Set("Etag", fmt.Sprintf(`W/"%x"`, sum))
	}
	return out
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// failure is the answer for an error.
func failure(err error, header http.Header) answer {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Message: "githubtest: " + err.Error()}
	}
	body, err := encode(e.body())
	if err != nil {
		body = []byte(`{"message":"Server Error"}`)
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: e.Status, header: header, body: body}
}

// violation tells the owner of the server that GitHub's document is broken.
func (s *Server) violation(err error, header http.Header, status int) answer {
	if s.onViolation != nil {
		s.onViolation(err)
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	s.log.Error("GitHub's OpenAPI document is violated", "error", err)
	return failure(&Error{Status: status, Message: "githubtest: " + err.Error()}, header)
}

// brevity keeps a schema out of the text of an error.
func brevity(err error) error {
	var broken *openapi3.SchemaError
	if errors.As(err, &broken) {
		return errors.New(brief(broken))
	}
	var bad *openapi3filter.RequestError
	if errors.As(err, &bad) && bad.Parameter != nil {
		return fmt.Errorf("parameter %s: %s %w", bad.Parameter.Name, bad.Reason, bad.Err)
	}
	return err
}
