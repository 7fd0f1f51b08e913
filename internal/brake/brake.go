// Package brake is the pause that works when nothing else does: a file in a folder
// of this machine, or a word from the process itself, such as a signal. It needs no
// ledger, no git, no forge and no socket.
//
// What counts is that the file is there; its text is the reason. Whether it is
// there is looked at anew each time that somebody asks. A folder that is gone or
// cannot be read counts as a file that is there: who cannot tell, stands still.
package brake

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// FileName is the file's name.
const FileName = "PAUSE"

// maxReason is how much of the file's text is read, in bytes.
const maxReason = 500

// Config says where the file is looked for.
type Config struct {
	// Dir is the folder of the file.
	Dir string
	// Resume says what to do, after the file was removed, for things to go on; it
	// ends the sentence that refuses a resume.
	Resume string
}

// Brake is safe for use by many goroutines.
type Brake struct {
	dir, file, resume string

	mu     sync.Mutex
	signal *reconciler.Pull
}

var _ reconciler.Brake = (*Brake)(nil)

// New returns a brake. It looks at nothing yet.
func New(cfg Config) (*Brake, error) {
	if cfg.Dir == "" {
		return nil, errors.New("configure brake: no folder was given")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("configure brake: %w", err)
	}
	return &Brake{dir: dir, file: filepath.Join(dir, FileName), resume: cfg.Resume}, nil
}

// Signal pulls the brake once. It is remembered by this process until the ledger
// has it.
func (b *Brake) Signal(name string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.signal = &reconciler.Pull{Reason: name + " at " + at.UTC().Format("15:04:05 UTC on 2 Jan 2006"), Via: plan.ViaSignal}
}

// Latched forgets a signal that the ledger has.
func (b *Brake) Latched(p reconciler.Pull) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.signal != nil && *b.signal == p {
		b.signal = nil
	}
}

// Pulled implements [reconciler.Brake].
func (b *Brake) Pulled() (reconciler.Pull, bool) {
	b.mu.Lock()
	signal := b.signal
	b.mu.Unlock()
	if signal != nil {
		return *signal, true
	}
	reason, by, there := b.look()
	if !there {
		return reconciler.Pull{}, false
	}
	return reconciler.Pull{
		Reason: reason, By: by, Via: plan.ViaFile,
		Lasts: "the file " + b.file + " is there: remove it first" + b.resume,
	}, true
}

// look says why the file pauses everything, or that it is not there.
func (b *Brake) look() (reason, by string, there bool) {
	info, err := os.Lstat(b.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if folder, err := os.Stat(b.dir); err != nil || !folder.IsDir() {
			return "the folder " + b.dir + " of the file " + FileName + " is gone", "", true
		}
		return "", "", false
	case err != nil:
		return fmt.Sprintf("the file %s cannot be looked at: %v", FileName, errors.Unwrap(err)), "", true
	}
	by = owner(info)
	if !info.Mode().IsRegular() { // a pipe would be waited for
		return "the file " + FileName + " is there", by, true
	}
	text, err := read(b.file)
	switch {
	case errors.Is(err, fs.ErrNotExist): // removed in this moment
		return b.look()
	case err != nil || text == "":
		return "the file " + FileName + " is there", by, true
	}
	return text, by, true
}

// read returns the beginning of a file's text, in one line.
func read(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxReason))
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(data), "\uFFFD")), " "), nil
}
