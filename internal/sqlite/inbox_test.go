package sqlite

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func pause(reason string) plan.Command {
	return plan.Command{At: start, Kind: plan.CommandPause, Reason: reason, By: "ada"}
}

func TestACommandGoesFromTheOperatorToTheOwnerAndAway(t *testing.T) {
	path := newPath(t)
	// The operator may even come first.
	operator := openAt(t, Config{Path: path, Access: Inbox})
	first := must[int64](t)(operator.Submit(t.Context(), pause("latency is up")))
	owner := openAt(t, Config{Path: path})
	second := must[int64](t)(operator.Submit(t.Context(), plan.Command{At: start, Kind: plan.CommandRetry, Cluster: "lkc-1", By: "ada"}))
	third := must[int64](t)(owner.Submit(t.Context(), plan.Command{At: start, Kind: plan.CommandResume, Release: "kafka-7.6.1-4f2a9c1", By: "bob"}))

	got := must[[]plan.Command](t)(owner.Commands(t.Context()))
	if len(got) != 3 || got[0].ID != first || got[1].ID != second || got[2].ID != third {
		t.Fatalf("got %+v", got)
	}
	if want := pause("latency is up"); got[0].Kind != want.Kind || got[0].Reason != want.Reason || got[0].By != "ada" || !got[0].At.Equal(start) {
		t.Errorf("got %+v", got[0])
	}
	check(t, owner.Done(t.Context(), []int64{first, second}))
	check(t, owner.Done(t.Context(), []int64{first, second})) // as after a crash
	got = must[[]plan.Command](t)(owner.Commands(t.Context()))
	if len(got) != 1 || got[0].ID != third {
		t.Errorf("got %+v", got)
	}
	if next := must[int64](t)(operator.Submit(t.Context(), pause("again"))); next <= third {
		t.Errorf("the number %d was given twice", next)
	}
}

func TestACommandThatMakesNoSenseIsRefused(t *testing.T) {
	s := openAt(t, Config{Path: newPath(t)})
	for _, c := range []struct {
		says string
		edit func(*plan.Command)
	}{
		{`no such command: "stop"`, func(c *plan.Command) { c.Kind = "stop" }},
		{"who asks", func(c *plan.Command) { c.By = "" }},
		{"no time", func(c *plan.Command) { c.At = time.Time{} }},
		{"needs a reason", func(c *plan.Command) { c.Reason = "" }},
		{"needs a cluster", func(c *plan.Command) { c.Kind = plan.CommandSkip }},
		{"not for cluster", func(c *plan.Command) { c.Cluster = "lkc-1" }},
		{"4096 are allowed", func(c *plan.Command) { c.Reason = strings.Repeat("x", 5000) }},
	} {
		cmd := pause("because")
		c.edit(&cmd)
		if _, err := s.Submit(t.Context(), cmd); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: got %v, want %q", cmd, err, c.says)
		}
	}
	if got := must[[]plan.Command](t)(s.Commands(t.Context())); len(got) != 0 {
		t.Errorf("something is in the inbox: %+v", got)
	}
}

func TestAFullInboxSaysThatNobodyReadsIt(t *testing.T) {
	path := newPath(t)
	s := openAt(t, Config{Path: path, Access: Inbox})
	change(t, path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO command (body) SELECT x'7b7d' FROM n")
	if _, err := s.Submit(t.Context(), pause("because")); err == nil || !strings.Contains(err.Error(), "is wavegate run running?") {
		t.Errorf("got %v", err)
	}
}

func TestOperatorsSubmitWhileTheOwnerRecords(t *testing.T) {
	path := newPath(t)
	owner := openAt(t, Config{Path: path})
	const operators, each = 4, 25
	var wg sync.WaitGroup
	for range operators {
		operator := openAt(t, Config{Path: path, Access: Inbox})
		wg.Go(func() {
			for range each {
				if _, err := operator.Submit(t.Context(), pause("because")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	taken := map[int64]bool{}
	for n := 1; len(taken) < operators*each && !t.Failed(); n++ {
		check(t, owner.Record(t.Context(), []plan.Event{numbered(n)}))
		var ids []int64
		for _, c := range must[[]plan.Command](t)(owner.Commands(t.Context())) {
			if taken[c.ID] {
				t.Errorf("command %d came twice", c.ID)
			}
			taken[c.ID] = true
			ids = append(ids, c.ID)
		}
		check(t, owner.Done(t.Context(), ids))
	}
	wg.Wait()
	check(t, owner.Verify(t.Context()))
}

func TestProcessesThatComeFirstAtTheSameTimeMakeOneFile(t *testing.T) {
	path := newPath(t)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s, err := Open(t.Context(), Config{Path: path, Access: Inbox})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Submit(t.Context(), pause("number "+strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := openAt(t, Config{Path: path})
	if got := must[[]plan.Command](t)(s.Commands(t.Context())); len(got) != 6 {
		t.Errorf("%d of 6 commands are there", len(got))
	}
}
