package github

import (
	"bytes"
	"container/list"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxAnswers is how many bytes of answers are kept.
const maxAnswers = 8 << 20

// conditional asks again only for what has changed: it keeps answers with their
// ETag, and a 304 costs nothing of the hourly budget.
type conditional struct {
	next    http.RoundTripper
	budget  *budget
	answers *answers
}

func (c *conditional) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet || req.Header.Get("If-None-Match") != "" {
		return shown(c.next.RoundTrip(req))
	}
	key := req.Header.Get("Accept") + " " + req.URL.String()
	kept, known := c.answers.get(key)
	if known {
		req = req.Clone(req.Context())
		req.Header.Set("If-None-Match", kept.etag)
	}
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if known && resp.StatusCode == http.StatusNotModified {
		c.budget.unchanged()
		_ = resp.Body.Close()
		header := kept.header.Clone()
		header.Set(requestID, resp.Header.Get(requestID))
		return shown(&http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
			Header: header, Body: io.NopCloser(bytes.NewReader(kept.body)), ContentLength: int64(len(kept.body)), Request: req,
		}, nil)
	}
	if etag := resp.Header.Get("Etag"); resp.StatusCode == http.StatusOK && etag != "" {
		c.answers.put(key, &keptAnswer{etag: etag, header: resp.Header.Clone(), body: body(resp)})
	}
	return shown(resp, nil)
}

// shown hides GitHub's limits from go-github: the layer below has dealt with them.
func shown(resp *http.Response, err error) (*http.Response, error) {
	if resp != nil {
		for name := range resp.Header {
			if strings.HasPrefix(name, "X-Ratelimit-") {
				delete(resp.Header, name)
			}
		}
	}
	return resp, err
}

type keptAnswer struct {
	key, etag string
	header    http.Header
	body      []byte
}

// size is about what an answer takes in memory.
func (a *keptAnswer) size() int { return len(a.body) + len(a.key) + 1<<10 }

// answers keeps those that were used last, within a number of bytes.
type answers struct {
	mu    sync.Mutex
	max   int
	bytes int
	order *list.List // of *keptAnswer, the last used first
	byKey map[string]*list.Element
}

func newAnswers(maxBytes int) *answers {
	return &answers{max: maxBytes, order: list.New(), byKey: map[string]*list.Element{}}
}

func (a *answers) get(key string) (*keptAnswer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.byKey[key]
	if !ok {
		return nil, false
	}
	a.order.MoveToFront(e)
	return e.Value.(*keptAnswer), true
}

func (a *answers) put(key string, answer *keptAnswer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answer.key = key
	if e, ok := a.byKey[key]; ok {
		a.drop(e)
	}
	if answer.size() > a.max/4 {
		return
	}
	a.byKey[key] = a.order.PushFront(answer)
	a.bytes += answer.size()
	for a.bytes > a.max {
		a.drop(a.order.Back())
	}
}

func (a *answers) drop(e *list.Element) {
	answer := a.order.Remove(e).(*keptAnswer)
	delete(a.byKey, answer.key)
	a.bytes -= answer.size()
}
