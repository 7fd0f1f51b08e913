package console

import (
	"context"
	"slices"
	"strings"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// obey does what a command says, or fills in why not. again tells that a process
// before this one has seen the command and not said what became of it.
func (c *Console) obey(ctx context.Context, s *snapshot, a *answer, cmd github.Command, on []*subject, again bool) {
	switch cmd.Name {
	case "help", "":
		a.Done = "see the list of commands"
	case "status":
		a.Done = "as of " + s.at.UTC().Format("15:04 UTC") + ", above"
	case "explain":
		a.cluster, a.Refused = oneWord(cmd.Rest, "/wavegate explain CLUSTER")
		if a.cluster != "" {
			c.mu.Lock()
			c.hearing.asked[a.cluster] = true
			delete(c.hearing.explained, a.cluster)
			c.mu.Unlock()
		}
	case "pause", "resume":
		c.steer(ctx, s, a, plan.CommandKind(cmd.Name), cmd.Rest, on, again)
	case "retry", "skip":
		cluster, reason, _ := strings.Cut(cmd.Rest, " ")
		reason = strings.TrimSpace(reason)
		usage := "/wavegate retry CLUSTER"
		if cmd.Name == "skip" {
			usage = "/wavegate skip CLUSTER REASON"
		}
		if cluster == "" || cmd.Name == "skip" && reason == "" || cmd.Name == "retry" && reason != "" {
			a.Refused = "say " + usage
			return
		}
		c.hand(ctx, a, again, plan.Command{Kind: plan.CommandKind(cmd.Name), Cluster: cluster, Reason: clip(reason)})
	case "abort":
		c.abort(ctx, s, a, on, again)
	default:
		a.Refused = "there is no such command; /wavegate help lists them"
	}
}

func oneWord(rest, usage string) (word, refused string) {
	if f := strings.Fields(rest); len(f) == 1 {
		return f[0], ""
	}
	return "", "say " + usage
}

const nothingMoves = "this pull request moves no version that is under way"

// underWayOn returns what moves a version, of what a pull request has brought.
func underWayOn(on []*subject) []*subject {
	return slices.DeleteFunc(slices.Clone(on), func(x *subject) bool { return x.release == "" || x.supersededBy != "" })
}

// steer pauses or resumes what the pull request moves.
func (c *Console) steer(ctx context.Context, s *snapshot, a *answer, kind plan.CommandKind, reason string, on []*subject, again bool) {
	var releases []string
	for _, x := range underWayOn(on) {
		releases = append(releases, x.release)
	}
	if paused := pausedBy(s, on); kind == plan.CommandResume && len(paused) > 0 {
		releases = paused
	}
	slices.Sort(releases)
	releases = slices.Compact(releases)
	if len(releases) == 0 {
		a.Refused = nothingMoves
		return
	}
	for _, r := range releases {
		c.hand(ctx, a, again, plan.Command{Kind: kind, Release: r, Reason: clip(reason)})
	}
}

// pausedBy returns the releases whose pause halts what a pull request moves: its
// own, and those of the same products whose place was taken while they were
// paused.
func pausedBy(s *snapshot, on []*subject) []string {
	var out []string
	for i := range s.status.Releases {
		r := &s.status.Releases[i]
		if r.Paused == nil {
			continue
		}
		if slices.ContainsFunc(on, func(x *subject) bool {
			return x.release == r.ID || x.product == r.Product && len(r.Rollouts) == 0
		}) {
			out = append(out, r.ID)
		}
	}
	return out
}

// hand gives a command to the loop. Each takes effect once at most, since a resume
// that came twice could lift a pause that is newer; a pause rather comes twice
// than not at all.
func (c *Console) hand(ctx context.Context, a *answer, again bool, cmd plan.Command) {
	if again && cmd.Kind != plan.CommandPause {
		a.Refused = "Wavegate was restarted while it took this up; look whether it took effect, and give it again if not"
		return
	}
	cmd.At, cmd.By = c.cfg.Now().UTC(), "user:"+a.By
	cmd.Via, cmd.Link = plan.ViaComment, a.comment.URL
	id, err := c.cfg.Submit(ctx, cmd)
	if err != nil {
		a.Refused = "it could not be handed to the loop, and may not have taken effect; give it again"
		c.cfg.Log.Error("hand over command failed", "command", string(cmd.Kind), "by", cmd.By, "error", err)
		return
	}
	a.orders = append(a.orders, &order{cmd, id})
}

// maxReason is how long the reason of a command may be, in bytes.
const maxReason = 500

func clip(s string) string {
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
