package github

import (
	"context"
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
