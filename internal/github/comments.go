package github

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gh "github.com/google/go-github/v62/github"
)

// MaxBody is how many characters the body of a comment, an issue or a pull request
// may have.
const MaxBody = 65536

// Comment is a comment on an issue or a pull request.
type Comment struct {
	ID int64
	// On is the number of the issue or the pull request.
	On     int
	Author string
	// Bot tells that its author is an app.
	Bot              bool
	Body             string
	Created, Updated time.Time
	URL              string
}

// Edited tells that the comment is not as it was written.
func (c Comment) Edited() bool { return !c.Updated.Equal(c.Created) }

// Comments lists the comments of the repository that were written or changed at
// or after a time, those changed longest ago first.
func (c *Client) Comments(ctx context.Context, since time.Time) ([]Comment, error) {
	return c.comments(ctx, 0, &gh.IssueListCommentsOptions{
		Sort: gh.String("updated"), Direction: gh.String("asc"), Since: &since,
	})
}

// CommentsOn lists all comments of an issue or a pull request, the oldest first.
func (c *Client) CommentsOn(ctx context.Context, number int) ([]Comment, error) {
	return c.comments(ctx, number, &gh.IssueListCommentsOptions{})
}

// comments lists comments; number 0 means those of the whole repository.
func (c *Client) comments(ctx context.Context, number int, opts *gh.IssueListCommentsOptions) ([]Comment, error) {
	list, err := every(func(page gh.ListOptions) ([]*gh.IssueComment, *gh.Response, error) {
		opts.ListOptions = page
		return c.api.Issues.ListComments(ctx, c.owner, c.repo, number, opts)
	})
	if err != nil {
		return nil, failed(err, "list comments")
	}
	out := make([]Comment, len(list))
	for i, k := range list {
		out[i] = comment(k)
	}
	return out, nil
}

func comment(k *gh.IssueComment) Comment {
	on, _ := strconv.Atoi(path.Base(k.GetIssueURL())) // 0 when GitHub does not say
	return Comment{
		ID: k.GetID(), On: on, Author: k.GetUser().GetLogin(), Bot: k.GetUser().GetType() == "Bot", Body: k.GetBody(),
		Created: k.GetCreatedAt().Time, Updated: k.GetUpdatedAt().Time, URL: k.GetHTMLURL(),
	}
}

// living names a comment that is kept up to date.
type living struct {
	on     int
	marker string
}

// Say keeps one comment on an issue or a pull request up to date. It is found
// again by its marker, a word that is hidden in it; only comments of the client's
// own account are looked at. A comment that says the same already is left alone.
// Should there be two, because two clients have begun at the same moment, the
// older one stays.
func (c *Client) Say(ctx context.Context, number int, marker, body string) (Comment, error) {
	text, err := mark(marker, body)
	if err != nil {
		return Comment{}, fmt.Errorf("comment on %d: %w", number, err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	now, err := c.said(ctx, living{number, marker})
	switch {
	case err != nil:
		return Comment{}, err
	case now == nil:
		k, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, number, &gh.IssueComment{Body: &text})
		if err != nil {
			return Comment{}, failed(err, "comment on %d", number)
		}
		out := comment(k)
		c.remember(living{number, marker}, out.ID)
		return out, nil
	case sameText(now.Body, text):
		return *now, nil
	}
	k, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, now.ID, &gh.IssueComment{Body: &text})
	if err != nil {
		return Comment{}, failed(err, "edit comment %d on %d", now.ID, number)
	}
	return comment(k), nil
}

// Said returns the comment that Say keeps up to date, or nil.
func (c *Client) Said(ctx context.Context, number int, marker string) (*Comment, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.said(ctx, living{number, marker})
}

func (c *Client) said(ctx context.Context, key living) (*Comment, error) {
	c.mu.Lock()
	id := c.living[key]
	c.mu.Unlock()
	if id != 0 {
		k, _, err := c.api.Issues.GetComment(ctx, c.owner, c.repo, id)
		if err == nil {
			out := comment(k)
			return &out, nil
		}
		if err = failed(err, "read comment %d", id); !missing(err) {
			return nil, err
		}
		c.remember(key, 0)
	}
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	list, err := c.CommentsOn(ctx, key.on)
	if err != nil {
		return nil, err
	}
	var first *Comment
	for i := range list {
		if !same(list[i].Author, self) || !marked(key.marker, list[i].Body) {
			continue
		}
		if first == nil {
			first = &list[i]
			continue
		}
		if _, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, list[i].ID); err != nil {
			if err = failed(err, "delete comment %d, which is doubled", list[i].ID); !missing(err) {
				return nil, err
			}
		}
	}
	if first != nil {
		c.remember(key, first.ID)
	}
	return first, nil
}

// maxLiving is how many comments are remembered before all are looked for again.
const maxLiving = 4096

func (c *Client) remember(key living, id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.living) >= maxLiving {
		clear(c.living)
	}
	if id == 0 {
		delete(c.living, key)
		return
	}
	c.living[key] = id
}

// mark puts a marker before a text. It is the first line, so that no text that is
// quoted can take its place.
func mark(marker, body string) (string, error) {
	if marker == "" || strings.Trim(marker, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") != "" || strings.Contains(marker, "--") {
		return "", fmt.Errorf("%q is no marker: use letters, digits and single dashes", marker)
	}
	text := "<!-- wavegate:" + marker + " -->\n" + body
	if n := utf8.RuneCountInString(text); n > MaxBody {
		return "", fmt.Errorf("the text has %d characters, %d more than GitHub takes", n, n-MaxBody)
	}
	return text, nil
}

// marked says whether a text begins with a marker.
func marked(marker, body string) bool {
	first, _, _ := strings.Cut(body, "\n")
	return strings.TrimSpace(first) == "<!-- wavegate:"+marker+" -->"
}

// sameText says whether two texts are the same to a reader: GitHub may store line
// ends and the end of a text in its own way.
func sameText(a, b string) bool {
	tidy := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return tidy(a) == tidy(b)
}
