package report_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

func driftItem(cluster, cohort, kind string) report.DriftItem {
	return report.DriftItem{Cluster: cluster, Product: "kafka", Cohort: cohort, Plane: "aws", Kind: kind, Version: "7.5.0", Desired: "7.6.1"}
}

// driftAt is the report of a morning.
func driftAt(at time.Time, items ...report.DriftItem) *report.Drift {
	return &report.Drift{
		At: at, Fleet: "acme", Commit: "beef12300000", Items: items,
		Skew: []report.SkewLine{
			{Product: "kafka", Cohort: "canary", Desired: "7.6.1", Version: "7.6.1", Count: 2},
			{Product: "kafka", Cohort: "prod", Desired: "7.6.1", Version: "7.5.0", Count: 1},
			{Product: "kafka", Cohort: "prod", Desired: "7.6.1", Version: "7.6.1", Count: 37},
			{Product: "ksqldb", Cohort: "prod", Desired: "0.29.0", Version: "0.29.0", Count: 12},
			{Product: "ksqldb", Version: "0.28.0", Count: 1},
		},
	}
}

var (
	monday  = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

func TestTheDriftIssueTellsWhatIsNewWhatIsGoneAndHowLongItLasted(t *testing.T) {
	byHand := driftItem("lkc-6", "canary", "changed by hand")
	byHand.Since, byHand.Reason = monday.Add(-50*time.Hour), "runs 7.5.0, should run 7.6.1; set by kubectl"
	first := driftAt(monday, byHand, driftItem("lkc-1", "prod", "behind"), driftItem("lkc-2", "prod", "stuck"), driftItem("lkc-9", "prod", "behind"))
	post := first.Markdown(report.DriftMemory{})
	goldenPost(t, "drift-first", post)

	second := driftAt(tuesday, byHand, driftItem("lkc-1", "prod", "behind"), driftItem("lkc-3", "prod", "behind"))
	second.Unseen, second.Pins = []string{"lkc-9"}, []string{"audit"}
	next := second.Markdown(report.FindDriftMemory(post.Body))
	goldenPost(t, "drift-next", next)

	again := *second
	again.At = tuesday.Add(time.Hour)
	if got := again.Markdown(report.FindDriftMemory(next.Body)); got.Fingerprint != next.Fingerprint || got.Title != next.Title {
		t.Errorf("posted again an hour later it says something else:\n%s", got.Body)
	}
	goldenPost(t, "drift-none", driftAt(tuesday.Add(24*time.Hour)).Markdown(report.FindDriftMemory(next.Body)))
	later := driftAt(tuesday.Add(30 * 24 * time.Hour)).Markdown(report.FindDriftMemory(next.Body))
	last := driftAt(tuesday.Add(60 * 24 * time.Hour)).Markdown(report.FindDriftMemory(later.Body))
	if strings.Contains(last.Body, "lkc-2") || !strings.Contains(later.Body, "lkc-1") {
		t.Errorf("what is gone is told for a week:\n%s\n%s", later.Body, last.Body)
	}
}

func TestAClusterOutOfSightIsNotCalledGone(t *testing.T) {
	post := driftAt(monday, driftItem("lkc-1", "prod", "behind")).Markdown(report.DriftMemory{})
	unseen := driftAt(tuesday)
	unseen.Unseen = []string{"lkc-1"}
	post = unseen.Markdown(report.FindDriftMemory(post.Body))
	if strings.Contains(post.Body, "Gone") || !strings.Contains(post.Body, "1 cluster cannot be observed") || strings.Contains(post.Body, "runs what it should") {
		t.Errorf("%s", post.Body)
	}
	back := driftAt(tuesday.Add(24*time.Hour), driftItem("lkc-1", "prod", "behind")).Markdown(report.FindDriftMemory(post.Body))
	if !strings.Contains(back.Body, "Mon 2 Mar 06:00") || strings.Contains(back.Title, "new") {
		t.Errorf("it was forgotten:\n%s", back.Body)
	}
}

func someMemory(n int) report.DriftMemory {
	m := report.DriftMemory{Known: true}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		m.Items = append(m.Items, report.Remembered{
			Cluster: fmt.Sprintf("lkc-%x", random.Uint64()), Kind: "behind", Cohort: "prod", Since: monday.Unix() + int64(i), Reported: monday.Unix() + int64(random.IntN(100_000)),
		})
	}
	return m
}

func TestADriftMemorySurvivesWhatPeopleDoToAnIssue(t *testing.T) {
	m := someMemory(100)
	m.Gone = []report.Remembered{{Cluster: "lkc-1 --> <b>", Kind: "behind", Since: 1, Until: 2}}
	text := m.Encode()
	wrapped := text[:100] + "\r\n" + text[100:]
	for name, body := range map[string]string{
		"as it is":                    text,
		"text before and behind":      "# My notes\n" + text + "\n\nask @bob",
		"line breaks of another kind": strings.ReplaceAll("a\n"+text+"\nb", "\n", "\r\n"),
		"a line break inside":         wrapped,
		"a broken one behind it":      text + "\n<!-- wavegate:memory:1:0000000000000000:AAAA -->",
		"an open one behind it":       text + "\n<!-- wavegate:memory:1:",
	} {
		if got := report.FindDriftMemory(body); !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, body := range map[string]string{
		"nothing":       "",
		"cut off":       text[:len(text)/2],
		"a letter less": text[:200] + text[201:],
		"other version": strings.Replace(text, "memory:1:", "memory:2:", 1),
	} {
		if got := report.FindDriftMemory(body); got.Known || len(got.Items) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestADriftMemoryIsBoundedAndKeepsWhatLastsLongest(t *testing.T) {
	m := someMemory(5000)
	text := m.Encode()
	if len(text) > 21_000 {
		t.Fatalf("%d bytes", len(text))
	}
	got := report.FindDriftMemory(text)
	if !got.Known || !got.Partial || len(got.Items) < 300 {
		t.Fatalf("known %v, partial %v, %d items", got.Known, got.Partial, len(got.Items))
	}
	for i, r := range got.Items {
		if r != m.Items[i] {
			t.Fatalf("%+v is kept before %+v", r, m.Items[i])
		}
	}
	// What had no room is not called new.
	d := driftAt(tuesday, driftItem(m.Items[4999].Cluster, "prod", "behind"))
	if post := d.Markdown(got); strings.Contains(post.Title, "new") {
		t.Errorf("%s", post.Title)
	}
}

func TestADriftReportOfAWholeFleetFits(t *testing.T) {
	var items []report.DriftItem
	for i := range 10_000 {
		items = append(items, driftItem(fmt.Sprintf("lkc-%06d", i), "prod", "behind"))
	}
	post := driftAt(monday, items...).Markdown(report.DriftMemory{})
	if len(post.Body) > report.PostLimit {
		t.Errorf("%d bytes", len(post.Body))
	}
	if got := report.FindDriftMemory(post.Body); !got.Known || !got.Partial || len(got.Items) == 0 {
		t.Errorf("known %v, partial %v, %d items", got.Known, got.Partial, len(got.Items))
	}
	for _, want := range []string{"### 10000 clusters differ", "| prod | behind | 10000 |", "Left out", "**Versions**"} {
		if !strings.Contains(post.Body, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// FuzzFindDriftMemory reads memories that somebody else wrote: whatever they
// hold, the report stays short and in shape, and its own memory can be read.
func FuzzFindDriftMemory(f *testing.F) {
	small := someMemory(3)
	f.Add(small.Encode(), "lkc-1", "behind", int64(1), int64(2))
	f.Add("<!-- wavegate:memory:1:0123456789abcdef:eJyrVkrKT1KyUqrVUUrKLAExDWtrAUB/BgA= -->", "", "", int64(-1), int64(1<<62))
	f.Add("", "a|b`@ann", "</details>", int64(1<<62), int64(-1<<62))
	f.Fuzz(func(t *testing.T, body, cluster, kind string, since, until int64) {
		forged := report.Remembered{Cluster: cluster, Kind: kind, Since: since, Reported: since, Until: until}
		m := report.FindDriftMemory(body)
		m.Items, m.Gone = append(slices.Clone(m.Items), forged), append(slices.Clone(m.Gone), forged)
		for _, memory := range []report.DriftMemory{report.FindDriftMemory(body), report.FindDriftMemory(m.Encode()), m} {
			post := driftAt(tuesday, driftItem("lkc-1", "prod", "behind")).Markdown(memory)
			if len(post.Body) > report.PostLimit {
				t.Fatalf("%d bytes", len(post.Body))
			}
			next := report.FindDriftMemory(post.Body)
			if !next.Known || len(next.Items) == 0 {
				t.Fatalf("the memory is lost: %+v", next)
			}
			if html := page(t, post.Body); strings.Count(html, "<details>") != strings.Count(html, "</details>") {
				t.Fatalf("a fold stays open:\n%s", html)
			}
		}
	})
}
