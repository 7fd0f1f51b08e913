package gitsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// session is a conversation with git's upload-pack. The one over HTTP is
// go-git's; the one over pipes is ours, because go-git's cannot be ended while
// it waits for the other side.
type session interface {
	AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error)
	UploadPack(context.Context, *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	Close() error
}

// pipes is a session with a program: on this machine, or at the end of an SSH
// connection.
type pipes struct {
	in     io.WriteCloser
	out    io.Reader
	errors *complaints
	wait   func() error // returns when the program has ended by itself
	stop   func() error // ends the program; may be called several times
	after  func() bool  // ends the watch over the context
}

// newPipes watches over a program that was started: it is stopped when the
// context ends, and no more than the limit of what it says is read.
func newPipes(ctx context.Context, p *pipes, limit int64) *pipes {
	p.out = &bounded{ctx: ctx, next: p.out, left: limit}
	p.stop = sync.OnceValue(p.stop)
	p.after = context.AfterFunc(ctx, func() { _ = p.stop() })
	return p
}

// AdvertisedReferencesContext reads what the program says first.
func (p *pipes) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	refs := packp.NewAdvRefs()
	err := refs.Decode(p.out)
	switch {
	case err == nil:
		transport.FilterUnsupportedCapabilities(refs.Capabilities)
		return refs, nil
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return nil, transport.ErrEmptyRemoteRepository
	case errors.Is(err, packp.ErrEmptyInput):
		_ = p.wait() // until it has said all that it has to say
		if said := p.errors.String(); said != "" {
			return nil, fmt.Errorf("it says: %s", said)
		}
		return nil, io.ErrUnexpectedEOF
	default:
		return nil, err
	}
}

// UploadPack asks for objects.
func (p *pipes) UploadPack(_ context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if req.IsEmpty() {
		return nil, transport.ErrEmptyUploadPackRequest
	}
	var ask bytes.Buffer
	if err := req.UploadRequest.Encode(&ask); err != nil {
		return nil, fmt.Errorf("ask git server: %w", err)
	}
	if err := req.UploadHaves.Encode(&ask, false); err != nil {
		return nil, fmt.Errorf("ask git server: %w", err)
	}
	if err := pktline.NewEncoder(&ask).EncodeString("done\n"); err != nil {
		return nil, fmt.Errorf("ask git server: %w", err)
	}
	if _, err := p.in.Write(ask.Bytes()); err != nil {
		return nil, fmt.Errorf("ask git server: %w", err)
	}
	if err := p.in.Close(); err != nil {
		return nil, fmt.Errorf("ask git server: %w", err)
	}
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(p.out)); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return res, nil
}

// Close ends the program.
func (p *pipes) Close() error {
	p.after()
	return p.stop()
}

// complaints keeps the beginning of what a program says on its error output.
type complaints struct {
	mu   sync.Mutex
	text []byte
}

const maxComplaint = 300

func (c *complaints) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p[:min(len(p), maxComplaint-len(c.text))]...)
	return len(p), nil
}

// String returns it on one line, without control characters.
func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return printable(string(c.text))
}

// localSession runs git's upload-pack on a repository of this machine. It only
// reads, and runs no hook.
func localSession(ctx context.Context, path string, limit int64) (session, error) {
	cmd := exec.Command("git", "upload-pack", path)
	said := &complaints{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start git upload-pack: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start git upload-pack: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start git upload-pack (a repository on this machine is read with the git command): %w", err)
	}
	wait := sync.OnceValue(cmd.Wait)
	return newPipes(ctx, &pipes{
		in: in, out: out, errors: said, wait: wait,
		stop: func() error {
			_ = cmd.Process.Kill() // it may have ended already
			_ = wait()             // of a killed program, the exit status says nothing
			return nil
		},
	}, limit), nil
}

// printable makes foreign text fit for one line of a message.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
