package datadog

import (
	"slices"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

// groupID tells one group from another.
type groupID struct {
	monitor int64
	name    string
}

// group is what Datadog says about one group of a monitor.
type group struct {
	id        groupID
	tags      []string
	status    datadogV1.MonitorOverallStates
	triggered time.Time // zero when it is not known
	muted     bool
	// broken says that some of it could not be read.
	broken bool
}

func newGroup(r *datadogV1.MonitorGroupSearchResult) group {
	g := group{
		id:   groupID{monitor: r.GetMonitorId(), name: r.GetGroup()},
		tags: r.GroupTags, status: r.GetStatus(), muted: muted(r.AdditionalProperties),
		broken: r.MonitorId == nil || r.Group == nil || r.GroupTags == nil,
	}
	if text, ok := r.UnparsedObject["status"].(string); ok && r.Status == nil {
		g.status = datadogV1.MonitorOverallStates(text)
	}
	if ts := r.LastTriggeredTs.Get(); ts != nil && *ts > 0 {
		g.triggered = time.Unix(*ts, 0).UTC()
	}
	return g
}

// muted reads a field that the API reference does not have. Anything in it but
// false counts as muted.
func muted(more map[string]any) bool {
	value, ok := more["muted"]
	return ok && value != nil && value != false
}

// clustersOf returns the clusters that a group speaks of: the values of its
// tag, which is all that follows the first colon. Datadog names the group of
// what has no such tag N/A, which is no cluster.
func clustersOf(tags []string, tag string) []string {
	var clusters []string
	for _, t := range tags {
		name, value, ok := strings.Cut(t, ":")
		if !ok || name != tag || value == "" || strings.EqualFold(value, "n/a") || slices.Contains(clusters, value) {
			continue
		}
		clusters = append(clusters, value)
	}
	slices.Sort(clusters)
	return clusters
}
