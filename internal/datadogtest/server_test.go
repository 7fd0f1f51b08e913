package datadogtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/datadogtest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newServer(clock *time.Time) *datadogtest.Server {
	s := datadogtest.New(datadogtest.Config{Now: func() time.Time { return *clock }, Limit: 3})
	s.SetMonitors(
		datadogtest.Monitor{ID: 1, Name: "Disk is full", Tags: []string{"service:kafka", "severity:critical"}, Groups: []datadogtest.Group{
			{Tags: []string{"kafka_cluster:a", "region:eu"}, Status: "Alert", Triggered: noon},
			{Tags: []string{"kafka_cluster:b", "region:us"}},
		}},
		datadogtest.Monitor{ID: 2, Name: "Consumer lag", Tags: []string{"service:connect", "team:x"}, Groups: []datadogtest.Group{
			{Tags: []string{"total"}, Status: "No Data", Muted: true},
		}},
	)
	return s
}

// get asks with the right keys and returns the status, the headers and the body.
func get(t *testing.T, s *datadogtest.Server, path string, query url.Values) (int, http.Header, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com"+path+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("DD-API-KEY", "api-key")
	r.Header.Set("DD-APPLICATION-KEY", "app-key")
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

func TestASearchFindsWhatDatadogWouldFind(t *testing.T) {
	all := []string{"kafka_cluster:a,region:eu", "kafka_cluster:b,region:us", "total"}
	tests := []struct {
		query string
		want  []string
	}{
		{"", all},
		{"tag:service:kafka", all[:2]},
		{"tag:(service:kafka severity:critical)", all[:2]},
		{"tag:(service:kafka team:x)", nil},
		{"tag:(service:kafka OR team:x)", all},
		{`tag:("service:kafka" AND "severity:critical")`, all[:2]},
		{"service:connect", all[2:]},
		{"(tag:service:kafka) OR (tag:service:connect)", all},
		{"tag:service:kafka OR tag:service:connect group_status:alert", all[:2]},
		{"NOT tag:service:kafka", all[2:]},
		{"-service:kafka", all[2:]},
		{`group:"region:eu"`, all[:1]},
		{"group_status:(Alert OR \"No Data\")", []string{all[0], all[2]}},
		{"muted:true", all[2:]},
		{"disk", all[:2]},
		{"title:lag", all[2:]},
		{"tag:*:kafka", all[:2]},
		{"2", all[2:]},
		{"id:1 group:kafka_cluster:b", all[1:2]},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			now := noon
			status, _, body := get(t, newServer(&now), "/api/v1/monitor/groups/search", url.Values{"query": {test.query}})
			if status != http.StatusOK {
				t.Fatalf("got %d: %v", status, body)
			}
			var got []string
			for _, g := range body["groups"].([]any) {
				got = append(got, g.(map[string]any)["group"].(string))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestASearchThatMakesNoSenseIsABadRequest(t *testing.T) {
	for _, query := range []string{"status:notastatus", "tag:(a", "a)", `"a`, "colour:red", "a NOT"} {
		now := noon
		if status, _, body := get(t, newServer(&now), "/api/v1/monitor/groups/search", url.Values{"query": {query}}); status != http.StatusBadRequest {
			t.Errorf("%s: got %d: %v", query, status, body)
		}
	}
}

func TestPagesTellWhereTheyAre(t *testing.T) {
	for page, want := range []int{2, 1, 0} {
		now := noon
		_, _, body := get(t, newServer(&now), "/api/v1/monitor/groups/search", url.Values{"page": {fmt.Sprint(page)}, "per_page": {"2"}})
		if got := len(body["groups"].([]any)); got != want {
			t.Errorf("page %d: %d groups, want %d", page, got, want)
		}
		if got, want := fmt.Sprint(body["metadata"]), fmt.Sprintf("map[page:%d page_count:2 per_page:2 total_count:3]", page); got != want {
			t.Errorf("page %d: got %s, want %s", page, got, want)
		}
	}
}

func TestTheLimitHoldsForAPeriod(t *testing.T) {
	now := noon.Add(7 * time.Second)
	s := newServer(&now)
	want := []struct {
		status           int
		remaining, reset string
	}{{200, "2", "3"}, {200, "1", "3"}, {200, "0", "3"}, {429, "0", "3"}}
	for i, w := range want {
		status, h, _ := get(t, s, "/api/v1/monitor/groups/search", nil)
		if status != w.status || h.Get("X-RateLimit-Remaining") != w.remaining || h.Get("X-RateLimit-Reset") != w.reset {
			t.Errorf("call %d: got %d with %v", i, status, h)
		}
	}
	if status, _, _ := get(t, s, "/api/v1/query", url.Values{"query": {"q"}, "from": {"1"}, "to": {"2"}}); status != http.StatusOK {
		t.Errorf("another endpoint has its own limit, got %d", status)
	}
	now = noon.Add(10 * time.Second)
	if status, _, _ := get(t, s, "/api/v1/monitor/groups/search", nil); status != http.StatusOK {
		t.Errorf("a new period: got %d", status)
	}
}

func TestWithoutTheKeysNothingIsAnswered(t *testing.T) {
	now := noon
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/api/v1/query", nil)
	resp, err := newServer(&now).Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("got %d", resp.StatusCode)
	}
}
