package github

import (
	"fmt"

	gh "github.com/google/go-github/v62/github"
)

const (
	// pageSize is the most that GitHub gives at a time.
	pageSize = 100
	// maxPages bounds a list that never ends.
	maxPages = 100
)

// every reads a list to its end.
func every[T any](page func(gh.ListOptions) ([]T, *gh.Response, error)) ([]T, error) {
	opts := gh.ListOptions{PerPage: pageSize}
	var all []T
	for range maxPages {
		items, resp, err := page(opts)
		if err != nil {
			return nil, plain(err)
		}
		all = append(all, items...)
		if resp.NextPage == 0 {
			return all, nil
		}
		opts.Page = resp.NextPage
	}
	return nil, fmt.Errorf("the list has more than %d pages", maxPages)
}
