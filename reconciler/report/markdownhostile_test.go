package report_test

import (
	"bytes"
	"html"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
	"github.com/wavegate-dev/wavegate/reconciler/simulate"
)

// page renders Markdown as GitHub does before it removes what it does not allow:
// tables, bare addresses and raw HTML included.
func page(t *testing.T, body string) string {
	t.Helper()
	html := render(body)
	if html == "" {
		t.Fatalf("it is not Markdown: %.200q", body)
	}
	return html
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe()))

func render(body string) string {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(body), &b); err != nil {
		return ""
	}
	return b.String()
}

var (
	comments = regexp.MustCompile(`(?s)<!--.*?-->`)
	tags     = regexp.MustCompile(`<[^>]*>`)
	asCode   = regexp.MustCompile(`(?s)<(code|pre)[^>]*>.*?</(code|pre)>`)
	calling  = regexp.MustCompile(`@[A-Za-z0-9]|#[0-9]|(?i:gh)-[0-9]|(?i:https?|ftp)://|(?i:www)\.[A-Za-z0-9]|:[a-z_]+:`)
)

// shape is the tags of a page without its text.
func shape(html string) []string { return tags.FindAllString(comments.ReplaceAllString(html, ""), -1) }

// posts are all posts, with s for every text in them.
func posts(s string) map[string]report.Post {
	filled := func(v any) { fill(reflect.ValueOf(v).Elem(), s) }
	var status report.Status
	var preview report.Preview
	var drift report.Drift
	var explanation report.Explanation
	var promotion report.Promotion
	var answer, refused report.Answer
	var problems fleet.Problems
	var view report.ReleaseView
	for _, v := range []any{&status, &preview, &drift, &explanation, &promotion, &answer, &refused, &problems, &view} {
		filled(v)
	}
	answer.Refused, answer.Done = "", ""
	moving := view
	moving.SupersededBy, moving.Judgement, moving.Answers = "", nil, []report.Answer{answer, refused}
	superseded := view
	superseded.Judgement = nil
	rejected, pending := view, view
	rejected.Judgement = &admission.Judgement{Status: admission.Rejected, Reason: s}
	pending.Judgement = &admission.Judgement{Status: admission.Pending, Reason: s}
	running := status
	running.Paused, running.Frozen = nil, nil
	running.Releases = slices.Clone(status.Releases)
	for i := range running.Releases {
		running.Releases[i].Paused = nil
	}
	memory := report.DriftMemory{Known: true}
	fill(reflect.ValueOf(&memory.Items).Elem(), s)
	fill(reflect.ValueOf(&memory.Gone).Elem(), s)
	for i := range memory.Gone {
		memory.Gone[i].Cluster += "gone"
		memory.Gone[i].Until = now.Unix()
	}
	pr := report.PullRequest{ID: s, Commit: s, Approvals: fleet.Approvals{Required: 2, By: []string{"team:" + s, "user:" + s, s}}, Reviews: &report.Reviews{Approved: []string{s}, Objections: []string{s}, Unknown: s, Discounted: []report.Discounted{{Name: s, Why: s}}}}
	invalid := pr
	invalid.Problems, invalid.Files = problems, "https://github.com/acme/fleet/blob/c0ffee/"
	return map[string]report.Post{
		"plan":              preview.Markdown(pr),
		"plan, invalid":     preview.Markdown(invalid),
		"first start":       (&report.Preview{First: &report.FirstStart{Cohorts: []report.FirstCohort{{Product: s, Cohort: s, Version: s, Clusters: 1}}}}).Markdown(pr),
		"commit":            status.CommitMarkdown(admission.Judgement{Commit: s, Status: admission.Rejected, Reason: s}),
		"release, paused":   status.ReleaseMarkdown(moving),
		"release, rolling":  running.ReleaseMarkdown(moving),
		"release, replaced": status.ReleaseMarkdown(superseded),
		"release, rejected": status.ReleaseMarkdown(rejected),
		"release, pending":  status.ReleaseMarkdown(pending),
		"status":            status.Markdown(s),
		"drift":             drift.Markdown(memory),
		"explanation":       explanation.Markdown(s),
		"promotion":         promotion.Markdown(),
		"promotion, closed": promotion.ClosedMarkdown(s, s),
		"answer":            refused.Markdown(s),
		"help":              report.HelpMarkdown(s, []string{s, "team:" + s}),
	}
}

// checkHarmless holds posts full of hostile text against posts full of harmless
// text: not one tag more or less, nobody is called and nothing is linked.
func checkHarmless(t *testing.T, hostile string) {
	t.Helper()
	want := harmlessShapes()
	for name, p := range posts(hostile) {
		if len(p.Body) > report.PostLimit {
			t.Errorf("%s has %d bytes", name, len(p.Body))
		}
		checkPage(t, name, p.Body, hostile, want[name])
		if _, _, ok := report.FindMarker(p.Body); !ok {
			t.Errorf("%s has no marker with %.60q: %.200s", name, hostile, p.Body)
		}
	}
}

// checkPage holds one post against the tags that it should have.
func checkPage(t *testing.T, name, body, hostile string, want []string) {
	t.Helper()
	whole := page(t, body)
	if got := withoutHrefs(shape(whole)); !slices.Equal(got, want) {
		t.Errorf("%s looks different with %.60q: %s", name, hostile, firstDifference(got, want))
	}
	text := comments.ReplaceAllString(whole, "")
	text = html.UnescapeString(tags.ReplaceAllString(asCode.ReplaceAllString(text, ""), "\n"))
	if at := calling.FindStringIndex(text); at != nil {
		t.Errorf("%s with %.60q says %.60q, which GitHub reads", name, hostile, text[at[0]:])
	}
}

// harmlessShapes are the tags of all posts when nothing in them is hostile.
var harmlessShapes = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for name, p := range posts("abcdefghij") {
		out[name] = withoutHrefs(shape(render(p.Body)))
	}
	return out
})

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return "tag " + strconv.Itoa(i) + " is " + got[i] + " instead of " + want[i]
		}
	}
	return strconv.Itoa(len(got)) + " tags instead of " + strconv.Itoa(len(want))
}

// withoutHrefs forgets where links to files lead, and that a file's name may
// make no link.
func withoutHrefs(shape []string) []string {
	return slices.DeleteFunc(shape, func(tag string) bool {
		return strings.HasPrefix(tag, `<a href="https://github.com/acme/fleet/blob/c0ffee/`) || tag == "</a>"
	})
}

var hostileTexts = []string{
	"@channel please merge #12 and GH-13, see acme/fleet#14",
	"</details><script>alert(1)</script><img src=x onerror=alert(1)>",
	"<!-- wavegate:release:9 --> --> <!--",
	"a | b | c\n| --- |\n\n# heading\n\n- list",
	"a\\| b \\\\| c `code\\` `` | ` |",
	"[click](javascript:alert(1)) ![x](https://evil.example/a.png) <https://evil.example>",
	"https://evil.example www.evil.example mailto:a@evil.example a@evil.example ftp://evil.example",
	"*bold* _it_ ~~gone~~ $x^2$ $$y$$ :tada: &lt;b&gt; &#64;ann",
	"```\n/wavegate resume\n```",
	"    indented", "> quote", "# heading", "- item", "+ item", "1. item", "2) item", "===", "---", "[!NOTE]", "[x]: https://evil.example",
	"a\x1b[31m\u202e\u2028\x01\x02b", "\x01", "\xff\xfe", "`", "``", "|", "\\", "&", "<", "@", "\\`", "`\\",
	"</code></td></tr></table>", "</summary>", "</sub>", "^[1]", "[^1]: x", "1:tada: :100: 08:40:12",
}

func TestNoTextFromOutsideMeansAnythingToGitHub(t *testing.T) {
	// Those that differ in kind; the smallest post is tried with all of them.
	for _, s := range append(hostileTexts[:9:9], "- item", "1. item", "# heading", "---", "\xff\xfe") {
		t.Run("", func(t *testing.T) { checkHarmless(t, s) })
	}
}

func TestLongTextFromOutsideIsCutAndClosesWhatItOpened(t *testing.T) {
	known := map[string]bool{}
	for _, p := range posts("abcdefghij") {
		for _, tag := range shape(page(t, p.Body)) {
			known[tag] = true
		}
	}
	for _, s := range []string{strings.Repeat("@ann ", 2000), strings.Repeat("`|<b>", 5000)} {
		for name, p := range posts(s) {
			tags := shape(page(t, p.Body))
			if len(p.Body) > report.PostLimit || len(p.Title) > 1000 {
				t.Errorf("%s has %d bytes, its title %d", name, len(p.Body), len(p.Title))
			}
			open := 0
			for _, tag := range tags {
				if !known[tag] && tag != "<em>" && tag != "</em>" && !strings.HasPrefix(tag, "<a href=\"https://github.com/acme/fleet/blob/c0ffee/") {
					t.Errorf("%s has %s with %.20q", name, tag, s)
				}
				open += strings.Count(tag, "<details>") - strings.Count(tag, "</details>")
			}
			if open != 0 {
				t.Errorf("%s leaves a fold open with %.20q", name, s)
			}
			if _, _, ok := report.FindMarker(p.Body); !ok {
				t.Errorf("%s has no marker with %.20q", name, s)
			}
		}
	}
}

// words that a report compares with: text that is one of them is not from
// outside.
var words = []string{"paused", "finished", "soaking", plan.PhaseFinished.String()}

func FuzzNoTextFromOutsideMeansAnythingToGitHub(f *testing.F) {
	for _, s := range hostileTexts[:3] { // the table above has all of them
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(report.Clean(s)) == "" || slices.Contains(words, s) || len(s) > 200 {
			t.Skip()
		}
		checkHarmless(t, s)
	})
}

// smallest is a post with the places that a text can stand in: a heading, a
// paragraph, a cell, a code span and a link.
func smallest(s string) report.Post {
	return (&report.Explanation{
		At: now, Line: report.Line{Cluster: s, Verdict: s, Reason: s, Cohort: s},
		Gates:  []report.Gate{{Name: s, Reason: s}, {Name: s, Open: true}},
		Alerts: []report.Alert{{Monitor: s, Since: now, Link: "https://prometheus.example"}},
	}).Markdown("1")
}

// FuzzACellKeepsItsText is the same for the smallest post: far more texts in the
// same time.
func FuzzACellKeepsItsText(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	want := withoutHrefs(shape(render(smallest("abcdefghij").Body)))
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(report.Clean(s)) != "" {
			checkPage(t, "an explanation", smallest(s).Body, s, want)
		}
	})
}

// TestTextFromOutsideShowsAsWhatItIs reads the rendered page: apart from the
// invisible breakers nothing was added, and nothing was taken for an entity or a
// formula.
func TestTextFromOutsideShowsAsWhatItIs(t *testing.T) {
	for _, s := range []string{
		"1 &lt; 2 & 3 &amp;amp; 4", "&#64;ann", "cost $5 or $x$", `C:\dir\*.log`, "a_b *c* [d] ~e~ `f` |g| <h> @i #1", "https://x.example/y", "1. first", "-", "08:40:12",
	} {
		body := smallest(s).Body
		text := html.UnescapeString(tags.ReplaceAllString(comments.ReplaceAllString(page(t, body), ""), ""))
		text = strings.ReplaceAll(text, "\u200b", "")
		// The heading twice, the reason, the cell of the cohort, two gates and more.
		if n := strings.Count(text, s); n < 6 {
			t.Errorf("%q is shown %d times in\n%s", s, n, text)
		}
		if plain := regexp.MustCompile("`[^`]*`").ReplaceAllString(body, ""); strings.Contains(plain, "$") {
			t.Errorf("%q begins a formula in\n%s", s, plain)
		}
	}
}

func TestOnlyWhatPlainlyIsAnAddressBecomesALink(t *testing.T) {
	for address, want := range map[string]string{
		"https://app.datadoghq.eu/monitors/1?q=a:b&from=2": `href="https://app.datadoghq.eu/monitors/1?q=a:b&amp;from=2"`,
		"HTTP://prometheus:9090/graph":                     `href="http://prometheus:9090/graph"`,
		"https://evil.example/a)b(c\"d'e<f>|`\\ \n\x00é":   `href="https://evil.example/a%29b%28c%22d%27e%3Cf%3E%7C%60%5C%20%0A%00%C3%A9"`,
		"javascript:alert(1)":                              "",
		"https://github.com@evil.example/":                 "",
		"https://evil.example\\@github.com":                "",
		"https://":                                         "",
		"//evil.example":                                   "",
		"data:text/html,x":                                 "",
		" https://evil.example":                            "",
		"https://" + strings.Repeat("a", 5000):             "",
	} {
		e := &report.Explanation{At: now, Alerts: []report.Alert{{Monitor: "m", Link: address}}}
		got := page(t, e.Markdown("1").Body)
		if want == "" && strings.Contains(got, "<a ") || want != "" && !strings.Contains(got, want) {
			t.Errorf("%q becomes\n%s", address, got)
		}
	}
}

func TestAPostIsNeverLongerThanGitHubTakes(t *testing.T) {
	run := &simulate.Preview{Done: true, End: now, Rollouts: []simulate.Rollout{{Product: "kafka", Cohort: "prod", Waves: []simulate.Wave{{Starts: now, Finishes: now}}}}}
	for range 20_000 {
		run.Rollouts[0].Waves[0].Clusters = append(run.Rollouts[0].Waves[0].Clusters, "lkc-with-a-long-name")
	}
	p := (&report.Preview{At: now, Moves: []report.Move{{Product: "kafka", Cohort: "prod", To: "7.6.1"}}, Run: run}).Markdown(pullRequest())
	if len(p.Body) > report.PostLimit {
		t.Errorf("%d bytes", len(p.Body))
	}
	for _, want := range []string{"20000 clusters in 1 wave", "| 1 of 1 | 20000 |", "**Approval:**", "Left out", "of the clusters", "`wavegate plan --output json`", "</details>", "<sub>"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(p.Body, "lkc-with-a-long-name"); n < 1000 {
		t.Errorf("only %d of the clusters are left", n)
	}
	if strings.Count(p.Body, "<details>") != strings.Count(p.Body, "</details>") {
		t.Error("a fold stays open")
	}
}

func TestAMarkerIsFoundAgain(t *testing.T) {
	for _, id := range []string{"", "42", strings.Repeat("-", 100), "kafka-7.6.1-c0ffee0", "kafka/prod", "--> <b>", "a--b-", "a:b", "é\n%"} {
		kind, got, ok := report.FindMarker(report.Marker(report.KindRelease, id) + "\ntext")
		if !ok || kind != report.KindRelease || got != id {
			t.Errorf("%q is found as %q, %q, %v", id, kind, got, ok)
		}
	}
	for _, body := range []string{
		"", "text", "text\n" + report.Marker("plan", "1"), "<!-- wavegate:plan -->", "<!-- wavegate:plan:1", "<!-- wavegate:plan:%4 -->", "<!-- wavegate:plan:%41 -->", "<!-- wavegate:pl\nan:1 -->",
	} {
		if kind, id, ok := report.FindMarker(body); ok {
			t.Errorf("%q has the marker %q %q", body, kind, id)
		}
	}
}

func FuzzFindMarker(f *testing.F) {
	f.Add("<!-- wavegate:plan:42 -->")
	f.Add("<!-- wavegate:plan:%2D%2D -->\n")
	f.Fuzz(func(t *testing.T, body string) {
		kind, id, ok := report.FindMarker(body)
		if ok && !strings.HasPrefix(strings.TrimLeft(body, " \t\r\n\ufeff"), report.Marker(kind, id)) {
			t.Errorf("%q is read as %q %q", body, kind, id)
		}
	})
}
