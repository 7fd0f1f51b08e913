package datadog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestCheckTellsWhatKeepsMonitorsFromBeingReliedUpon(t *testing.T) {
	muted := onCluster("lkc-2", "OK")
	muted.Muted = true
	tests := []struct {
		story  string
		groups []datadogtest.Group
		query  string
		says   []string // each a part of one problem
	}{
		{"all is well", []datadogtest.Group{onCluster("lkc-1", "OK")}, kafkaQuery, nil},
		{"it fires, and so it works", []datadogtest.Group{onCluster("lkc-1", "Alert"), onCluster("lkc-2", "Warn")}, kafkaQuery, nil},
		{"it does not exist", nil, kafkaQuery, []string{"no monitor matches the query"}},
		{"it is muted for one cluster", []datadogtest.Group{onCluster("lkc-1", "OK"), muted}, kafkaQuery, []string{"kafka_cluster:lkc-2 of monitor 7 is muted"}},
		{"it has no data", []datadogtest.Group{onCluster("lkc-1", "No Data")}, kafkaQuery, []string{"kafka_cluster:lkc-1 of monitor 7 has no data"}},
		{"it is not grouped by cluster", []datadogtest.Group{{Tags: []string{"host:a"}}}, kafkaQuery, []string{"no group has the tag kafka_cluster"}},
		{
			"two things at once",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), muted, {Tags: []string{"total"}}},
			kafkaQuery,
			[]string{"is muted", "1 group without the tag kafka_cluster: total of monitor 7"},
		},
		{"Datadog does not understand the query", nil, "colour:red", []string{"it cannot be read: Datadog answers 400: Query parsing error: 'colour' is not a valid field"}},
		{"the query hides what is muted", nil, "tag:service:kafka muted:false", []string{"its query looks at muted"}},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			w.server.SetMonitors(replicas(test.groups...))
			problems := w.monitors.Check(t.Context(), []fleet.Product{product("kafka", test.query)})
			if len(problems) != len(test.says) {
				t.Fatalf("got %v, want %d problems", problems, len(test.says))
			}
			for i, p := range problems {
				if p.Product != "kafka" || p.Monitor != "m0" || !strings.Contains(p.Message, test.says[i]) {
					t.Errorf("got %v, want it to say %q", p, test.says[i])
				}
			}
		})
	}
}

func TestCheckNamesEachMonitorAndAsksOnce(t *testing.T) {
	w := newWorld(t, atNoon)
	products := []fleet.Product{product("kafka", kafkaQuery, "tag:other"), product("ksqldb", kafkaQuery)}
	var got []string
	for _, p := range w.monitors.Check(t.Context(), products) {
		name, _, _ := strings.Cut(p.String(), ":")
		got = append(got, name)
	}
	if want := []string{"kafka/m0", "kafka/m1", "ksqldb/m0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(w.searches()); n != 2 {
		t.Errorf("%d searches", n)
	}
}

func TestCheckWithAWrongKeySaysSoForEachMonitorAfterOneCall(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetKeys("other", "keys")
	problems := w.monitors.Check(t.Context(), []fleet.Product{product("kafka", kafkaQuery, "tag:other")})
	if len(problems) != 2 || !strings.Contains(problems[1].Message, "403") {
		t.Errorf("got %v", problems)
	}
	if n := len(w.server.Requests()); n != 1 {
		t.Errorf("%d calls", n)
	}
}
