package datadog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

const (
	// maxAttempts is how often a search is made whose pages do not fit.
	maxAttempts = 3
	// maxGroups bounds what a query can make us hold.
	maxGroups = 500_000
)

// errPages tells that the pages of a search do not fit together.
var errPages = errors.New("the pages of the answer do not fit together")

// groups returns all groups that a query finds, sorted, or an error: never a
// part of them. It also returns on how many pages they came.
func (c *client) groups(ctx context.Context, query string) (all []group, pages int, err error) {
	for range maxAttempts {
		if all, pages, err = c.pages(ctx, query); !errors.Is(err, errPages) {
			return all, pages, err
		}
	}
	return nil, 0, fmt.Errorf("%w, %d times in a row", err, maxAttempts)
}

// pages reads one page after the other until the groups are as many as Datadog
// says there are in all. The number of pages only makes it look once more, since
// Datadog has been seen to put the number of groups on the page there.
//
// One change is not noticed: between two pages a group goes and another one
// comes, further back. It hides a group; see gone.
func (c *client) pages(ctx context.Context, query string) ([]group, int, error) {
	var all []group
	seen := map[groupID]bool{}
	total := 0
	for number := 0; ; number++ {
		p, err := c.page(ctx, query, number)
		if err != nil {
			return nil, 0, err
		}
		if number == 0 {
			total = p.total
		}
		switch {
		case p.total != total:
			return nil, 0, fmt.Errorf("%w: first there were %d groups in all, then %d", errPages, total, p.total)
		case total > maxGroups:
			return nil, 0, &callError{blame: thisQuery, text: fmt.Sprintf("the query finds %d groups, more than %d; make it narrower", total, maxGroups)}
		case p.number != number:
			return nil, 0, fmt.Errorf("%w: page %d came for page %d", errPages, p.number, number)
		}
		for _, g := range p.groups {
			if g.id == (groupID{}) {
				continue // it cannot be told from others, and says itself that it is broken
			}
			if seen[g.id] {
				return nil, 0, fmt.Errorf("%w: group %s of monitor %d came twice", errPages, clean(g.id.name, 80), g.id.monitor)
			}
			seen[g.id] = true
		}
		all = append(all, p.groups...)
		switch {
		case len(all) > total:
			return nil, 0, fmt.Errorf("%w: %d groups came, and there should be %d", errPages, len(all), total)
		case len(all) == total && (number+1 >= p.pages || len(p.groups) == 0):
			slices.SortFunc(all, func(a, b group) int {
				return cmp.Or(cmp.Compare(a.id.monitor, b.id.monitor), cmp.Compare(a.id.name, b.id.name))
			})
			return all, number + 1, nil
		case len(p.groups) == 0:
			return nil, 0, fmt.Errorf("%w: %d groups came of %d", errPages, len(all), total)
		}
	}
}

// page is one page of a search and what Datadog says about all of them.
type page struct {
	groups               []group
	number, pages, total int
}

func (c *client) page(ctx context.Context, query string, number int) (page, error) {
	var answer datadogV1.MonitorGroupSearchResponse
	err := c.call(ctx, &c.search, func(ctx context.Context) (resp *http.Response, err error) {
		answer, resp, err = c.v1.SearchMonitorGroups(ctx, *datadogV1.NewSearchMonitorGroupsOptionalParameters().
			WithQuery(query).WithPage(int64(number)).WithPerPage(int64(c.cfg.PerPage)).WithSort("name,asc"))
		return resp, err
	})
	if err != nil {
		return page{}, err
	}
	meta := answer.Metadata
	if meta == nil || meta.Page == nil || meta.PageCount == nil || meta.TotalCount == nil || *meta.TotalCount < 0 {
		return page{}, &callError{text: "Datadog's answer cannot be understood: it does not say how many groups there are"}
	}
	p := page{
		number: int(*meta.Page), pages: int(*meta.PageCount), total: int(*meta.TotalCount),
		groups: make([]group, len(answer.Groups)),
	}
	for i := range answer.Groups {
		p.groups[i] = newGroup(&answer.Groups[i])
	}
	return p, nil
}
