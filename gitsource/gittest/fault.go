package gittest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// Fault is how a server misbehaves.
type Fault uint8

// The faults. Those after Redirect concern only the answer that carries objects.
const (
	None         Fault = iota
	Down               // the connection breaks without an answer
	Unauthorized       // 401
	Broken             // 500 with a page of text
	Redirect           // 302 to another address
	Silent             // begins its answer and says nothing more
	Endless            // sends messages for ever
	Truncated          // ends in the middle of the objects
	Corrupt            // a few bytes of the objects are others
	// Forgetful takes a client that has a commit for one that has all of its
	// history, and leaves out what lies there, as servers do that count with
	// bitmaps.
	Forgetful
)

func (f Fault) serve(w http.ResponseWriter, req *http.Request, next http.Handler, other string) {
	switch f {
	case Down:
		panic(http.ErrAbortHandler)
	case Unauthorized:
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	case Broken:
		http.Error(w, "<html><body>the database is on fire</body></html>", http.StatusInternalServerError)
		return
	case Redirect:
		http.Redirect(w, req, other+req.URL.RequestURI(), http.StatusFound)
		return
	default:
	}
	if f == None || !strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
		next.ServeHTTP(w, req)
		return
	}
	switch f {
	case Forgetful:
		forget(req)
		next.ServeHTTP(w, req)
	case Silent:
		begin(w)
		<-req.Context().Done()
	case Endless:
		begin(w)
		line := []byte(packet("\x02still counting objects, please wait\n"))
		for req.Context().Err() == nil {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	default:
		f.spoil(w, req, next)
	}
}

// forget takes the lines out of a request that say where the client's history
// ends.
func forget(req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var kept []byte
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		size := min(max(int(n), 4), len(body))
		if line := body[:size]; !bytes.HasPrefix(line[4:], []byte("shallow ")) {
			kept = append(kept, line...)
		}
		body = body[size:]
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(kept)), int64(len(kept))
}

// begin sends what comes before the objects.
func begin(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	_, _ = w.Write([]byte(packet("NAK\n") + packet("\x02counting objects\n")))
	_ = http.NewResponseController(w).Flush()
}

// packet frames a line as git's protocol does.
func packet(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// spoil changes an answer that is right.
func (f Fault) spoil(w http.ResponseWriter, req *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, req)
	body := rec.Body.Bytes()
	pack := bytes.Index(body, []byte("PACK"))
	if pack < 0 {
		pack = 0
	}
	middle := pack + (len(body)-pack)/2
	switch f {
	case Truncated:
		body = body[:middle]
	case Corrupt:
		for i := middle; i < min(middle+8, len(body)); i++ {
			body[i] ^= 0xff
		}
	default:
		panic(fmt.Sprintf("no such fault: %d", f))
	}
	for name, values := range rec.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body)
}
