package datadog

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

// verdict is what the groups of one query say, read with one cluster tag.
type verdict struct {
	// blind says why the query tells nothing about any cluster, or is empty.
	blind string
	// unknown says why the monitor cannot be relied upon, or is empty.
	unknown         string
	fires           []fire
	clusters        []string // those that the groups speak of
	ok, warn, alert int
	unmapped        []string // groups without the tag
	troubles        []string // groups that cannot be relied upon, each with the reason
	everywhere      []string // those of them that could speak of any cluster
	spots           []spot   // the others, by cluster
}

// spot is a cluster of which a group cannot be relied upon.
type spot struct{ cluster, why string }

// fire is a group that fires on a cluster.
type fire struct {
	cluster string
	since   time.Time
	link    string
}

func judge(a *answer, query, tag, appURL string) *verdict {
	v := &verdict{}
	for i := range a.groups {
		v.add(&a.groups[i], tag, a.since[a.groups[i].id], appURL)
	}
	slices.SortFunc(v.fires, func(a, b fire) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), a.since.Compare(b.since), cmp.Compare(a.link, b.link))
	})
	// Groups of one cluster that began to fire together are one alert.
	v.fires = slices.CompactFunc(v.fires, func(a, b fire) bool { return a.cluster == b.cluster && a.since.Equal(b.since) })
	slices.Sort(v.clusters)
	v.clusters = slices.Compact(v.clusters)
	switch {
	case len(a.groups) == 0:
		v.blind = "no monitor matches the query " + clean(query, 200)
	case len(v.clusters) == 0:
		v.blind = fmt.Sprintf("no group has the tag %s; the query finds %s", tag, plural(len(a.groups), "group"))
		if v.alert > 0 {
			v.blind += fmt.Sprintf(" (%d alerting)", v.alert)
		}
	}
	v.unknown = v.blind
	v.settleSpots()
	switch {
	case v.unknown != "":
	case len(v.everywhere) > 0:
		v.unknown = list(v.everywhere, 3)
	case len(v.spots) == len(v.clusters):
		// It is blind to every cluster that it speaks of, as when all of the
		// monitor is muted: nothing is left to rely upon anywhere.
		v.unknown = list(v.troubles, 3)
	}
	return v
}

// settleSpots keeps one spot for each cluster, with the reasons of its groups.
func (v *verdict) settleSpots() {
	why := map[string][]string{}
	for _, s := range v.spots {
		why[s.cluster] = append(why[s.cluster], s.why)
	}
	v.spots = v.spots[:0]
	for _, cluster := range slices.Sorted(maps.Keys(why)) {
		v.spots = append(v.spots, spot{cluster, list(why[cluster], 3)})
	}
}

func (v *verdict) add(g *group, tag string, since time.Time, appURL string) {
	name := fmt.Sprintf("%s of monitor %d", clean(g.id.name, 120), g.id.monitor)
	clusters := clustersOf(g.tags, tag)
	if len(clusters) == 0 {
		v.unmapped = append(v.unmapped, name)
	}
	v.clusters = append(v.clusters, clusters...)
	// What is not understood may mean anything: it is held against the monitor as
	// a whole.
	trouble, strange := "", g.broken
	switch g.status {
	case datadogV1.MONITOROVERALLSTATES_OK:
		v.ok++
	case datadogV1.MONITOROVERALLSTATES_WARN:
		v.warn++
	case datadogV1.MONITOROVERALLSTATES_ALERT:
		v.alert++
		for _, cluster := range clusters {
			v.fires = append(v.fires, fire{cluster, since, link(appURL, g.id)})
		}
		if len(clusters) == 0 {
			trouble = "fires and has no tag " + tag
		}
	case datadogV1.MONITOROVERALLSTATES_NO_DATA:
		trouble = "has no data"
	case datadogV1.MONITOROVERALLSTATES_IGNORED, datadogV1.MONITOROVERALLSTATES_SKIPPED, datadogV1.MONITOROVERALLSTATES_UNKNOWN:
		trouble = "is " + strings.ToLower(string(g.status))
	case "":
		trouble, strange = "has no status", true
	default:
		strange = true
		trouble = "has a status that is not known, " + clean(strconv.Quote(string(g.status)), 60)
	}
	if g.muted {
		trouble = join(trouble, "is muted")
	}
	if g.broken {
		trouble = join(trouble, "cannot be understood")
	}
	if trouble == "" {
		return
	}
	v.troubles = append(v.troubles, name+" "+trouble)
	if len(clusters) == 0 || strange {
		v.everywhere = append(v.everywhere, name+" "+trouble)
		return
	}
	for _, cluster := range clusters {
		v.spots = append(v.spots, spot{cluster, name + " " + trouble})
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " and " + b
}

// link leads to the group on the monitor's page.
func link(appURL string, id groupID) string {
	return appURL + "/monitors/" + strconv.FormatInt(id.monitor, 10) + "?group=" + url.QueryEscape(id.name)
}

// list names the first of many.
func list(items []string, most int) string {
	if len(items) <= most {
		return strings.Join(items, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(items[:most], ", "), len(items)-most)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
