package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes. They are documented in `wavegate help exit-codes`.
const (
	exitOK     = 0
	exitFailed = 1 // something did not work
	exitUsage  = 2 // the command line makes no sense
	exitFound  = 3 // it worked, and found what it looks for: problems, drift, a change that would be refused
)

const exitCodesHelp = `Exit codes of all commands:

  0  it worked, and there is nothing to object to
  1  something did not work: the message says what
  2  the command line makes no sense
  3  it worked, and found something: problems in a fleet repository
     (validate), drift (drift --exit-code), a change that would be
     refused (plan), something wrong in the journal (verify), a drill
     that did not come to a standstill (drill)
`

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFound ends a command that has found something and said so already.
var errFound = errors.New("found something")

// exitCode is the one place that turns an error into an exit code and prints
// it.
func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		_, _ = fmt.Fprintf(stderr, "wavegate: %v\nRun 'wavegate --help' for how to use it.\n", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintf(stderr, "wavegate: %v\n", err)
		return exitFailed
	}
}
