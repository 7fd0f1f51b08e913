package github

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

func TestManyAtOnceSayOneThing(t *testing.T) {
	w := start(t, nil)
	c := w.merged()
	client := w.client()
	a, err := NewApprover(ApproverConfig{Client: client, Branch: "main"})
	w.ok(err)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if e, err := a.Approve(t.Context(), c, one); err != nil || e.Verdict != admission.Approved {
				t.Errorf("%+v, %v", e, err)
			}
			if _, err := client.Say(t.Context(), 1, fmt.Sprint(plan, "\nPlan ", i)); err != nil {
				t.Error(err)
			}
			if _, err := client.Keep(t.Context(), NewIssue{Title: "Drift", Body: fmt.Sprint(drift, "\n", i)}); err != nil {
				t.Error(err)
			}
			client.Usage()
		})
	}
	all.Wait()
	if got := w.said(client, 1); len(got) != 1 {
		t.Errorf("comments %v", got)
	}
	if n := w.Count("POST", "/repos/{owner}/{repo}/issues"); n != 1 {
		t.Errorf("%d issues", n)
	}
}

// TestWhateverGitHubDoesThereIsOneOfEach says and proposes things while answers get
// lost, lines are cut and limits are reached.
func TestWhateverGitHubDoesThereIsOneOfEach(t *testing.T) {
	effects := []githubtest.Effect{
		githubtest.Lost{},
		githubtest.Lost{},
		githubtest.Cut{},
		githubtest.Status(502), githubtest.Status(500),
		githubtest.SecondaryLimit{RetryAfter: time.Minute},
		githubtest.SecondaryLimit{TooMany: true},
		githubtest.PrimaryLimit{},
	}
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 2))
		w := start(t, nil)
		n := w.propose("ada", "new", "7.6.1")
		base := w.commit("main").SHA
		c := w.client()
		round := func(k int) error {
			if _, err := c.Say(t.Context(), n, fmt.Sprint(plan, "\nPlan ", k)); err != nil {
				return err
			}
			if _, err := c.Keep(t.Context(), NewIssue{Title: "Drift", Body: fmt.Sprint(drift, "\nDrift ", k)}); err != nil {
				return err
			}
			_, err := c.Propose(t.Context(), Proposal{
				Branch: "wavegate/kafka", Base: base, Message: "kafka", Files: map[string][]byte{"cohorts/20-prod.yaml": fmt.Append(nil, k)},
			})
			if err != nil {
				return err
			}
			_, err = c.OpenPull(t.Context(), NewPull{Title: "Kafka", Body: fmt.Sprint(k), Head: "wavegate/kafka", Base: "main", Labels: []string{"wavegate"}})
			return err
		}
		lost := 0
		for k := range 12 {
			heal := w.Break(githubtest.Fault{Method: []string{"", "POST", "PATCH"}[rng.IntN(3)], Times: 1 + rng.IntN(5), Effect: effects[rng.IntN(len(effects))]})
			if round(k) != nil {
				lost++
			}
			heal()
			if rng.IntN(4) == 0 {
				c = w.client() // a restart
			}
			w.clock.advance(2 * time.Hour) // whatever limit there was
		}
		w.ok(round(99))
		if got := w.said(c, n); !slices.Equal(got, []string{"wavegate: Plan 99"}) {
			t.Errorf("seed %d: comments %q", seed, got)
		}
		pulls, err := c.Pulls(t.Context(), PullQuery{All: true, Head: "wavegate/kafka"})
		w.ok(err)
		if len(pulls) != 1 || pulls[0].Body != "99" || !slices.Equal(pulls[0].Labels, []string{"wavegate"}) {
			t.Errorf("seed %d: pull requests %+v", seed, pulls)
		}
		issues := 0
		for number := 1; number < 10; number++ {
			i, _, err := c.api.Issues.Get(t.Context(), "acme", "fleet", number)
			if err == nil && !i.IsPullRequest() && i.GetUser().GetLogin() == "wavegate" {
				issues++
				if !strings.HasSuffix(i.GetBody(), "Drift 99") {
					t.Errorf("seed %d: issue %q", seed, i.GetBody())
				}
			}
		}
		if issues != 1 || lost == 0 {
			t.Errorf("seed %d: %d issues, %d rounds failed", seed, issues, lost)
		}
	}
}
