package report

import (
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// CommitMarkdown renders what is said on a commit itself that no pull request
// brought: why it has no effect, and what to do.
func (s *Status) CommitMarkdown(j admission.Judgement) Post {
	p := newPost(KindCommit, j.Commit, "")
	commit := code(short(j.Commit))
	p.say("### Not admitted: this commit has no effect")
	force := "No commit is in force, and nothing is touched."
	if s.Commit != "" {
		force = "Commit " + commit + " moves nothing; commit " + code(short(s.Commit)) + " stays in force. Until this is settled, **no later commit takes effect** either."
	}
	p.say("> [!CAUTION]\n> **Why:** %s\n>\n> %s", prose(j.Reason), force)
	switch {
	case s.Commit == "": // the reason says what to do
	case j.Rewritten:
		s.bringBack(p)
	default:
		p.say("**What to do:** take it back by a pull request, and those behind it can take effect:\n\n```text\ngit revert %s\n```", plainSHA(j.Commit))
		p.say("If the change is wanted, bring it again by a pull request of its own, and have that approved.")
	}
	p.asOf(s.At)
	return p.done("")
}

// bringBack says what to do about a branch that has lost the commit in force.
func (s *Status) bringBack(p *post) {
	p.say("**What to do:** put the branch back to the commit in force, %s, by force as it was lost. What is wanted of the new history can then come by a pull request, and be approved.",
		code(plainSHA(s.Commit)))
}

// plainSHA is a commit's name within a command, or a word for it.
func plainSHA(sha string) string {
	if !isPlainName(sha) {
		return "COMMIT"
	}
	return sha
}
