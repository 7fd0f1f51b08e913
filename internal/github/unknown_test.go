package github

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// merged is an approved and merged pull request, and the commit it brought.
func (w *world) merged() admission.Commit {
	w.t.Helper()
	n := w.propose("ada", "new", "7.6.1")
	w.approve("joan", n)
	c := w.commit(w.merge("ada", n, githubtest.MergeCommit))
	w.clock.advance(time.Minute)
	return c
}

var sre = fleet.Approvals{Required: 1, By: []string{"team:acme/kafka-sre"}}

func TestWhatCannotBeReadIsNeverAnApproval(t *testing.T) {
	const reviews = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
	bad := githubtest.Status(http.StatusBadGateway)
	for name, fault := range map[string]githubtest.Fault{
		"the pull requests of the commit": {Path: "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", Effect: bad},
		"who pushed":                      {Path: "/repos/{owner}/{repo}/activity", Effect: bad},
		"its commits":                     {Path: "/repos/{owner}/{repo}/pulls/{pull_number}/commits", Effect: bad},
		"what it changes":                 {Path: "/repos/{owner}/{repo}/compare/{basehead}", Effect: bad},
		"its reviews":                     {Path: reviews, Effect: bad},
		"a permission":                    {Path: "/repos/{owner}/{repo}/collaborators/{username}/permission", Effect: bad},
		"a membership":                    {Path: "/orgs/{org}/teams/{team_slug}/memberships/{username}", Effect: bad},
		"a lack of permission":            {Path: reviews, Effect: githubtest.Status(http.StatusForbidden)},
		"the hour is used up":             {Path: reviews, Effect: githubtest.PrimaryLimit{}},
		"too much at once":                {Path: reviews, Effect: githubtest.SecondaryLimit{RetryAfter: time.Minute}},
		"too much at once, and no hint":   {Path: reviews, Effect: githubtest.SecondaryLimit{Bare: true}},
		"too much at once, a time before": {Path: reviews, Effect: githubtest.SecondaryLimit{RetryAfter: -time.Minute}},
		"too many requests":               {Path: reviews, Effect: githubtest.SecondaryLimit{TooMany: true, RetryAfter: time.Hour}},
		"no answer":                       {Path: reviews, Effect: githubtest.Cut{}},
		"an answer that comes too late":   {Path: reviews, Effect: githubtest.Slow(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			w.ok(w.AddTeam("acme/kafka-sre", "joan"))
			c := w.merged()
			a := w.approver()
			_, slow := fault.Effect.(githubtest.Slow)
			if slow {
				// What comes in time is remembered, so that only the slow one is asked.
				w.Break(githubtest.Fault{Path: reviews, Times: 4, Effect: bad})
				_, err := a.Approve(t.Context(), c, sre)
				a.client = w.client(func(cfg *Config) { cfg.Timeout = 50 * time.Millisecond })
				if err == nil {
					t.Fatal("approved")
				}
			}
			heal := w.Break(fault)
			e, err := a.Approve(t.Context(), c, sre)
			if err == nil || e.Verdict != admission.Unknown {
				t.Fatalf("verdict %d, %q, %v", e.Verdict, e.Reason, err)
			}
			if strings.Contains(err.Error(), "ghp_") {
				t.Errorf("the error contains the token: %v", err)
			}
			heal()
			w.clock.advance(2 * time.Hour)
			if slow {
				a.client = w.client()
			}
			if e, err = a.Approve(t.Context(), c, sre); err != nil || e.Verdict != admission.Approved {
				t.Errorf("after that: %d %q, %v", e.Verdict, e.Reason, err)
			}
		})
	}
}

func TestATeamThatCannotBeSeenIsUnknown(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	_, err := w.approver().Approve(t.Context(), c, sre)
	if err == nil || !strings.Contains(err.Error(), "read:org") {
		t.Errorf("got %v", err)
	}
	// It does not matter to somebody who is named otherwise.
	e, err := w.approver().Approve(t.Context(), c, fleet.Approvals{Required: 1, By: append(sre.By, "user:Joan")})
	w.ok(err)
	mustBe(t, e, admission.Approved, "joan")
}

func TestACommitThatGitHubHasNotGotYetIsUnknown(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	c.SHA = strings.Repeat("a", 40)
	e, err := w.approver().Approve(t.Context(), c, one)
	w.ok(err)
	mustBe(t, e, admission.Unknown, "does not know the commit yet")
}

func TestTheTokenIsWrong(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	secret := "ghp_wrong"
	a := w.approver(func(cfg *Config) { cfg.Token = func() (string, error) { return secret, nil } })
	_, err := a.Approve(t.Context(), c, one)
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized: Bad credentials") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	a = w.approver(func(cfg *Config) { cfg.Token = func() (string, error) { return "", errors.New("no such file") } })
	w.Forget()
	if _, err = a.Approve(t.Context(), c, one); err == nil || !strings.Contains(err.Error(), "read token: no such file") {
		t.Errorf("got %v", err)
	}
	if n := w.Count("", ""); n != 0 {
		t.Errorf("%d requests were made without a token", n)
	}
}

func TestAskingAgainForAWaitingCommitCostsNothing(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	client := w.client()
	a, err := NewApprover(ApproverConfig{Client: client, Branch: "main"})
	w.ok(err)
	for _, policy := range []fleet.Approvals{one, {Required: 2}} {
		if _, err := a.Approve(t.Context(), c, policy); err != nil {
			t.Fatal(err)
		}
	}
	before := client.Usage()
	w.Forget()
	for range 10 {
		e, err := a.Approve(context.Background(), c, fleet.Approvals{Required: 2})
		w.ok(err)
		mustBe(t, e, admission.Refused, "1 of 2")
	}
	for _, r := range w.Requests() {
		if r.Status != http.StatusNotModified {
			t.Errorf("%s %s was answered with %d", r.Method, r.Path, r.Status)
		}
	}
	after := client.Usage()
	if n := len(w.Requests()); n != 20 || after.Unchanged-before.Unchanged != n || after.Remaining != before.Remaining {
		t.Errorf("%d requests, %+v, before %+v", n, after, before)
	}
}

func TestWhatAVerdictCosts(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	client := w.client()
	a, err := NewApprover(ApproverConfig{Client: client, Branch: "main"})
	w.ok(err)
	for _, want := range []struct{ requests, unchanged int }{{8, 0}, {2, 2}} {
		before := client.Usage()
		e, err := a.Approve(t.Context(), c, one)
		w.ok(err)
		mustBe(t, e, admission.Approved)
		after := client.Usage()
		if r, u := after.Requests-before.Requests, after.Unchanged-before.Unchanged; r != want.requests || u != want.unchanged {
			t.Errorf("%d requests, of which %d found nothing new; want %+v", r, u, want)
		}
	}
}
