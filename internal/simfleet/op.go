package simfleet

import (
	"errors"
	"fmt"
)

// op is one change from outside, with the time at which it was made. The state
// of a fleet follows from its operations, so they are what the log holds.
type op struct {
	Seq    uint64   `json:"seq"`
	At     int64    `json:"at"`
	Act    *actOp   `json:"act,omitempty"`
	Add    []Member `json:"add,omitempty"`
	Hand   *handOp  `json:"hand,omitempty"`
	Script *script  `json:"script,omitempty"`
}

// do makes one change. prepare fills in the operation, or returns an error and
// leaves all as it is. do returns when the change is on disk.
func (f *Fleet) do(prepare func(*op) error) error {
	f.mu.Lock()
	now, err := f.look()
	if err != nil {
		f.mu.Unlock()
		return err
	}
	o := &op{At: now.UnixNano()}
	if err := prepare(o); err != nil {
		f.mu.Unlock()
		return err
	}
	if err := f.apply(o); err != nil {
		f.mu.Unlock()
		return err
	}
	wait, err := f.keep(o)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if err := wait(); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.fail(err)
	}
	return nil
}

// fail takes the fleet out of service: what it holds in memory may no longer
// be what is on disk.
func (f *Fleet) fail(err error) error {
	if f.failed == nil {
		f.failed = fmt.Errorf("the fleet is out of service, open it again: %w", err)
	}
	return f.failed
}

// apply carries out an operation. It is called with new operations and with
// those from the log, and has to do the same with both.
func (f *Fleet) apply(o *op) error {
	f.advance(o.At)
	switch {
	case o.Act != nil:
		return f.applyAct(o.Act, o.At)
	case o.Add != nil:
		return f.applyAdd(o.Add, o.At)
	case o.Hand != nil:
		return f.applyHand(o.Hand, o.At)
	case o.Script != nil:
		return f.applyScript(o.Script, o.At)
	default:
		return errors.New("the operation is of a kind that this version does not know")
	}
}
