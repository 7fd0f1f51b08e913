package github

import (
	"context"

	gh "github.com/google/go-github/v62/github"
)

// Reaction is a little picture under a comment.
type Reaction string

// The reactions that GitHub knows.
const (
	ThumbsUp   Reaction = "+1"
	ThumbsDown Reaction = "-1"
	Laugh      Reaction = "laugh"
	Confused   Reaction = "confused"
	Heart      Reaction = "heart"
	Hooray     Reaction = "hooray"
	Rocket     Reaction = "rocket"
	Eyes       Reaction = "eyes"
)

// React puts a reaction under a comment; once, however often it is called.
func (c *Client) React(ctx context.Context, comment int64, r Reaction) error {
	if _, _, err := c.api.Reactions.CreateIssueCommentReaction(ctx, c.owner, c.repo, comment, string(r)); err != nil {
		return failed(err, "react to comment %d", comment)
	}
	return nil
}

// Reacted lists the client's own reactions to a comment. It tells after a restart
// which commands were answered.
func (c *Client) Reacted(ctx context.Context, comment int64) ([]Reaction, error) {
	self, err := c.Self(ctx)
	if err != nil {
		return nil, err
	}
	list, err := every(func(opts gh.ListOptions) ([]*gh.Reaction, *gh.Response, error) {
		return c.api.Reactions.ListIssueCommentReactions(ctx, c.owner, c.repo, comment, &opts)
	})
	if err != nil {
		return nil, failed(err, "list reactions to comment %d", comment)
	}
	var out []Reaction
	for _, r := range list {
		if same(r.GetUser().GetLogin(), self) {
			out = append(out, Reaction(r.GetContent()))
		}
	}
	return out, nil
}
