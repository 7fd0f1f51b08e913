package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	api "github.com/slack-go/slack"
)

// sectionLimit is how long the text of one block may be, in characters.
const sectionLimit = 3000

// maxCohorts bounds the cohorts that a first message lists.
const maxCohorts = 30

// message is one message: paragraphs of Slack's own markup, and a line for
// notifications.
type message struct {
	summary    string
	paragraphs []string
	digest     string
}

func newMessage(summary string, seed string, paragraphs ...string) message {
	m := message{summary: summary}
	for _, p := range paragraphs {
		if p != "" {
			m.paragraphs = append(m.paragraphs, p)
		}
	}
	sum := sha256.Sum256([]byte(seed + "\x00" + summary + "\x00" + strings.Join(m.paragraphs, "\x00")))
	m.digest = hex.EncodeToString(sum[:8])
	return m
}

// options form the message. Nothing unfurls, and Slack looks for no names.
func (m message) options() []api.MsgOption {
	out := []api.MsgOption{
		api.MsgOptionText(m.summary, false), api.MsgOptionParse(false),
		api.MsgOptionDisableLinkUnfurl(), api.MsgOptionDisableMediaUnfurl(),
	}
	blocks := make([]api.Block, 0, len(m.paragraphs))
	for _, p := range m.paragraphs {
		for _, part := range divide(p, sectionLimit) {
			blocks = append(blocks, api.NewSectionBlock(api.NewTextBlockObject(api.MarkdownType, part, false, true), nil, nil))
		}
	}
	if len(blocks) > 0 {
		out = append(out, api.MsgOptionBlocks(blocks...))
	}
	return out
}

// plain is the message without blocks.
func (m message) plain() message {
	return message{summary: m.summary, digest: m.digest}
}

// divide cuts a text between its lines into parts that fit into a block. No line
// is as long as that.
func divide(text string, limit int) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if b.Len() > 0 && b.Len()+len(line) > limit {
			out = append(out, b.String())
			b.Reset()
		}
		b.WriteString(line)
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

// first is the first message of a thread: the newest state.
func (r *Reporter) first(p *page) message {
	switch p.topic {
	case topicEverything:
		if p.paused == nil {
			return newMessage("The fleet goes on", "", "▶ *The fleet goes on.* It was paused as a whole.")
		}
		return newMessage("Everything is paused: "+prose(p.paused.reason), pauseKey(p.paused), r.pauseText(p, p.paused))
	case topicDrift:
		return newMessage(driftSummary(p.drift), p.drift.digest, "*"+driftSummary(p.drift)+"*", driftList(p.drift))
	}
	seed := ""
	state := "▶ rolls out"
	switch {
	case p.paused != nil:
		state, seed = "⏸ paused: "+prose(p.paused.reason), pauseKey(p.paused)
	case p.completed:
		state = "✔ complete"
	case p.superseded:
		state = "another version has taken its place"
	}
	head := "*" + prose(p.product+" "+p.version) + "* · " + code(p.topic)
	if address := r.address(p.commit); address != "" {
		head += " · " + link("pull request", address)
	}
	return newMessage(prose(p.product+" "+p.version)+": "+state, seed, head+"\n"+state, cohortList(p.cohorts))
}

func cohortList(cohorts []cohort) string {
	lines := make([]string, 0, len(cohorts))
	for i, c := range cohorts {
		if i == maxCohorts {
			lines = append(lines, fmt.Sprintf("… and %d more", len(cohorts)-i))
			break
		}
		line := fmt.Sprintf("• %s: %s, %d of %d clusters", code(c.name), c.phase, c.onTarget, c.clusters)
		if c.failed > 0 {
			line += ", " + strconv.Itoa(c.failed) + " failed"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// reply says one piece of news.
func (r *Reporter) reply(p *page, n *news) message {
	name := prose(p.product + " " + p.version)
	say := func(text string) message { return newMessage(text, "", text) }
	switch n.kind {
	case newsPaused:
		subject := "Everything is paused: "
		if p.topic != topicEverything {
			subject = name + " is paused: "
		}
		return newMessage(subject+prose(n.pause.reason), "", r.pauseText(p, n.pause))
	case newsResumed:
		text := "▶ " + name + " goes on"
		if p.topic == topicEverything {
			text = "▶ The fleet goes on"
		}
		if n.by != "" {
			text += "; resumed by " + prose(n.by)
		}
		return say(text)
	case newsCompleted:
		return say("✔ " + name + " is complete")
	case newsDrift:
		return newMessage(driftSummary(n.drift), "", driftSummary(n.drift), driftList(n.drift))
	default:
		return say("✔ Cohort " + code(n.cohort) + " has finished and soaked " + name)
	}
}

// pauseText says why, where, and what to do.
func (r *Reporter) pauseText(p *page, x *pause) string {
	var b strings.Builder
	everything := p.topic == topicEverything
	what := "Paused"
	if everything {
		what = "Everything is paused"
	}
	fmt.Fprintf(&b, "⏸ *%s: %s*", what, prose(x.reason))
	since := " since " + x.at.UTC().Format(time.DateTime) + " UTC"
	if x.by != "" {
		since += " by " + prose(x.by)
	}
	if !everything {
		b.WriteString("\n" + prose(p.product+" "+p.version) + since)
	} else {
		b.WriteString("\nNo cluster of the fleet is touched" + since)
	}
	for _, f := range x.failures {
		fmt.Fprintf(&b, "\n• %s in %s: %s", code(f.cluster), code(f.cohort), prose(f.reason))
		if f.evidence != "" {
			b.WriteString("\n    " + prose(f.evidence))
		}
		for _, a := range f.alerts {
			b.WriteString("\n    fires: " + link(a.monitor, a.link))
		}
	}
	if more := x.failed - len(x.failures); more > 0 && len(x.failures) > 0 {
		fmt.Fprintf(&b, "\n… and %d more", more)
	}
	for i, h := range x.held {
		if i == maxCohorts {
			fmt.Fprintf(&b, "\n… and %d more", len(x.held)-i)
			break
		}
		b.WriteString("\nHeld: " + prose(h))
	}
	switch address := r.address(p.commit); {
	case everything:
		b.WriteString("\n*To go on:* run `wavegate resume`")
	case address != "":
		b.WriteString("\n*To go on:* retry or skip what failed, then comment `/wavegate resume` on the " +
			link("pull request", address) + " or run " + code("wavegate resume "+p.topic))
	default:
		b.WriteString("\n*To go on:* retry or skip what failed, then run " + code("wavegate resume "+p.topic))
	}
	return b.String()
}

func (r *Reporter) address(commit string) string {
	if r.cfg.Link == nil || commit == "" {
		return ""
	}
	return r.cfg.Link(commit)
}

func driftSummary(d *drift) string {
	switch d.count {
	case 0:
		return "Drift: no cluster differs from the repository"
	case 1:
		return "Drift: 1 cluster differs from the repository, and no rollout explains it"
	default:
		return fmt.Sprintf("Drift: %d clusters differ from the repository, and no rollout explains it", d.count)
	}
}

func driftList(d *drift) string {
	if d.count == 0 {
		return ""
	}
	lines := make([]string, 0, len(d.clusters)+1)
	for _, c := range d.clusters {
		lines = append(lines, "• "+code(c))
	}
	if more := d.count - len(d.clusters); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(lines, "\n")
}
