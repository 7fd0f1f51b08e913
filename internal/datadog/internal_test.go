package datadog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
)

func TestFieldsThatHideGroupsAreFound(t *testing.T) {
	tests := []struct{ query, field string }{
		{"tag:(service:kafka severity:critical)", ""},
		{"tag:service:kafka", ""},
		{"muted:false", "muted"},
		{"Muted:false", "muted"},
		{"tag:x muted:false", "muted"},
		{"tag:x AND (muted:false OR tag:y)", "muted"},
		{"tag:x -muted:true", "muted"},
		{"tag:x NOT muted:true", "muted"},
		{"(((status:ok)))", "status"},
		{"group_status:(Alert OR Warn)", "group_status"},
		{"triggered:5m", "triggered"},
		{"muted_left:30m tag:x", "muted_left"},
		{"tag:x muted_elapsed:3d", "muted_elapsed"},
		{`"muted":false`, "muted"},
		{"tag:x muted : false", "muted"},
		{"group_status: (alert OR warn)", "group_status"},
		{`"muted:false"`, ""},
		{`title:"status: muted"`, ""},
		{"tag:status:beta", ""},
		{"tag:(status:beta team:x)", ""},
		{"tag:(status:beta (muted:yes OR x)) muted:true", "muted"},
		{"tag:(a) status:ok", "status"},
		{"tag:(a)) status:ok", "status"},
		{"tag:((a) status:ok", ""},
		{"muted", ""},
		{"muted_by_us:x", ""},
		{"", ""},
	}
	for _, test := range tests {
		if got := stateField(test.query); got != test.field {
			t.Errorf("%s: got %q, want %q", test.query, got, test.field)
		}
	}
}

func TestHeadersThatLieHoldUsNoLongerThanTheLongestHold(t *testing.T) {
	now := time.Unix(0, 0)
	for _, reset := range []string{"99999999999999", "-5", "soon", "", "9223372036854775807"} {
		l := &limits{now: func() time.Time { return now }, rand: func() float64 { return 1 }}
		for range 100 {
			l.observe(429, map[string][]string{"X-Ratelimit-Reset": {reset}})
			if hold := l.next.Sub(now); hold <= 0 || hold > longestHold {
				t.Fatalf("reset %q: held for %v", reset, hold)
			}
		}
	}
}

// FuzzClustersOf holds that a cluster is always the whole value of a tag of that
// name, and that no tag of that name with a value is lost.
func FuzzClustersOf(f *testing.F) {
	f.Add("kafka_cluster:lkc-1,host:a", "kafka_cluster")
	f.Add("kafka_cluster:aws:eu:lkc-1", "kafka_cluster")
	f.Add("kafka_cluster:,kafka_cluster,:x,kafka_cluster:N/A", "kafka_cluster")
	f.Add("a:b,a:b,a:c", "a")
	f.Fuzz(func(t *testing.T, joined, tag string) {
		if strings.Contains(tag, ":") {
			t.Skip("a tag's name ends at the first colon")
		}
		tags := strings.Split(joined, ",")
		clusters := clustersOf(tags, tag)
		for i, c := range clusters {
			if c == "" || strings.EqualFold(c, "n/a") || !slices.Contains(tags, tag+":"+c) {
				t.Errorf("%q is no value of %q in %q", c, tag, tags)
			}
			if i > 0 && clusters[i-1] >= c {
				t.Errorf("%q is not sorted or has doubles", clusters)
			}
		}
		for _, have := range tags {
			if c, ok := strings.CutPrefix(have, tag+":"); ok && c != "" && !strings.EqualFold(c, "n/a") && !slices.Contains(clusters, c) {
				t.Errorf("%q of %q was lost", c, tags)
			}
		}
	})
}

// FuzzGroup holds that whatever Datadog sends as a group, it is only read as
// healthy if it says OK or Warn and is not muted, and that a group that fires is
// an alert or makes the monitor unknown.
func FuzzGroup(f *testing.F) {
	f.Add([]byte(`{"status":"OK","group":"kafka_cluster:a","group_tags":["kafka_cluster:a"],"monitor_id":7,"muted":false,"last_triggered_ts":1}`))
	f.Add([]byte(`{"status":"Alert","group":"total","group_tags":["total"],"monitor_id":7,"muted":true}`))
	f.Add([]byte(`{"status":"Fine","group":"x","group_tags":["kafka_cluster:a"],"monitor_id":7}`))
	f.Add([]byte(`{"status":1}`))
	f.Add([]byte(`{"muted":{"until":1},"group_tags":[null,"kafka_cluster:a"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var result datadogV1.MonitorGroupSearchResult
		if result.UnmarshalJSON(body) != nil {
			return
		}
		g := newGroup(&result)
		v := judge(newAnswer(time.Unix(0, 0), []group{g}, nil), "query", "kafka_cluster", "https://app.example.com")
		healthy := g.status == "OK" || g.status == "Warn"
		if v.unknown == "" && (!healthy && len(v.fires) == 0 || g.muted || g.broken || len(v.clusters) == 0) {
			t.Errorf("%s was read as healthy: %+v", body, v)
		}
		if g.status == "Alert" && len(v.fires) == 0 && v.unknown == "" {
			t.Errorf("%s fires in silence", body)
		}
		if strings.ContainsAny(v.unknown, "\n\r\x1b") {
			t.Errorf("the reason is longer than a line: %q", v.unknown)
		}
	})
}

// FuzzQueries holds that the readers of queries neither crash nor name a tag
// that is not there.
func FuzzQueries(f *testing.F) {
	f.Add("avg:kafka.cpu{*} by {kafka_cluster}", "kafka_cluster")
	f.Add("avg:a{*} by {b,c} / sum:d{x:y} by{c , b}", "")
	f.Add("tag:(a \"b:( c\" muted:x) OR -status:ok", "")
	f.Add("by {by {}}", "")
	f.Fuzz(func(t *testing.T, query, tag string) {
		if field := stateField(query); field != "" && !strings.Contains(strings.ToLower(strings.ReplaceAll(query, `"`, "")), field) {
			t.Errorf("%q was found in %q", field, query)
		}
		got, err := groupedBy(query, tag)
		if err == nil && (got == "" || !strings.Contains(query, got) || tag != "" && got != tag) {
			t.Errorf("%q groups by %q", query, got)
		}
	})
}
