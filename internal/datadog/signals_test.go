package datadog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadog"
	"github.com/wavegate-dev/wavegate/internal/datadogtest"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestWhatGroupsSayAboutClusters(t *testing.T) {
	muted := onCluster("lkc-1", "OK")
	muted.Muted = true
	mutedAlert := onCluster("lkc-1", "Alert")
	mutedAlert.Muted = true
	total := func(status string) datadogtest.Group {
		return datadogtest.Group{Tags: []string{"total"}, Status: status}
	}
	tests := []struct {
		story   string
		groups  []datadogtest.Group
		firing  []string
		unknown []string // parts of the reason
		blind   []string // the clusters that it is blind to, and why
	}{
		{
			"all is well",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), onCluster("lkc-2", "OK")},
			nil, nil, nil,
		},
		{
			"one cluster of two fires",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), onCluster("lkc-2", "Alert")},
			[]string{"lkc-2"},
			nil, nil,
		},
		{
			"a warning is no alert",
			[]datadogtest.Group{onCluster("lkc-1", "Warn")},
			nil, nil, nil,
		},
		{
			"no data is not health",
			[]datadogtest.Group{onCluster("lkc-1", "No Data"), onCluster("lkc-2", "OK")},
			nil,
			nil,
			[]string{"lkc-1: kafka_cluster:lkc-1 of monitor 7 has no data"},
		},
		{
			"a skipped evaluation is not health",
			[]datadogtest.Group{onCluster("lkc-1", "Skipped")},
			nil,
			[]string{"is skipped"},
			nil,
		},
		{
			"an ignored group is not health",
			[]datadogtest.Group{onCluster("lkc-1", "Ignored")},
			nil,
			[]string{"is ignored"},
			nil,
		},
		{
			"unknown is not health",
			[]datadogtest.Group{onCluster("lkc-1", "Unknown")},
			nil,
			[]string{"is unknown"},
			nil,
		},
		{
			"a status that Datadog will invent is not health",
			[]datadogtest.Group{onCluster("lkc-1", "Degraded")},
			nil,
			[]string{`has a status that is not known, "Degraded"`},
			nil,
		},
		{
			"a muted group is not health",
			[]datadogtest.Group{muted, onCluster("lkc-2", "OK")},
			nil,
			nil,
			[]string{"lkc-1: kafka_cluster:lkc-1 of monitor 7 is muted"},
		},
		{
			"a muted group that fires is an alert as well",
			[]datadogtest.Group{mutedAlert},
			[]string{"lkc-1"},
			[]string{"is muted"},
			nil,
		},
		{
			"another cluster without data hides no alert",
			[]datadogtest.Group{onCluster("lkc-1", "No Data"), onCluster("lkc-2", "Alert")},
			[]string{"lkc-2"},
			nil,
			[]string{"lkc-1: kafka_cluster:lkc-1 of monitor 7 has no data"},
		},
		{
			"many groups without data are named in part",
			[]datadogtest.Group{
				onCluster("lkc-1", "No Data"), onCluster("lkc-2", "No Data"),
				onCluster("lkc-3", "No Data"), onCluster("lkc-4", "No Data"), onCluster("lkc-5", "No Data"),
			},
			nil,
			[]string{"lkc-1", "lkc-3", "and 2 more"},
			nil,
		},
		{
			"a cluster is blind for all the reasons of its groups",
			[]datadogtest.Group{
				{Tags: []string{"kafka_cluster:lkc-1", "host:b"}, Status: "No Data"},
				{Tags: []string{"kafka_cluster:lkc-1", "host:a"}, Status: "OK", Muted: true},
				onCluster("lkc-2", "OK"),
			},
			nil, nil,
			[]string{"lkc-1: kafka_cluster:lkc-1,host:a of monitor 7 is muted, kafka_cluster:lkc-1,host:b of monitor 7 has no data"},
		},
		{
			"one of its hosts has no data and another fires",
			[]datadogtest.Group{
				{Tags: []string{"kafka_cluster:lkc-1", "host:b"}, Status: "No Data"},
				{Tags: []string{"kafka_cluster:lkc-1", "host:a"}, Status: "Alert"},
				onCluster("lkc-2", "OK"),
			},
			[]string{"lkc-1"},
			nil,
			[]string{"lkc-1: kafka_cluster:lkc-1,host:b of monitor 7 has no data"},
		},
		{
			"a group of two clusters that has no data blinds both",
			[]datadogtest.Group{
				{Tags: []string{"kafka_cluster:lkc-2", "kafka_cluster:lkc-1"}, Status: "No Data"}, onCluster("lkc-3", "OK"),
			},
			nil, nil,
			[]string{
				"lkc-1: kafka_cluster:lkc-2,kafka_cluster:lkc-1 of monitor 7 has no data",
				"lkc-2: kafka_cluster:lkc-2,kafka_cluster:lkc-1 of monitor 7 has no data",
			},
		},
		{
			"a group without the tag that has no data could be any cluster",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), total("No Data")},
			nil,
			[]string{"total of monitor 7 has no data"},
			nil,
		},
		{
			"all of the monitor is muted",
			[]datadogtest.Group{muted, {Tags: []string{"kafka_cluster:lkc-2"}, Status: "OK", Muted: true}},
			nil,
			[]string{"kafka_cluster:lkc-1 of monitor 7 is muted", "kafka_cluster:lkc-2 of monitor 7 is muted"},
			nil,
		},
		{
			"the query finds nothing", nil,
			nil,
			[]string{"no monitor matches the query " + kafkaQuery},
			nil,
		},
		{
			"no group has the tag",
			[]datadogtest.Group{total("OK")},
			nil,
			[]string{"no group has the tag kafka_cluster; the query finds 1 group"},
			nil,
		},
		{
			"no group has the tag and one fires",
			[]datadogtest.Group{total("Alert")},
			nil,
			[]string{"no group has the tag kafka_cluster; the query finds 1 group (1 alerting)"},
			nil,
		},
		{
			"a group without the tag that is well blinds nobody",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), total("OK")},
			nil, nil, nil,
		},
		{
			"a group without the tag that fires could be any cluster",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), total("Alert")},
			nil,
			[]string{"total of monitor 7 fires and has no tag kafka_cluster"},
			nil,
		},
		{
			"the value of the tag holds colons",
			[]datadogtest.Group{onCluster("aws:eu-1:lkc-1", "Alert")},
			[]string{"aws:eu-1:lkc-1"},
			nil, nil,
		},
		{
			"the tag is not the first",
			[]datadogtest.Group{{Tags: []string{"host:kafka_cluster:x", "kafka_cluster:lkc-1"}, Status: "Alert"}},
			[]string{"lkc-1"},
			nil, nil,
		},
		{
			"another tag only begins like it",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), {Tags: []string{"kafka_cluster_id:lkc-9"}, Status: "Alert"}},
			nil,
			[]string{"kafka_cluster_id:lkc-9 of monitor 7 fires and has no tag kafka_cluster"},
			nil,
		},
		{
			"a group with the tag twice speaks of both clusters",
			[]datadogtest.Group{{Tags: []string{"kafka_cluster:lkc-2", "kafka_cluster:lkc-1"}, Status: "Alert"}},
			[]string{"lkc-1", "lkc-2"},
			nil, nil,
		},
		{
			"what has no such tag is no cluster named N/A",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), onCluster("N/A", "Alert")},
			nil,
			[]string{"kafka_cluster:N/A of monitor 7 fires and has no tag"},
			nil,
		},
		{
			"an empty value is no cluster",
			[]datadogtest.Group{onCluster("lkc-1", "OK"), onCluster("", "Alert")},
			nil,
			[]string{"fires and has no tag"},
			nil,
		},
		{
			"two hosts of a cluster that began to fire together are one alert",
			[]datadogtest.Group{
				{Tags: []string{"kafka_cluster:lkc-1", "host:a"}, Status: "Alert", Triggered: noon},
				{Tags: []string{"kafka_cluster:lkc-1", "host:b"}, Status: "Alert", Triggered: noon},
			},
			[]string{"lkc-1"},
			nil, nil,
		},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			w := newWorld(t, atNoon)
			w.server.SetMonitors(
				replicas(test.groups...),
				datadogtest.Monitor{ID: 9, Name: "Not ours", Tags: []string{"service:web"}, Groups: []datadogtest.Group{onCluster("lkc-9", "Alert")}},
			)
			s := w.poll(t, kafka())
			wantFiring(t, s, test.firing...)
			wantUnknown(t, s, m0, test.unknown...)
			wantBlind(t, s, m0, test.blind...)
			if got := s.Sources[m0].AsOf; !got.Equal(noon) {
				t.Errorf("as of %v, want the beginning of the poll", got)
			}
		})
	}
}

func TestAnAlertSaysSinceWhenAndWhereToLook(t *testing.T) {
	w := newWorld(t, atNoon, func(c *datadog.Config) { c.Site = "us5.datadoghq.com" })
	g := datadogtest.Group{Tags: []string{"kafka_cluster:lkc-1", "host:a b"}, Status: "Alert", Triggered: noon.Add(-time.Minute)}
	w.server.SetMonitors(replicas(g))
	s := w.poll(t, kafka())
	want := plan.Alert{
		Product: "kafka", Monitor: "m0", Cluster: "lkc-1", Since: noon.Add(-time.Minute),
		Link: "https://us5.datadoghq.com/monitors/7?group=kafka_cluster%3Alkc-1%2Chost%3Aa+b",
	}
	if len(s.Alerts) != 1 || s.Alerts[0] != want {
		t.Errorf("got %+v, want %+v", s.Alerts, want)
	}
}

func TestSinceWhenAGroupFires(t *testing.T) {
	const minute = time.Minute
	tests := []struct {
		story         string
		before, now   datadogtest.Group // without tags; the second poll is a minute after noon
		sinceAtSecond time.Time
	}{
		{
			"it fires for the first time",
			datadogtest.Group{},
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(30 * time.Second)},
			noon.Add(30 * time.Second),
		},
		{
			"it has fired for long",
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(-time.Hour)},
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(-time.Hour)},
			noon.Add(-time.Hour),
		},
		{
			"it warned long before it fired, which nobody saw before the second poll",
			datadogtest.Group{Status: "Warn", Triggered: noon.Add(-time.Hour)},
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(-time.Hour)},
			noon.Add(minute),
		},
		{
			"it warned, and Datadog says when it fired",
			datadogtest.Group{Status: "Warn", Triggered: noon.Add(-time.Hour)},
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(10 * time.Second)},
			noon.Add(10 * time.Second),
		},
		{
			"it was well, and Datadog does not say when it fired",
			datadogtest.Group{},
			datadogtest.Group{Status: "Alert"},
			noon.Add(minute),
		},
		{
			"it recovered and fires again",
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(-time.Hour)},
			datadogtest.Group{Status: "Alert", Triggered: noon.Add(20 * time.Second)},
			noon.Add(20 * time.Second),
		},
		{
			"Datadog does not say when",
			datadogtest.Group{Status: "Alert"},
			datadogtest.Group{Status: "Alert"},
			time.Time{},
		},
		{
			"Datadog names a time that is far from coming",
			datadogtest.Group{Status: "Alert"},
			datadogtest.Group{Status: "Alert", Triggered: noon.AddDate(9000, 0, 0)},
			time.Time{},
		},
	}
	for _, test := range tests {
		t.Run(test.story, func(t *testing.T) {
			clock := noon
			w := newWorld(t, func() time.Time { return clock })
			test.before.Tags, test.now.Tags = []string{"kafka_cluster:lkc-1"}, []string{"kafka_cluster:lkc-1"}
			w.server.SetMonitors(replicas(test.before))
			w.poll(t, kafka())
			clock = clock.Add(minute)
			w.server.SetMonitors(replicas(test.now))
			s := w.poll(t, kafka())
			if len(s.Alerts) != 1 || !s.Alerts[0].Since.Equal(test.sinceAtSecond) {
				t.Fatalf("got %+v, want since %v", s.Alerts, test.sinceAtSecond)
			}
			// It stays what it was when nothing changes.
			clock = clock.Add(minute)
			if s = w.poll(t, kafka()); len(s.Alerts) != 1 || !s.Alerts[0].Since.Equal(test.sinceAtSecond) {
				t.Errorf("a minute later: got %+v, want since %v", s.Alerts, test.sinceAtSecond)
			}
		})
	}
}

func TestAQueryIsAskedOnceWhoeverNamesIt(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(
		replicas(onCluster("lkc-1", "Alert")),
		datadogtest.Monitor{ID: 8, Name: "Lag", Tags: []string{"service:connect"}, Groups: []datadogtest.Group{onCluster("lkc-2", "Alert")}},
	)
	products := []fleet.Product{product("kafka", kafkaQuery), product("ksqldb", kafkaQuery, "tag:service:connect")}
	products[0].Spec.Monitors = append(products[0].Spec.Monitors, fleet.Monitor{
		Name: "latency", Prometheus: &fleet.PrometheusMonitor{Alert: "KafkaLatencyHigh", ClusterLabel: "cluster"},
	})
	s := w.poll(t, products)
	if n := len(w.searches()); n != 2 {
		t.Errorf("%d searches for two queries", n)
	}
	var got []string
	for _, a := range s.Alerts {
		got = append(got, a.Product+"/"+a.Monitor+"/"+a.Cluster)
	}
	if want := []string{"kafka/m0/lkc-1", "ksqldb/m0/lkc-1", "ksqldb/m1/lkc-2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(s.Sources) != 3 {
		t.Errorf("%d sources, want those of the three Datadog monitors and no other: %v", len(s.Sources), s.Sources)
	}
}

func TestOneQueryIsReadWithTheTagOfEachMonitor(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(datadogtest.Group{Tags: []string{"kafka_cluster:lkc-1", "ksql_cluster:lksqlc-1"}, Status: "Alert"}))
	products := []fleet.Product{product("kafka", kafkaQuery), product("ksqldb", kafkaQuery)}
	products[1].Spec.Monitors[0].Datadog.ClusterTag = "ksql_cluster"
	wantFiring(t, w.poll(t, products), "lkc-1", "lksqlc-1")
	if n := len(w.searches()); n != 1 {
		t.Errorf("%d searches for one query", n)
	}
}

func TestQueriesThatCannotBeReliedUponAreNotAsked(t *testing.T) {
	tests := []struct{ query, says string }{
		{"tag:service:kafka muted:false", "its query looks at muted"},
		{"tag:service:kafka AND group_status:(alert OR warn)", "its query looks at group_status"},
		{"tag:service:kafka -status:ok", "its query looks at status"},
		{"   ", "its query is empty"},
		{"tag:without-a-cluster-tag", "set clusterTag"},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			w := newWorld(t, atNoon)
			products := []fleet.Product{product("kafka", test.query)}
			if test.query == "tag:without-a-cluster-tag" {
				products[0].Spec.Monitors[0].Datadog.ClusterTag = ""
			}
			wantUnknown(t, w.poll(t, products), m0, test.says)
			if n := len(w.searches()); n != 0 {
				t.Errorf("%d searches", n)
			}
		})
	}
}

func TestAQueryThatFailsLaterKeepsItsAnswerAndSaysWhy(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
	w.poll(t, kafka())
	w.server.Fail(datadogtest.Fault{Status: 400, Body: `{"errors":["The request took too long"]}`})
	s := w.poll(t, kafka())
	wantUnknown(t, s, m0)
	if d := w.monitors.Details(kafka())[m0]; d.OK != 1 || !strings.Contains(d.Failing, "took too long") {
		t.Errorf("got %+v", d)
	}
}

func TestSignalsBeforeTheFirstAnswer(t *testing.T) {
	w := newWorld(t, atNoon)
	_, err := w.monitors.Signals(t.Context(), kafka())
	if err == nil || !strings.Contains(err.Error(), "have not been read yet") {
		t.Fatalf("got %v before any poll", err)
	}
	w.server.Fail(datadogtest.Fault{Status: 503})
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil {
		t.Fatal("a poll that failed has no error")
	}
	if _, err = w.monitors.Signals(t.Context(), kafka()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v, want the reason why the poll failed", err)
	}
	if s, err := w.monitors.Signals(t.Context(), nil); err != nil || len(s.Sources) != 0 {
		t.Errorf("without products there is nothing that could fail, got %v, %v", s, err)
	}
}

func TestAnOldAnswerStaysWithItsTime(t *testing.T) {
	clock := noon
	w := newWorld(t, func() time.Time { return clock })
	w.server.SetMonitors(replicas(onCluster("lkc-1", "Alert")))
	w.poll(t, kafka())
	clock = clock.Add(time.Hour)
	w.server.Fail(datadogtest.Fault{Status: 500})
	if err := w.monitors.Poll(t.Context(), kafka()); err == nil {
		t.Fatal("a poll that failed has no error")
	}
	s := w.signals(t, kafka())
	wantFiring(t, s, "lkc-1")
	if got := s.Sources[m0].AsOf; !got.Equal(noon) {
		t.Errorf("as of %v, want the time of the last poll that worked", got)
	}
	if d := w.monitors.Details(kafka())[m0]; !strings.Contains(d.Failing, "500") {
		t.Errorf("the details do not say why nothing newer is known: %+v", d)
	}
}

func TestAMonitorThatIsNewInTheFleetIsUnknownUntilItIsRead(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
	w.poll(t, kafka())
	more := []fleet.Product{product("kafka", kafkaQuery, "tag:service:kafka")}
	s := w.signals(t, more)
	wantUnknown(t, s, m0)
	wantUnknown(t, s, plan.MonitorKey{Product: "kafka", Monitor: "m1"}, "has not been read yet")
	wantUnknown(t, w.poll(t, more), plan.MonitorKey{Product: "kafka", Monitor: "m1"})
}

func TestAnAnswerThatNobodyAskedForAnyMoreDoesNotComeBack(t *testing.T) {
	clock := noon
	w := newWorld(t, func() time.Time { return clock })
	w.server.SetMonitors(replicas(onCluster("lkc-1", "OK")))
	w.poll(t, kafka())
	w.signals(t, nil)
	clock = clock.Add(time.Minute)
	wantUnknown(t, w.signals(t, kafka()), m0, "has not been read yet")
}

func TestAQueryThatDatadogRefusesHarmsNoOther(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(onCluster("lkc-1", "Alert")))
	products := []fleet.Product{product("kafka", kafkaQuery, "tag:(service:kafka")}
	s := w.poll(t, products)
	wantFiring(t, s, "lkc-1")
	wantUnknown(t, s, m0)
	wantUnknown(t, s, plan.MonitorKey{Product: "kafka", Monitor: "m1"},
		"it cannot be read: Datadog answers 400: Query parsing error: a parenthesis is not closed")
}

func TestDetailsTellWhatSignalsHasNoRoomFor(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(
		onCluster("lkc-2", "OK"), onCluster("lkc-1", "Warn"), onCluster("lkc-3", "Alert"), onCluster("lkc-4", "No Data"),
		datadogtest.Group{Tags: []string{"total"}},
	))
	w.poll(t, kafka())
	d := w.monitors.Details(kafka())[m0]
	if d.OK != 2 || d.Warn != 1 || d.Alert != 1 || d.Failing != "" {
		t.Errorf("got %+v", d)
	}
	if want := []string{"total of monitor 7"}; !slices.Equal(d.Unmapped, want) {
		t.Errorf("unmapped %q, want %q", d.Unmapped, want)
	}
	if want := []string{"kafka_cluster:lkc-4 of monitor 7 has no data"}; !slices.Equal(d.Troubles, want) {
		t.Errorf("troubles %q, want %q", d.Troubles, want)
	}
	if want := []string{"lkc-1", "lkc-2", "lkc-3", "lkc-4"}; !slices.Equal(d.Clusters, want) {
		t.Errorf("clusters %q, want %q", d.Clusters, want)
	}
}

func TestTextFromDatadogCannotBreakALine(t *testing.T) {
	w := newWorld(t, atNoon)
	w.server.SetMonitors(replicas(onCluster("lkc-1\n@channel \x1b[31m"+strings.Repeat("x", 500), "No Data")))
	reason := w.poll(t, kafka()).Sources[m0].Unknown
	if strings.ContainsAny(reason, "\n\x1b") || len(reason) > 300 {
		t.Errorf("got %q", reason)
	}
}
