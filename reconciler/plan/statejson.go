package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// stateJSON is how a state is stored: JSON has no maps with structured keys.
type stateJSON struct {
	*plainState
	Targets  []targetJSON `json:"targets,omitempty"`
	Releases []*Release   `json:"releases,omitempty"`
	Rollouts []*Rollout   `json:"rollouts,omitempty"`
	Done     []doneJSON   `json:"done,omitempty"`
	Base     []DoneKey    `json:"base,omitempty"`
}

type plainState State

type targetJSON struct {
	TargetKey
	Target
}

type doneJSON struct {
	DoneKey
	At time.Time `json:"at"`
}

// MarshalJSON writes the whole state, in a fixed order.
func (s *State) MarshalJSON() ([]byte, error) {
	out := stateJSON{plainState: (*plainState)(s)}
	for _, k := range slices.SortedFunc(maps.Keys(s.Targets), compareKeys) {
		out.Targets = append(out.Targets, targetJSON{k, *s.Targets[k]})
	}
	for _, id := range slices.Sorted(maps.Keys(s.Releases)) {
		out.Releases = append(out.Releases, s.Releases[id])
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.Rollouts), compareKeys) {
		out.Rollouts = append(out.Rollouts, s.Rollouts[k])
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.Done), compareDone) {
		out.Done = append(out.Done, doneJSON{k, s.Done[k]})
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.Base), compareKeys) {
		out.Base = append(out.Base, DoneKey{k, s.Base[k]})
	}
	return json.Marshal(out)
}

func compareDone(a, b DoneKey) int {
	if c := compareKeys(a.TargetKey, b.TargetKey); c != 0 {
		return c
	}
	return slices.Compare([]string{a.Version.Tag, a.Version.Digest}, []string{b.Version.Tag, b.Version.Digest})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *State) UnmarshalJSON(data []byte) error {
	*s = *NewState()
	in := stateJSON{plainState: (*plainState)(s)}
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	for _, t := range in.Targets {
		s.Targets[t.TargetKey] = &t.Target
	}
	for _, r := range in.Releases {
		s.Releases[r.ID] = r
	}
	for _, r := range in.Rollouts {
		s.Rollouts[r.TargetKey] = r
	}
	for _, d := range in.Done {
		s.Done[d.DoneKey] = d.At
	}
	for _, b := range in.Base {
		s.Base[b.TargetKey] = b.Version
	}
	return nil
}

// Clone returns a copy that shares nothing that Apply changes.
func (s *State) Clone() *State {
	c := NewState()
	c.InForce, c.ResumedAt = s.InForce, s.ResumedAt
	if s.Frozen != nil {
		f := *s.Frozen
		c.Frozen = &f
	}
	if s.Paused != nil {
		p := *s.Paused
		c.Paused = &p
	}
	for k, t := range s.Targets {
		t := *t
		c.Targets[k] = &t
	}
	for id, r := range s.Releases {
		r := *r
		r.Failures = slices.Clone(r.Failures)
		if r.Paused != nil {
			p := *r.Paused
			r.Paused = &p
		}
		c.Releases[id] = &r
	}
	for k, r := range s.Rollouts {
		r := *r
		r.Waves, r.Members, r.index = slices.Clone(r.Waves), slices.Clone(r.Members), nil
		r.Blips = slices.Clone(r.Blips)
		c.Rollouts[k] = &r
	}
	maps.Copy(c.Done, s.Done)
	maps.Copy(c.Seen, s.Seen)
	maps.Copy(c.Unseen, s.Unseen)
	maps.Copy(c.Base, s.Base)
	for p, e := range s.Durations {
		e := *e
		c.Durations[p] = &e
	}
	return c
}
