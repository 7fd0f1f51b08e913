package github

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	gh "github.com/google/go-github/v62/github"
)

// Check is a check of a commit. Unlike a status it can point at lines of files.
// Only a GitHub App can write one.
type Check struct {
	Name string
	// State is Pending while it runs.
	State          State
	Title, Summary string
	// URL leads to more; empty for none.
	URL   string
	Notes []Note
}

// Note is a remark about a line of a file.
type Note struct {
	Path string
	// Line begins at 1; zero means the file.
	Line int
	// Problem tells a failure from a remark.
	Problem bool
	Message string
}

const (
	// notesAtATime is how many notes GitHub takes with a request.
	notesAtATime = 50
	// maxNotes is how many are shown in all.
	maxNotes = 200
)

// ErrNoChecks tells that the client is no GitHub App; a status says the same
// without notes.
var ErrNoChecks = errors.New("only a GitHub App can write checks")

// SetCheck adds a check to a commit, unless the newest of its name says the same: that
// is the one that is shown. It fails with ErrNoChecks when the client acts with a
// token.
func (c *Client) SetCheck(ctx context.Context, sha string, k Check) error {
	if !c.app {
		return ErrNoChecks
	}
	notes := k.Notes[:min(len(k.Notes), maxNotes)]
	word := k.word()
	there, _, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, sha, &gh.ListCheckRunsOptions{CheckName: &k.Name, Filter: gh.String("latest")})
	if err != nil {
		return failed(err, "list checks of commit %s", short(sha))
	}
	for _, run := range there.CheckRuns {
		// One that broke off half way has fewer notes, and is written again.
		if run.GetExternalID() == word && run.GetOutput().GetAnnotationsCount() == len(notes) {
			return nil
		}
	}
	first := notes[:min(len(notes), notesAtATime)]
	opts := gh.CreateCheckRunOptions{Name: k.Name, HeadSHA: sha, ExternalID: &word, Status: gh.String("in_progress"), Output: k.output(first)}
	if k.URL != "" {
		opts.DetailsURL = &k.URL
	}
	if k.State != Pending {
		opts.Status, opts.Conclusion = gh.String("completed"), gh.String(k.conclusion())
	}
	made, _, err := c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, opts)
	if err != nil {
		return failed(err, "write check %s of commit %s", k.Name, short(sha))
	}
	for notes = notes[len(first):]; len(notes) > 0; {
		n := min(len(notes), notesAtATime)
		_, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.repo, made.GetID(), gh.UpdateCheckRunOptions{Name: k.Name, Output: k.output(notes[:n])})
		if err != nil {
			return failed(err, "add notes to check %s of commit %s", k.Name, short(sha))
		}
		notes = notes[n:]
	}
	return nil
}

// word is a word for what a check says.
func (k *Check) word() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", *k))
	return "wavegate:" + hex.EncodeToString(sum[:12])
}

func (k *Check) conclusion() string {
	if k.State == Success {
		return "success"
	}
	return "failure"
}

func (k *Check) output(notes []Note) *gh.CheckRunOutput {
	out := &gh.CheckRunOutput{Title: gh.String(cut(k.Title, 255)), Summary: gh.String(cut(k.Summary, MaxBody-1))}
	for _, n := range notes {
		line, level := max(n.Line, 1), "notice"
		if n.Problem {
			level = "failure"
		}
		out.Annotations = append(out.Annotations, &gh.CheckRunAnnotation{
			Path: &n.Path, StartLine: &line, EndLine: &line, AnnotationLevel: &level, Message: gh.String(cut(n.Message, 8000)),
		})
	}
	return out
}
