package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	gh "github.com/google/go-github/v62/github"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments"

// writes counts what changed something since the last call.
func (w *world) writes() int {
	n := 0
	for _, r := range w.Requests() {
		if r.Method != "GET" {
			n++
		}
	}
	w.Forget()
	return n
}

func (w *world) said(c *Client, number int) []string {
	w.t.Helper()
	list, err := c.CommentsOn(w.t.Context(), number)
	w.ok(err)
	var out []string
	for _, k := range list {
		_, text, _ := strings.Cut(k.Body, "\n")
		out = append(out, k.Author+": "+text)
	}
	return out
}

func (w *world) say(c *Client, number int, body string) Comment {
	w.t.Helper()
	k, err := c.Say(w.t.Context(), number, "plan", body)
	w.ok(err)
	return k
}

func TestOneCommentIsKeptUpToDate(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	c := w.client()
	first := w.say(c, n, "Two clusters")
	w.writes()
	w.say(c, n, "Two clusters")
	if got := w.writes(); got != 0 {
		t.Errorf("saying the same has cost %d writes", got)
	}
	w.say(c, n, "Three clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Three clusters"}) {
		t.Fatalf("comments %v", got)
	}
	// After a restart it is found again.
	c = w.client()
	if k := w.say(c, n, "Four clusters"); k.ID != first.ID || k.On != n || k.URL == "" {
		t.Errorf("said in %+v, first in %+v", k, first)
	}
	// What has another marker is another comment.
	_, err := c.Say(t.Context(), n, "plan-2", "Other")
	w.ok(err)
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Four clusters", "wavegate: Other"}) {
		t.Fatalf("comments %v", got)
	}
	// One that somebody deleted is written again.
	w.ok(w.As("olga").DeleteComment(repo, first.ID))
	w.say(c, n, "Five clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Other", "wavegate: Five clusters"}) {
		t.Fatalf("comments %v", got)
	}
}

func TestAMarkerOfSomebodyElseIsNotTakenForOnesOwn(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	_, err := w.As("ada").Comment(repo, n, "<!-- wavegate:plan -->\nMine")
	w.ok(err)
	// Nor is a text in which the marker is quoted.
	_, err = w.As("wavegate").Comment(repo, n, "quoted\n<!-- wavegate:plan -->\nNot this")
	w.ok(err)
	c := w.client()
	w.say(c, n, "Two clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"ada: Mine", "wavegate: <!-- wavegate:plan -->\nNot this", "wavegate: Two clusters"}) {
		t.Errorf("comments %q", got)
	}
}

func TestACommentIsWrittenOnceAlthoughItsAnswerIsLost(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	c := w.client()
	w.Break(githubtest.Fault{Method: "POST", Path: comments, Times: 1, Effect: githubtest.Lost{}})
	if _, err := c.Say(t.Context(), n, "plan", "Two clusters"); err == nil {
		t.Fatal("the loss was not noticed")
	}
	w.say(c, n, "Three clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Three clusters"}) {
		t.Errorf("comments %v", got)
	}
}

func TestOfTwoCommentsTheOlderStays(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	for range 3 {
		_, err := w.As("wavegate").Comment(repo, n, "<!-- wavegate:plan -->\nTwo clusters")
		w.ok(err)
	}
	c := w.client()
	w.say(c, n, "Three clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Three clusters"}) {
		t.Errorf("comments %v", got)
	}
}

func TestTextsThatCannotBeSaid(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	c := w.client()
	for _, k := range []struct{ marker, body, want string }{
		{"plan", strings.Repeat("ä", MaxBody), "more than GitHub takes"},
		{"", "x", "is no marker"},
		{"a b", "x", "is no marker"},
		{"a-->", "x", "is no marker"},
		{"a--b", "x", "is no marker"},
	} {
		if _, err := c.Say(t.Context(), n, k.marker, k.body); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%q: %v", k.marker, err)
		}
	}
	w.say(c, n, strings.Repeat("ä", MaxBody-len("<!-- wavegate:plan -->\n")))
}

func TestOnlyNewCommentsAreRead(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	old, err := w.As("ada").Comment(repo, n, "Old")
	w.ok(err)
	w.clock.advance(time.Hour)
	since := w.clock.read()
	i, err := w.As("ada").OpenIssue(repo, "Drift", "")
	w.ok(err)
	for range 120 {
		_, err = w.As("grace").Comment(repo, i, "New")
		w.ok(err)
	}
	w.ok(w.As("ada").EditComment(repo, old, "Edited"))
	got, err := w.client().Comments(t.Context(), since)
	w.ok(err)
	if len(got) != 121 || got[0].Body != "New" || got[0].On != i || got[0].Author != "grace" || got[0].Edited() {
		t.Fatalf("%d comments, first %+v", len(got), got[0])
	}
	if last := got[120]; last.ID != old || last.On != n || !last.Edited() {
		t.Errorf("last %+v", last)
	}
}

func TestWhoMayGiveCommands(t *testing.T) {
	by := []string{"team:acme/kafka-sre", "user:Rhea"}
	for name, k := range map[string]struct {
		author string
		by     []string
		before func(w *world, comment int64)
		why    string // "" when they may
	}{
		"somebody with write access":                    {"ada", nil, nil, ""},
		"somebody who may only read":                    {"rhea", nil, nil, "rhea has no write access"},
		"an outsider":                                   {"mallory", nil, nil, "mallory has no write access"},
		"somebody with write access who is not named":   {"ada", by, nil, "ada is not among those who may"},
		"somebody who is named and may read":            {"rhea", by, nil, ""},
		"a member of the team":                          {"joan", by, nil, ""},
		"somebody whose access has ended":               {"ada", nil, func(w *world, _ int64) { w.ok(w.Grant(repo, "ada", githubtest.None)) }, "ada has no write access"},
		"a member who has left":                         {"joan", by, func(w *world, _ int64) { w.ok(w.LeaveTeam("acme/kafka-sre", "joan")) }, "joan is not among"},
		"somebody who edited the comment":               {"ada", nil, func(w *world, id int64) { w.ok(w.As("ada").EditComment(repo, id, "/wavegate abort")) }, "was edited"},
		"somebody whose comment an administrator edits": {"ada", nil, func(w *world, id int64) { w.ok(w.As("olga").EditComment(repo, id, "/wavegate abort")) }, "was edited"},
		"somebody whose account is gone":                {"ada", nil, func(w *world, _ int64) { w.DeleteUser("ada") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			w.AddUser("mallory")
			n := w.propose("ada", "new", "7.6.1")
			id, err := w.As(k.author).Comment(repo, n, "/wavegate pause")
			w.ok(err)
			if k.before != nil {
				k.before(w, id)
			}
			c := w.client()
			list, err := c.CommentsOn(t.Context(), n)
			w.ok(err)
			may, why, err := c.MayCommand(t.Context(), list[0], k.by)
			w.ok(err)
			if name == "somebody whose account is gone" { // GitHub shows the user ghost, or none
				if may {
					t.Error("a ghost commands")
				}
				return
			}
			if may != (k.why == "") || !strings.Contains(why, k.why) {
				t.Errorf("may %v, because %q", may, why)
			}
		})
	}
}

func TestABotGivesNoCommands(t *testing.T) {
	w := start(t, nil)
	may, why, err := w.client().MayCommand(t.Context(), Comment{Author: "robot[bot]", Bot: true}, nil)
	w.ok(err)
	if may || why != "robot[bot] is a bot" {
		t.Errorf("may %v, because %q", may, why)
	}
}

func TestAPermissionThatCannotBeReadIsNone(t *testing.T) {
	w := start(t, nil)
	w.Break(githubtest.Fault{Path: "/repos/{owner}/{repo}/collaborators/{username}/permission", Effect: githubtest.Status(502)})
	if may, _, err := w.client().MayCommand(t.Context(), Comment{Author: "ada"}, nil); may || err == nil {
		t.Errorf("may %v, %v", may, err)
	}
}

func TestAReactionIsPutOnce(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	id, err := w.As("ada").Comment(repo, n, "/wavegate pause")
	w.ok(err)
	c := w.client()
	for range 2 {
		w.ok(c.React(t.Context(), id, Eyes))
	}
	w.ok(c.React(t.Context(), id, ThumbsUp))
	got, err := c.Reacted(t.Context(), id)
	w.ok(err)
	if !slices.Equal(got, []Reaction{Eyes, ThumbsUp}) {
		t.Errorf("reactions %v", got)
	}
	if err := c.React(t.Context(), 99, Eyes); !missing(err) {
		t.Errorf("reacting to nothing: %v", err)
	}
}

func TestAStatusIsSetWhenItIsNews(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	sha := w.pull(n).GetHead().GetSHA()
	c := w.client()
	s := Status{Context: "wavegate/plan", State: Pending, Description: strings.Repeat("ä", 200), URL: "https://wavegate.example.com/"}
	w.ok(c.SetStatus(t.Context(), sha, s))
	w.writes()
	w.ok(c.SetStatus(t.Context(), sha, s))
	if got := w.writes(); got != 0 {
		t.Errorf("the same has cost %d writes", got)
	}
	w.ok(c.SetStatus(t.Context(), sha, Status{Context: "wavegate/plan", State: Success}))
	w.ok(c.SetStatus(t.Context(), sha, Status{Context: "wavegate/rollout", State: Failure, Description: "No"}))
	got, err := c.Statuses(t.Context(), sha)
	w.ok(err)
	want := []Status{{Context: "wavegate/plan", State: Success}, {Context: "wavegate/rollout", State: Failure, Description: "No"}}
	slices.SortFunc(got, func(a, b Status) int { return strings.Compare(a.Context, b.Context) })
	if !slices.Equal(got, want) {
		t.Errorf("statuses %+v", got)
	}
}

func TestThereIsOnePullRequestBetweenTwoBranches(t *testing.T) {
	w := start(t, nil)
	w.push("wavegate", "promote", "7.6.1")
	c := w.client()
	open := NewPull{Title: "Canary", Body: "First", Head: "promote", Base: "main", Labels: []string{"wavegate"}}
	first, err := c.OpenPull(t.Context(), open)
	w.ok(err)
	w.writes()
	again, err := c.OpenPull(t.Context(), open)
	w.ok(err)
	if n := w.writes(); n != 0 || again.Number != first.Number || !slices.Equal(again.Labels, []string{"wavegate"}) {
		t.Errorf("opening it again has cost %d writes: %+v", n, again)
	}
	open.Body = "Second"
	edited, err := c.OpenPull(t.Context(), open)
	w.ok(err)
	if edited.Number != first.Number || edited.Body != "Second" || !edited.Open || edited.Author != "wavegate" || edited.HeadRepo != repo || edited.MergeCommit != "" {
		t.Errorf("edited %+v", edited)
	}
	w.ok(c.ClosePull(t.Context(), first.Number))
	w.writes()
	w.ok(c.ClosePull(t.Context(), first.Number))
	if n := w.writes(); n != 0 {
		t.Errorf("closing it again has cost %d writes", n)
	}
	next, err := c.OpenPull(t.Context(), open)
	w.ok(err)
	if next.Number == first.Number {
		t.Error("a closed one was taken for it")
	}
}

func TestPullRequestsAreListedByTheirLastChange(t *testing.T) {
	w := start(t, nil)
	first := w.propose("ada", "one", "7.6.1")
	second := w.propose("ada", "two", "7.6.2")
	w.clock.advance(time.Hour)
	since := w.clock.read()
	third := w.propose("ada", "three", "7.6.3")
	sha := w.merge("grace", first, githubtest.Squash)
	c := w.client()
	numbers := func(q PullQuery) []int {
		list, err := c.Pulls(t.Context(), q)
		w.ok(err)
		var out []int
		for _, p := range list {
			out = append(out, p.Number)
		}
		return out
	}
	for _, k := range []struct {
		query PullQuery
		want  []int
	}{
		{PullQuery{}, []int{third, second}},
		{PullQuery{All: true}, []int{first, third, second}},
		{PullQuery{All: true, Since: since}, []int{first, third}},
		{PullQuery{Head: "two"}, []int{second}},
		{PullQuery{Base: "other"}, nil},
	} {
		if got := numbers(k.query); !slices.Equal(got, k.want) {
			t.Errorf("%+v: %v, want %v", k.query, got, k.want)
		}
	}
	got, err := c.PullsWith(t.Context(), sha)
	w.ok(err)
	if len(got) != 1 || got[0].Number != first || got[0].MergeCommit != sha || got[0].Merged.IsZero() {
		t.Errorf("with the commit: %+v", got)
	}
}

func TestOneIssueIsKeptUpToDate(t *testing.T) {
	w := start(t, nil)
	_, err := w.As("ada").OpenIssue(repo, "Drift", "<!-- wavegate:drift -->\nMine")
	w.ok(err)
	c := w.client()
	keep := func(body string) Issue {
		t.Helper()
		i, err := c.Keep(t.Context(), NewIssue{Marker: "drift", Title: "Drift", Body: body, Labels: []string{"wavegate"}})
		w.ok(err)
		return i
	}
	w.Break(githubtest.Fault{Method: "POST", Times: 1, Effect: githubtest.Lost{}})
	if _, err := c.Keep(t.Context(), NewIssue{Marker: "drift", Title: "Drift", Body: "Zero"}); err == nil {
		t.Fatal("the loss was not noticed")
	}
	first := keep("One")
	w.writes()
	keep("One")
	if n := w.writes(); n != 0 {
		t.Errorf("the same has cost %d writes", n)
	}
	w.ok(c.CloseIssue(t.Context(), first.Number, true))
	w.ok(c.CloseIssue(t.Context(), first.Number, true))
	c = w.client()
	if i := keep("Two"); i.Number != first.Number || !i.Open || !strings.HasSuffix(i.Body, "Two") {
		t.Errorf("kept as %+v", i)
	}
	i, err := c.Kept(t.Context(), "drift")
	w.ok(err)
	if i == nil || i.Number != first.Number {
		t.Errorf("found %+v", i)
	}
	if none, err := c.Kept(t.Context(), "skew"); err != nil || none != nil {
		t.Errorf("found %+v, %v", none, err)
	}
}

// startWithApp is a world with a GitHub App, and a client of its installation. The
// library for apps signs with the time of the wall clock.
func startWithApp(t *testing.T) (*world, *Client) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, func(cfg *githubtest.Config) {
		cfg.Now = time.Now
		cfg.App = &githubtest.App{ID: 7, InstallationID: 70, Slug: "wavegate", Account: "acme", Key: &key.PublicKey}
	})
	w.key = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return w, w.appClient(70)
}

func (w *world) appClient(installation int64) *Client {
	w.t.Helper()
	return w.client(func(cfg *Config) {
		cfg.Token, cfg.Now = nil, time.Now
		cfg.App = &App{ID: 7, InstallationID: installation, PrivateKey: func() ([]byte, error) { return w.key, nil }}
	})
}

func TestAGitHubAppSpeaksAsItsBot(t *testing.T) {
	w, c := startWithApp(t)
	n := w.propose("ada", "new", "7.6.1")
	w.say(c, n, "Two clusters")
	w.say(w.appClient(70), n, "Three clusters")
	if got := w.said(c, n); !slices.Equal(got, []string{"wavegate[bot]: Three clusters"}) {
		t.Errorf("comments %v", got)
	}
	if tokens := w.Count("POST", "/app/installations/{installation_id}/access_tokens"); tokens != 2 {
		t.Errorf("%d tokens for two clients", tokens)
	}
	_, err := w.appClient(71).Pull(t.Context(), n)
	if err == nil || missing(err) || !strings.Contains(err.Error(), "check the app's id, its installation and its private key") || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("with another installation: %v", err)
	}
	whole := w.key
	w.key = whole[:100]
	if _, err = c.Pull(t.Context(), n); err == nil || strings.Contains(err.Error(), string(whole[40:60])) {
		t.Errorf("with half a key: %v", err)
	}
	w.key = whole
	_, err = c.Pull(t.Context(), n)
	w.ok(err)
}

func TestABotsApprovalDoesNotCount(t *testing.T) {
	w, app := startWithApp(t)
	n := w.propose("ada", "new", "7.6.1")
	_, _, err := app.api.PullRequests.CreateReview(t.Context(), "acme", "fleet", n, &gh.PullRequestReviewRequest{Event: gh.String("APPROVE")})
	w.ok(err)
	c := w.commit(w.merge("ada", n, githubtest.Squash))
	c.When = c.When.Add(-time.Hour)
	a, err := NewApprover(ApproverConfig{Client: app, Branch: "main"})
	w.ok(err)
	e, err := a.Approve(t.Context(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Refused, "wavegate[bot] is a bot")
	// An app may be the one who opens it; then a person approves.
	w.approve("grace", n)
	e, err = a.Approve(t.Context(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Approved, "approved by grace")
}

func TestWhatIsSaidCanBeReadWithoutSayingAnything(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	c := w.client()
	k, err := c.Said(t.Context(), n, "plan")
	w.ok(err)
	if k != nil {
		t.Errorf("found %+v", k)
	}
	w.say(c, n, "Two clusters")
	if k, err = w.client().Said(t.Context(), n, "plan"); err != nil || k == nil || !strings.HasSuffix(k.Body, "Two clusters") {
		t.Errorf("found %+v, %v", k, err)
	}
	p, err := c.EditPull(t.Context(), n, "Other", "Body")
	w.ok(err)
	if p.Title != "Other" || p.Body != "Body" {
		t.Errorf("edited %+v", p)
	}
}

func TestAnIdleHourCostsNothing(t *testing.T) {
	w := start(t, nil)
	n := w.propose("ada", "new", "7.6.1")
	_, err := w.As("ada").Comment(repo, n, "Hello")
	w.ok(err)
	c := w.client()
	since := w.clock.read().Add(-time.Hour)
	look := func() {
		_, err := c.Pulls(t.Context(), PullQuery{Base: "main", All: true})
		w.ok(err)
		_, err = c.Comments(t.Context(), since)
		w.ok(err)
	}
	look()
	before := c.Usage()
	for range 120 { // each half minute
		look()
	}
	after := c.Usage()
	if after.Remaining != before.Remaining || after.Unchanged-before.Unchanged != 240 || after.Requests-before.Requests != 240 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
