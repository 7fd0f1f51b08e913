package console

import (
	"errors"

	"github.com/wavegate-dev/wavegate/internal/github"
)

// trouble is why GitHub could not be told, by goroutine. It is told once.
type trouble struct {
	err  [2]error
	told bool
}

func (t *trouble) tell() error {
	err := errors.Join(t.err[0], t.err[1])
	if err == nil || t.told {
		return nil
	}
	t.told = true
	return err
}

// note takes what became of a pass of one goroutine, and says whether a trouble
// that was told is over.
func (t *trouble) note(worker int, err error) (over bool) {
	t.err[worker] = err
	if t.err[0] == nil && t.err[1] == nil && t.told {
		t.told = false
		return true
	}
	return false
}

// own says whether an error is about what was asked for alone, so that there is a
// point in going on with something else: GitHub has answered, and refused.
func own(err error) bool {
	var api *github.APIError
	if errors.As(err, &api) {
		return api.Status >= 400 && api.Status < 500 && api.Status != 401 && api.Status != 429
	}
	return false
}
