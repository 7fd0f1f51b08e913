package demo

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/github/console"
	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// The repository of the story, and those who work with it.
const (
	owner, name = "acme", "fleet"
	repository  = owner + "/" + name
	mainBranch  = "main"
	wavegate    = "wavegate" // the account of the service
	team        = "acme/kafka-sre"
)

// hub is where people and Wavegate meet: a GitHub-compatible server over a real
// git repository, in which the story's clock rules.
type hub struct {
	server *githubtest.Server
	people map[string]*person
	token  string // of the service
	client *github.Client
	// statuses are what was said of commits.
	statuses map[string]string

	mu       sync.Mutex
	violated error // what the server and GitHub's own document disagree about
}

// openHub starts the server. The repository has a README; the fleet comes to it by
// a pull request.
func openHub(dir, address string, now func() time.Time, readme string) (_ *hub, err error) {
	h := &hub{people: map[string]*person{}, statuses: map[string]string{}}
	h.server, err = githubtest.Start(githubtest.Config{Dir: dir, Now: now, Addr: address, OnViolation: h.violation, Refresh: 3 * time.Second})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err := h.server.AddRepo(repository, githubtest.Files{readMe: readme}); err != nil {
		return nil, err
	}
	if err := h.server.Protect(repository, mainBranch, &githubtest.Protection{Approvals: 1}); err != nil {
		return nil, err
	}
	for _, login := range []string{"ada", "grace", "katherine"} {
		if err := h.server.Grant(repository, login, githubtest.Write); err != nil {
			return nil, err
		}
		if err := h.server.AddTeam(team, login); err != nil {
			return nil, err
		}
		if h.people[login], err = newPerson(login, h.server.URL, h.server.Token(login), &http.Transport{}); err != nil {
			return nil, err
		}
	}
	if err := h.server.Grant(repository, wavegate, githubtest.Write); err != nil {
		return nil, err
	}
	h.token = h.server.Token(wavegate)
	h.client, err = github.New(github.Config{
		BaseURL: h.server.URL, Owner: owner, Repo: name, Now: now, Token: h.gitToken,
		// The limits count the story's time, and nobody can wait for that.
		Patience: time.Nanosecond,
	})
	return h, err
}

func (h *hub) gitToken() (string, error) { return h.token, nil }

// address is where a browser finds the repository's pages.
func (h *hub) address() string { return h.server.URL + "/" + repository }

func (h *hub) violation(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violated = errors.Join(h.violated, err)
}

// sound returns an error when something was said at GitHub that the real one would
// not take or not answer.
func (h *hub) sound() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.violated != nil {
		return fmt.Errorf("speak with GitHub: %w", h.violated)
	}
	return nil
}

func (h *hub) close() error { return h.server.Close() }

// post is a pull request or an issue as people find it.
type post struct {
	number       int
	title, state string
	head, author string
	issue        bool
	// said is the first line of Wavegate's comment or of the issue that it keeps, or
	// what it says of the merged commit where there is no comment; plan is the status
	// of the head.
	said, plan string
	alarm      string // what its comment warns of
	text       string // of an issue
}

// posts returns all pull requests and issues with what Wavegate says there.
func (h *hub) posts() ([]post, error) {
	pulls, err := h.server.Pulls(repository)
	if err != nil {
		return nil, err
	}
	issues, err := h.server.Issues(repository)
	if err != nil {
		return nil, err
	}
	var out []post
	for i := range pulls {
		p := &pulls[i]
		comments, err := h.server.Comments(repository, p.Number)
		if err != nil {
			return nil, err
		}
		x := post{number: p.Number, title: p.Title, state: p.State, head: p.Head, author: p.Author}
		for k := range comments {
			if c := &comments[k]; c.Author == wavegate && x.said == "" {
				x.said, x.alarm = headline(c.Body), alarm(c.Body)
			}
		}
		if p.State == "open" {
			x.plan, err = h.statusOf(p.HeadSHA, console.StatusPlan)
		} else if x.said == "" && p.MergeSHA != "" {
			x.said, err = h.statusOf(p.MergeSHA, console.StatusRollout)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	for i := range issues {
		x := &issues[i]
		out = append(out, post{number: x.Number, title: x.Title, state: x.State, author: x.Author, issue: true, said: headline(x.Body), text: x.Body})
	}
	slices.SortFunc(out, func(a, b post) int { return cmp.Compare(a.number, b.number) })
	return out, nil
}

// statusOf is what Wavegate says of a commit in a status, or empty. It is read once:
// what is said again says the same to who waits for it.
func (h *hub) statusOf(sha, context string) (string, error) {
	if text := h.statuses[sha]; text != "" {
		return text, nil
	}
	list, err := h.server.Statuses(repository, sha)
	if err != nil {
		return "", err
	}
	for i := range list {
		if s := &list[i]; s.Context == context {
			h.statuses[sha] = s.Description
		}
	}
	return h.statuses[sha], nil
}
