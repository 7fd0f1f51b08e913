package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a fleet repository.
type Problem struct {
	Position
	// Message says what is wrong.
	Message string `json:"message"`
	// Hint says what to do about it, when that is not plain from the message.
	Hint string `json:"hint,omitempty"`
}

// Error renders the problem as compilers do: file:line:column: message; hint.
func (p Problem) Error() string {
	s := p.Message
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	if p.File == "" {
		return s
	}
	return p.Position.String() + ": " + s
}

// String is Error: without it, the position's String would be promoted and
// would hide the message from fmt.
func (p Problem) String() string { return p.Error() }

// Problems is everything that is wrong in a fleet repository, in the order of
// the positions. Without any it is nil; check its length, not whether it equals
// nil as an error.
type Problems []Problem

// Error renders one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns the problems as an error, or nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Unwrap returns each problem, for errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// sorted orders problems by position, and drops repetitions.
func (ps Problems) sorted() Problems {
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Message, b.Message), strings.Compare(a.Hint, b.Hint),
		)
	})
	return slices.Compact(ps)
}

// advice is an error with a hint.
type advice struct {
	message, hint string
}

func (a *advice) Error() string {
	if a.hint == "" {
		return a.message
	}
	return a.message + "; " + a.hint
}

// advise returns an error that says what is wrong, and apart from it what to
// do.
func advise(hint, format string, args ...any) error {
	return &advice{message: fmt.Errorf(format, args...).Error(), hint: hint}
}
