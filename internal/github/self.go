package github

import (
	"context"
	"fmt"
	"strings"
)

// Self is the client's own account. What others write is never taken for its own.
func (c *Client) Self(ctx context.Context) (login string, err error) {
	c.mu.Lock()
	login = c.login
	c.mu.Unlock()
	if login != "" {
		return login, nil
	}
	if c.app {
		app, _, err := c.api.Apps.Get(ctx, "")
		if err != nil {
			return "", failed(err, "read name of the app")
		}
		login = app.GetSlug() + "[bot]"
	} else {
		user, _, err := c.api.Users.Get(ctx, "")
		if err != nil {
			return "", failed(err, "read whose token this is")
		}
		login = user.GetLogin()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.login = login
	return login, nil
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

// id is the number of the repository, which stays when it gets another name.
func (c *Client) id(ctx context.Context) (int64, error) {
	c.mu.Lock()
	id := c.number
	c.mu.Unlock()
	if id != 0 {
		return id, nil
	}
	r, _, err := c.api.Repositories.Get(ctx, c.owner, c.repo)
	if err != nil {
		return 0, failed(err, "read repository %s/%s", c.owner, c.repo)
	}
	if r.GetID() == 0 {
		return 0, fmt.Errorf("read repository %s/%s: GitHub's answer has no id", c.owner, c.repo)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number = r.GetID()
	return c.number, nil
}
