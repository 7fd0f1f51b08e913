package github

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// model is what an onlooker with pen and paper knows of one pull request.
type model struct {
	head     int             // how often it was pushed to
	involved map[string]bool // who opened it or pushed to it
	latest   map[string]note
	reviews  map[string][]int64 // ids of approvals, by who gave them
	mayWrite map[string]bool
	isMember map[string]bool
}

type note struct {
	state string
	head  int
}

// verdict is what the onlooker would say.
func (m *model) verdict(policy fleet.Approvals) admission.Verdict {
	count := 0
	for who, n := range m.latest {
		counts := m.mayWrite[who]
		if len(policy.By) > 0 {
			counts = m.isMember[who]
		}
		switch {
		case m.involved[who] || !counts || n.state == dismissed:
		case n.state == changesRequested:
			return admission.Refused
		case n.head == m.head:
			count++
		}
	}
	if count >= policy.Required {
		return admission.Approved
	}
	return admission.Refused
}

// TestWhateverPeopleDoTheVerdictIsThatOfAnOnlooker lets people push, review,
// dismiss, come, go and merge in any order.
func TestWhateverPeopleDoTheVerdictIsThatOfAnOnlooker(t *testing.T) {
	people := []string{"ada", "grace", "joan", "mary"}
	methods := []githubtest.Method{githubtest.MergeCommit, githubtest.Squash, githubtest.Rebase}
	seen := map[admission.Verdict]int{}
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := start(t, nil)
		w.ok(w.AddTeam("acme/kafka-sre", "joan", "mary"))
		m := &model{
			involved: map[string]bool{"ada": true}, latest: map[string]note{}, reviews: map[string][]int64{},
			mayWrite: map[string]bool{"ada": true, "grace": true, "joan": true, "mary": true},
			isMember: map[string]bool{"joan": true, "mary": true},
		}
		n := w.propose("ada", "new", "7.6.0-0")
		var story []string
		merged := ""
		steps := 4 + rng.IntN(8)
		for step := range steps {
			who := people[rng.IntN(len(people))]
			did := ""
			switch k := rng.IntN(12); {
			case step == steps-2: // there is something after the merge
				merged = w.merge("olga", n, methods[rng.IntN(3)])
				did = "olga merges"
			case k < 4 && who != "ada":
				id := w.approve(who, n)
				m.latest[who], m.reviews[who] = note{approved, m.head}, append(m.reviews[who], id)
				did = who + " approves"
			case k == 4 && who != "ada":
				_, err := w.As(who).Review(repo, n, "REQUEST_CHANGES", "No")
				w.ok(err)
				m.latest[who] = note{changesRequested, m.head}
				did = who + " asks for changes"
			case k == 5 && m.latest[who].state == approved:
				ids := m.reviews[who]
				w.ok(w.As("olga").Dismiss(repo, n, ids[len(ids)-1], "No"))
				m.latest[who] = note{dismissed, m.head}
				did = "olga dismisses what " + who + " said"
			case k == 6:
				m.mayWrite[who] = !m.mayWrite[who]
				p := githubtest.Read
				if m.mayWrite[who] {
					p = githubtest.Write
				}
				w.ok(w.Grant(repo, who, p))
				did = fmt.Sprintf("%s may write: %v", who, m.mayWrite[who])
			case k == 7:
				if m.isMember[who] = !m.isMember[who]; m.isMember[who] {
					w.ok(w.AddTeam("acme/kafka-sre", who))
				} else {
					w.ok(w.LeaveTeam("acme/kafka-sre", who))
				}
				did = fmt.Sprintf("%s is a member: %v", who, m.isMember[who])
			case k < 10 && merged == "" && m.mayWrite[who]:
				m.head++
				w.push(who, "new", fmt.Sprintf("7.6.0-%d", m.head))
				m.involved[who] = true
				did = who + " pushes"
			case k == 10:
				_, err := w.As(who).Review(repo, n, "COMMENT", "Hm")
				w.ok(err)
				did = who + " comments"
			}
			if did != "" {
				story = append(story, did)
			}
		}
		for _, policy := range []fleet.Approvals{{}, one, two, sre} {
			want := m.verdict(policy)
			seen[want]++
			if e := w.verdict(merged, policy); e.Verdict != want {
				t.Errorf("seed %d, policy %+v: %d %q, want %d\n%s", seed, policy, e.Verdict, e.Reason, want, strings.Join(story, "\n"))
			}
		}
	}
	if seen[admission.Approved] < 10 || seen[admission.Refused] < 10 {
		t.Errorf("the stories are too much alike: %v", seen)
	}
}

// TestTheHistoryAsGitHasIt judges the commits that the service itself reads.
func TestTheHistoryAsGitHasIt(t *testing.T) {
	w := start(t, nil)
	token := w.Token("wavegate")
	source, err := gitsource.New(gitsource.Config{URL: w.URL + "/" + repo + ".git", Token: func() (string, error) { return token, nil }})
	w.ok(err)
	first, err := source.Fetch(t.Context())
	w.ok(err)

	want := map[string]admission.Verdict{}
	n := w.propose("ada", "a", "7.6.1")
	w.approve("grace", n)
	want[w.merge("ada", n, githubtest.Squash)] = admission.Approved
	want[w.push("ada", "main", "7.6.2")] = admission.Refused
	n = w.propose("grace", "b", "7.6.3")
	w.push("grace", "b", "7.6.4")
	w.approve("ada", n)
	top := w.merge("ada", n, githubtest.Rebase)
	want[top], want[w.commit(top).Parents[0]] = admission.Approved, admission.Approved
	n = w.propose("ada", "c", "7.6.5")
	want[w.merge("olga", n, githubtest.MergeCommit)] = admission.Refused

	w.clock.advance(10 * 60 * 1e9)
	head, err := source.Fetch(t.Context())
	w.ok(err)
	commits, err := source.Log(t.Context(), first, head)
	w.ok(err)
	got, a := map[string]admission.Verdict{}, w.approver()
	for _, c := range commits {
		e, err := a.Approve(t.Context(), c, one)
		w.ok(err)
		got[c.SHA] = e.Verdict
	}
	if !maps.Equal(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
	if !slices.ContainsFunc(commits, func(c admission.Commit) bool { return len(c.Parents) == 2 }) {
		t.Error("there is no merge commit")
	}
}
