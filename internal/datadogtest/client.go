package datadogtest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Client returns a client that calls the server without a socket, whatever
// host a request names.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: direct{s}}
}

// direct is a transport that calls a handler.
type direct struct{ handler http.Handler }

// RoundTrip calls the handler, and gives up when the request's context ends.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &answer{header: http.Header{}, status: http.StatusOK}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.handler.ServeHTTP(answer, r)
	}()
	select {
	case <-done:
	case <-r.Context().Done():
		<-done // the handler sees the same context
		return nil, r.Context().Err()
	}
	return &http.Response{
		Status:     strconv.Itoa(answer.status) + " " + http.StatusText(answer.status),
		StatusCode: answer.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        answer.header,
		Body:          io.NopCloser(&answer.body),
		ContentLength: int64(answer.body.Len()),
		Request:       r,
	}, nil
}

// answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
