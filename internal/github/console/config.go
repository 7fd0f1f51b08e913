package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// Config wires a [Console]. Client, Branch and Now are required; what is nil is
// left out of what the console does.
type Config struct {
	Client *github.Client
	// Branch is the watched branch, main for instance.
	Branch string
	// Fleet is the fleet's name, for titles.
	Fleet string

	// Preview returns what merging head would do to the fleet: head is a commit that
	// may be of a fork and may stand on an older one than base, the commit in force,
	// so what it leaves alone has to be that of base. Problems are what is wrong with
	// the fleet repository then, in which case there is no preview. Without it open
	// pull requests are left alone.
	Preview func(ctx context.Context, head, base string) (*report.Preview, fleet.Problems, error)
	// Approver says what the reviews of an open pull request are worth. Without it
	// the plan says only how many approvals are needed.
	Approver *github.Approver
	// Submit hands a command of an authorised person to the loop and returns the
	// number that a refusal of it will have in a cycle. Without it no commands are
	// taken.
	Submit func(ctx context.Context, c plan.Command) (id int64, err error)

	// Promotions opens the pull request that moves the next cohort, when the cohorts
	// before it have finished and soaked a version. It needs Tree.
	Promotions bool
	// AutoMerge lets GitHub merge promotions when the rules of the branch are met, its
	// reviews among them. A promotion that GitHub does not take is merged by hand.
	AutoMerge bool
	// Tree returns the files of the fleet at a commit of the watched branch, those
	// below Path.
	Tree func(ctx context.Context, commit string) (fs.FS, error)
	// Path is the folder of the fleet in the repository; empty means all of it.
	Path string

	// Look asks the loop for a cycle soon; nil waits for the next one.
	Look func()

	// NoDrift turns the drift report off that the fleet repository schedules.
	NoDrift bool

	// Poll is how often GitHub is looked at; 15s without it. Console.Wake makes it
	// earlier.
	Poll time.Duration
	// Hold is how long a comment stays as it is while only its numbers change, when
	// one rollout is under way; of several, each waits for as many times that. 30s
	// without it: two edits a minute, however many rollouts there are.
	Hold time.Duration
	// Lookback is how old a command may be that was given while nobody listened;
	// an hour without it.
	Lookback time.Duration
	// PreviewTimeout bounds one preview; a minute without it.
	PreviewTimeout time.Duration

	// Now is the clock.
	Now func() time.Time
	// Log receives what is over and what does not go on; nil discards it.
	Log *slog.Logger
}

// Console says at GitHub what the loop decided and takes the commands that people
// give there. It is safe for concurrent use.
type Console struct {
	cfg    Config
	living chan struct{} // asks for a look at merged pull requests and commands
	open   chan struct{} // asks for a look at open pull requests

	mu      sync.Mutex
	latest  *snapshot
	memory  reporterMemory
	hearing hearing
	trouble trouble

	// speak is held while something is said, so that of a plan and of a rollout
	// on the same pull request the rollout has the last word.
	speak sync.Mutex
	said  map[place]said
	begun map[int]bool // the pull requests whose comment is about the rollout
	set   map[place]github.Status

	origins *origins

	promoting promoting  // belongs to the goroutine of open pull requests
	drifting  drifting   // belongs to the same
	driftPost sync.Mutex // held while the drift issue is brought up to date

	merged merged   // belongs to the goroutine of merged pull requests
	desk   desk     // belongs to the same
	plans  planning // belongs to the goroutine of open pull requests

	due due // belongs to who calls Look
}

var _ reconciler.Reporter = (*Console)(nil)

// New makes a console. It does not speak with GitHub before Run.
func New(cfg Config) (*Console, error) {
	switch {
	case cfg.Client == nil:
		return nil, errors.New("configure console: Client is missing")
	case cfg.Branch == "":
		return nil, errors.New("configure console: Branch is missing")
	case cfg.Promotions && cfg.Tree == nil:
		return nil, errors.New("configure console: Promotions need Tree")
	case cfg.Now == nil:
		return nil, errors.New("configure console: Now is missing")
	}
	for name, d := range map[string]time.Duration{
		"Poll": cfg.Poll, "Hold": cfg.Hold, "Lookback": cfg.Lookback, "PreviewTimeout": cfg.PreviewTimeout,
	} {
		if d < 0 {
			return nil, fmt.Errorf("configure console: %s is negative", name)
		}
	}
	cfg.Poll = orDefault(cfg.Poll, 15*time.Second)
	cfg.Hold = orDefault(cfg.Hold, 30*time.Second)
	cfg.Lookback = orDefault(cfg.Lookback, time.Hour)
	cfg.PreviewTimeout = orDefault(cfg.PreviewTimeout, time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Console{
		cfg: cfg, living: make(chan struct{}, 1), open: make(chan struct{}, 1),
		memory:  newReporterMemory(),
		hearing: newHearing(),
		said:    map[place]said{}, begun: map[int]bool{}, set: map[place]github.Status{},
		origins: newOrigins(), promoting: newPromoting(),
		merged: newMerged(), desk: newDesk(), plans: newPlanning(),
	}, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// Wake asks for a look at GitHub now; a webhook calls it. It never blocks.
func (c *Console) Wake() {
	poke(c.living)
	poke(c.open)
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
