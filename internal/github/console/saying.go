package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// place is where something is said: a comment by its marker, or a status by its
// context.
type place struct{ on, name string }

// said is what was last said in a place.
type said struct {
	fingerprint, state string
	at                 time.Time
}

// utterance is what is to be said in a comment.
type utterance struct {
	on     int
	marker string
	post   report.Post
	// state is a word that changes when the comment must not wait; hold is how
	// long it waits otherwise.
	state string
	hold  time.Duration
	// rollout tells that it is about a rollout, which no plan may replace.
	rollout bool
	// reply tells that it is only said where the console has spoken already.
	reply bool
}

// say keeps a comment up to date. It returns how long the newest words have to
// wait, or zero.
func (c *Console) say(ctx context.Context, u utterance) (wait time.Duration, err error) {
	c.speak.Lock()
	defer c.speak.Unlock()
	if u.rollout {
		c.begun[u.on] = true
	} else if c.begun[u.on] && strings.HasPrefix(u.marker, markerPull) {
		return 0, nil
	}
	at := place{number(u.on), u.marker}
	state := digest(u.state)
	last, known := c.said[at]
	if !known {
		k, err := c.cfg.Client.Said(ctx, u.on, markerLine(u.marker))
		if err != nil {
			return 0, err
		}
		if k == nil && u.reply {
			return 0, nil
		}
		if k != nil {
			last.fingerprint, last.state = readTrailer(k.Body)
			last.at = k.Updated
			c.keep(at, last)
		}
	}
	now := c.cfg.Now()
	if last.fingerprint == u.post.Fingerprint {
		if last.state != state {
			last.state = state
			c.keep(at, last)
		}
		return 0, nil
	}
	if rest := last.at.Add(u.hold).Sub(now); last.state == state && rest > 0 && rest <= u.hold {
		return rest, nil
	}
	if _, err := c.cfg.Client.Say(ctx, u.on, markerLine(u.marker)+"\n"+body(u.marker, u.post, state)); err != nil {
		return 0, err
	}
	c.keep(at, said{u.post.Fingerprint, state, now})
	return 0, nil
}

// maxSaid is how many comments are remembered before they are read again.
const maxSaid = 4096

func (c *Console) keep(at place, s said) {
	if len(c.said) >= maxSaid {
		clear(c.said)
	}
	c.said[at] = s
}

// setStatus says something of a commit, unless that was said last.
func (c *Console) setStatus(ctx context.Context, sha string, s github.Status) error {
	c.speak.Lock()
	defer c.speak.Unlock()
	at := place{sha, s.Context}
	if c.set[at] == s {
		return nil
	}
	if err := c.cfg.Client.SetStatus(ctx, sha, s); err != nil {
		return err
	}
	if len(c.set) >= maxSaid {
		clear(c.set)
	}
	c.set[at] = s
	return nil
}

const trailerBegin, trailerEnd = "<!-- wavegate-said:", " -->"

// markerLine is the first line of a comment, by which it is found again.
func markerLine(marker string) string { return "<!-- wavegate:" + marker + " -->" }

// body is the text of a comment after its first line: the post without its own
// marker, and what the console needs to know of it after a restart.
func body(marker string, p report.Post, state string) string {
	text := p.Body
	if _, _, ok := report.FindMarker(text); ok {
		_, text, _ = strings.Cut(text, "\n")
	}
	const around = len("<!-- wavegate: -->\n")
	if full := withTrailer(text, p.Fingerprint, state); utf8.RuneCountInString(full)+len(marker)+around <= github.MaxBody {
		return full
	}
	return text // said again after a restart, which is better than not said
}

// withTrailer puts two words behind a text that readTrailer finds again.
func withTrailer(text, fingerprint, state string) string {
	return strings.TrimRight(text, "\n") + "\n\n" + trailerBegin + fingerprint + " " + state + trailerEnd + "\n"
}

func readTrailer(text string) (fingerprint, state string) {
	i := strings.LastIndex(text, trailerBegin)
	if i < 0 {
		return "", ""
	}
	inside, _, ok := strings.Cut(text[i+len(trailerBegin):], trailerEnd)
	if !ok {
		return "", ""
	}
	fingerprint, state, _ = strings.Cut(inside, " ")
	return fingerprint, state
}

// digest is a word for a text, short and without anything that ends a comment.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
