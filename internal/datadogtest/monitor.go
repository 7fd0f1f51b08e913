package datadogtest

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Monitor is a monitor at Datadog.
type Monitor struct {
	ID   int64
	Name string
	// Tags are those of the monitor itself, which the field tag of a search
	// looks at.
	Tags   []string
	Groups []Group
}

// Group is one group of a monitor.
type Group struct {
	// Tags are the group's own, as in kafka_cluster:lkc-1. A monitor that is
	// not grouped has one group with the tag "total".
	Tags []string
	// Status is OK, Alert, Warn, No Data, Ignored, Skipped or Unknown; OK
	// without it.
	Status string
	// Triggered is when the group last triggered; never without it.
	Triggered time.Time
	Muted     bool
}

// Name is how Datadog calls the group.
func (g Group) Name() string { return strings.Join(g.Tags, ",") }

func (g Group) status() string { return cmp.Or(g.Status, "OK") }

// SetMonitors replaces all monitors.
func (s *Server) SetMonitors(monitors ...Monitor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.monitors = make([]Monitor, len(monitors))
	for i, m := range monitors {
		m.Groups = slices.Clone(m.Groups)
		s.monitors[i] = m
	}
}

// Change has f change one group of a monitor, if there is one of that name.
func (s *Server) Change(monitor int64, group string, f func(*Group)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.monitors {
		for j := range s.monitors[i].Groups {
			if g := &s.monitors[i].Groups[j]; s.monitors[i].ID == monitor && g.Name() == group {
				f(g)
			}
		}
	}
}

// found is a group that a search found.
type found struct {
	monitor *Monitor
	group   *Group
}

func (s *Server) find(query string) ([]found, error) {
	matches, err := parseSearch(query)
	if err != nil {
		return nil, err
	}
	var all []found
	for i := range s.monitors {
		for j := range s.monitors[i].Groups {
			f := found{&s.monitors[i], &s.monitors[i].Groups[j]}
			if matches(f) {
				all = append(all, f)
			}
		}
	}
	return all, nil
}

func (s *Server) searchGroups(w http.ResponseWriter, query url.Values, fault Fault) {
	all, err := s.find(query.Get("query"))
	if err != nil {
		fail(w, http.StatusBadRequest, "Query parsing error: "+err.Error())
		return
	}
	page, perPage := number(query.Get("page"), 0), number(query.Get("per_page"), 30)
	if page < 0 || perPage < 1 {
		fail(w, http.StatusBadRequest, "Invalid page or per_page")
		return
	}
	perPage = min(perPage, s.cfg.MaxPerPage)
	if query.Get("sort") == "name,asc" {
		slices.SortStableFunc(all, func(a, b found) int { return strings.Compare(a.monitor.Name, b.monitor.Name) })
	}
	shown := page
	if fault.Repeat {
		shown = max(0, page-1)
	}
	from := min(len(all), shown*perPage)
	part := all[from:min(len(all), from+perPage)]
	part = part[:max(0, len(part)-fault.Drop)]
	groups := make([]map[string]any, len(part))
	for i, f := range part {
		groups[i] = f.render()
	}
	reply(w, http.StatusOK, map[string]any{
		"counts": counts(all),
		"groups": groups,
		"metadata": map[string]any{
			"page": page, "per_page": perPage,
			"page_count":  (len(all)+perPage-1)/perPage + fault.Pages,
			"total_count": len(all) + fault.Total,
		},
	})
}

// render gives the fields that Datadog gives, also those that its reference
// does not name.
func (f found) render() map[string]any {
	var until any
	downtimes := []any{}
	if f.group.Muted {
		until = int64(math.MaxInt64)
		downtimes = append(downtimes, map[string]any{
			"id": 1261921201, "scope": []string{"*"}, "monitor_id": f.monitor.ID, "monitor_tags": []string{},
			"start_dt": 1620932312, "end_dt": nil, "modified": 1620932313,
		})
	}
	triggered := int64(0)
	if !f.group.Triggered.IsZero() {
		triggered = f.group.Triggered.Unix()
	}
	return map[string]any{
		"status": f.group.status(), "group": f.group.Name(), "group_tags": orEmpty(f.group.Tags),
		"monitor_id": f.monitor.ID, "monitor_name": f.monitor.Name, "all_tags": orEmpty(f.monitor.Tags),
		"last_triggered_ts": triggered, "last_nodata_ts": 0,
		"muted": f.group.Muted, "muted_until_ts": until, "muted_remaining": until, "downtimes": downtimes,
		"env_tags": []string{}, "team_tags": []string{}, "priority": nil,
	}
}

func orEmpty(tags []string) []string {
	if tags == nil {
		return []string{}
	}
	return tags
}

// counts are the facets of a search.
func counts(all []found) map[string]any {
	status, muted := map[string]int{}, map[bool]int{}
	for _, f := range all {
		status[f.group.status()]++
		muted[f.group.Muted]++
	}
	return map[string]any{"status": facet(status), "muted": facet(muted), "tag": []any{}, "type": []any{}}
}

func facet[K comparable](counted map[K]int) []map[string]any {
	items := []map[string]any{}
	for name, count := range counted {
		items = append(items, map[string]any{"name": name, "count": count})
	}
	return items
}

func number(text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
