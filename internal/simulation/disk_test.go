package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var (
	errCrashed = errors.New("the process is gone")
	errFull    = errors.New("no space left on device")
)

// disk is what survives a crash: the ledger's events, as they were written, and the
// inbox of commands.
type disk struct {
	events   [][]byte
	records  []int // how many events there were after each record
	commands []plan.Command
	next     int64
}

func (d *disk) copy() *disk {
	return &disk{events: slices.Clone(d.events), records: slices.Clone(d.records), commands: slices.Clone(d.commands), next: d.next}
}

func (d *disk) submit(c plan.Command) {
	d.next++
	c.ID = d.next
	d.commands = append(d.commands, c)
}

func (d *disk) read() ([]plan.Event, error) {
	out := make([]plan.Event, len(d.events))
	for i, line := range d.events {
		if err := json.Unmarshal(line, &out[i]); err != nil {
			return nil, fmt.Errorf("read event %d: %w", i, err)
		}
	}
	return out, nil
}

// ledger is the disk as an instance of the service uses it.
type ledger struct {
	w  *world
	in *instance
}

// Load folds what was recorded, and takes it once through the form in which a
// snapshot is stored.
func (l ledger) Load(context.Context) (*plan.State, error) {
	if l.in.dead {
		return nil, errCrashed
	}
	if l.w.loadFails > 0 {
		l.w.loadFails--
		return nil, errors.New("input/output error")
	}
	events, err := l.in.disk.read()
	if err != nil {
		return nil, err
	}
	s := plan.NewState()
	for _, e := range events {
		s.Apply(e)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	stored := plan.NewState()
	if err := json.Unmarshal(text, stored); err != nil {
		return nil, err
	}
	return stored, nil
}

// Record appends events, unless the process dies before. It may also die after.
func (l ledger) Record(_ context.Context, events []plan.Event) error {
	l.in.records++
	if l.in.dies(beforeRecord) {
		return errCrashed
	}
	if l.w.now.Before(l.w.diskFull) {
		l.in.unrecorded = true
		return errFull
	}
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		l.in.disk.events = append(l.in.disk.events, line)
		l.w.judge.recorded(l.in, &e)
	}
	l.in.disk.records = append(l.in.disk.records, len(l.in.disk.events))
	if l.in.dies(afterRecord) {
		return errCrashed
	}
	return nil
}

func (l ledger) Commands(context.Context) ([]plan.Command, error) {
	if l.in.dead {
		return nil, errCrashed
	}
	return slices.Clone(l.in.disk.commands), nil
}

func (l ledger) Done(_ context.Context, ids []int64) error {
	if l.in.dies(beforeDone) {
		return errCrashed
	}
	l.in.disk.commands = slices.DeleteFunc(l.in.disk.commands, func(c plan.Command) bool { return slices.Contains(ids, c.ID) })
	if l.in.dies(afterDone) {
		return errCrashed
	}
	return nil
}
