package plan

import (
	"fmt"
	"maps"
	"slices"
)

// Obey turns what operators have asked for into events. A command that makes no
// sense is refused with a sentence, which is an event as well: who was refused
// what is worth knowing.
func Obey(s *State, inv *Inventory, p *Plan, commands []Command) (events []Event, refused map[int64]string) {
	refused = map[int64]string{}
	for _, cmd := range commands {
		e, why := obey(s, inv, p, cmd)
		if why != "" {
			refused[cmd.ID] = why
			events = append(events, Refusal(cmd, why))
			continue
		}
		events = append(events, e)
	}
	return events, refused
}

// Refusal is the event of a command that was refused.
func Refusal(cmd Command, why string) Event {
	return Event{
		At: cmd.At, Kind: CommandRefused, Asked: cmd.Kind, Release: cmd.Release, Cluster: cmd.Cluster, Reason: why,
		By: cmd.By, Via: cmd.Via, Link: cmd.Link, Command: cmd.ID, Drill: cmd.Drill,
	}
}

func obey(s *State, inv *Inventory, p *Plan, cmd Command) (Event, string) {
	e := Event{
		At: cmd.At, Release: cmd.Release, Cluster: cmd.Cluster, Reason: cmd.Reason,
		By: cmd.By, Via: cmd.Via, Link: cmd.Link, Command: cmd.ID, Drill: cmd.Drill,
	}
	release := s.Releases[cmd.Release]
	if release != nil {
		e.Product, e.To = release.Product, release.Version
	}
	switch cmd.Kind {
	case CommandPause, CommandResume:
		if cmd.Release != "" && release == nil {
			return e, fmt.Sprintf("no release %q; see `wavegate status`", cmd.Release)
		}
		return obeyPause(s, release, cmd, e)
	case CommandDrill:
		if cmd.Drill == "" || cmd.Measured == nil {
			return e, "it does not say what the drill has measured"
		}
		e.Kind, e.Measured, e.Reason = DrillRecorded, cmd.Measured, cmd.Measured.String()
		return e, ""
	case CommandRetry, CommandSkip:
		return obeyMember(s, inv, p, cmd, e)
	default:
		return e, fmt.Sprintf("unknown command %q", cmd.Kind)
	}
}

func obeyPause(s *State, release *Release, cmd Command, e Event) (Event, string) {
	now := s.Paused
	if cmd.Release != "" {
		now = release.Paused
	}
	if cmd.Kind == CommandPause {
		e.Kind = Paused
		if e.Reason == "" {
			e.Reason = "paused by " + cmd.By
		}
		if cmd.Drill != "" && now != nil {
			return e, "it is paused already: " + pauseText(now)
		}
		return e, ""
	}
	e.Kind = Resumed
	switch {
	case now == nil:
		return e, "it is not paused"
	case cmd.Drill != "" && now.Drill != cmd.Drill:
		return e, "it is paused by somebody else since: " + pauseText(now)
	}
	return e, ""
}

func obeyMember(s *State, inv *Inventory, p *Plan, cmd Command, e Event) (Event, string) {
	if r, m := membership(s, inv, p, cmd.Cluster); m != nil {
		e.Release, e.Product, e.Cohort, e.Commit, e.To, e.Wave = r.Release, r.Product, r.Cohort, r.Commit, r.Version, m.Wave
		if cmd.Kind == CommandSkip {
			if m.Status == Finished || m.Status == Left {
				return e, cmd.Cluster + " is done already"
			}
			e.Kind = ClusterSkipped
			if e.Reason == "" {
				e.Reason = "skipped by " + cmd.By
			}
			return e, ""
		}
		if m.Status == Pending || m.Status == Running {
			return e, cmd.Cluster + " has not failed: it is " + statusWord(m.Status)
		}
		return retried(inv, e, m)
	}
	row, ok := inv.Find(cmd.Cluster)
	if !ok {
		return e, fmt.Sprintf("no data plane has a cluster %q", cmd.Cluster)
	}
	if cmd.Kind == CommandRetry && p != nil {
		key := TargetKey{inv.Cluster(row).Product, p.Cohort(row)}
		if r := s.Rollouts[key]; r != nil {
			e.Kind, e.Release, e.Product, e.Cohort = ClusterJoined, r.Release, r.Product, r.Cohort
			e.Commit, e.To, e.Wave = r.Commit, r.Version, len(r.Waves)-1
			return e, ""
		}
	}
	return e, cmd.Cluster + " is in no rollout"
}

// retried lets a cluster that failed or was skipped try again: half way it goes on
// where it stands; at rest it takes its turn like any other, through all gates.
func retried(inv *Inventory, e Event, m *Member) (Event, string) {
	e.Kind = ClusterRetried
	row, ok := inv.Find(m.Cluster)
	if !ok {
		return e, ""
	}
	if why := inv.unknown(row); why != "" {
		return e, m.Cluster + " cannot be observed now, retry it when it can: " + why
	}
	asOf, _ := inv.Plane(inv.strings.values[inv.col.plane[row]])
	e.Queued = asOf.After(m.StartedAt) && !inv.inFlight(row) && inv.version.values[inv.col.version[row]] != e.To
	return e, ""
}

// membership returns the rollout that a cluster belongs to. One that was given to
// another cohort has left the rollout of the old one.
func membership(s *State, inv *Inventory, p *Plan, cluster string) (*Rollout, *Member) {
	for _, key := range slices.SortedFunc(maps.Keys(s.Rollouts), compareKeys) {
		r := s.Rollouts[key]
		m := r.Member(cluster)
		if m == nil {
			continue
		}
		if row, exists := inv.Find(cluster); m.Status == Left && exists && (p == nil || p.Cohort(row) != key.Cohort) {
			continue
		}
		return r, m
	}
	return nil, nil
}

func statusWord(s MemberStatus) string {
	switch s {
	case Pending:
		return "waiting"
	case Running:
		return "under way"
	case Finished:
		return "finished"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	default:
		return "gone"
	}
}
