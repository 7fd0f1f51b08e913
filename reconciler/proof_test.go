package reconciler_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
	"github.com/wavegate-dev/wavegate/reconciler/proof"
)

// judge has a journal judged by package proof.
func judge(events []plan.Event) *proof.Result {
	checker := proof.New()
	for i := range events {
		e := events[i]
		e.Seq = uint64(i + 1)
		checker.Entry(&e)
	}
	return checker.Result()
}

// TestTheJournalsOfAllStoriesAreSound plays every story and judges the journals
// that it leaves behind.
func TestTheJournalsOfAllStoriesAreSound(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	var sum proof.Counts
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := storyOf(t, file)
			s.play(string(s.file("script")))
			for _, ledger := range append(s.lost, s.ledger) {
				r := judge(ledger.events)
				for _, v := range r.Violations {
					t.Errorf("entry %d at %s breaks the law %s: %s", v.Seq, v.At, v.Law, v.Story)
				}
				sum.Starts += r.Starts
				sum.Redirects += r.Redirects
				sum.Steps += r.Steps
				sum.Soaks += r.Soaks
				sum.Pauses += r.Pauses
				sum.Failures += r.Failures
				sum.Adopted += r.Adopted
			}
		})
	}
	if sum.Starts == 0 || sum.Redirects == 0 || sum.Steps == 0 || sum.Soaks == 0 || sum.Pauses == 0 || sum.Failures == 0 || sum.Adopted == 0 {
		t.Errorf("the stories have too little to be judged: %+v", sum)
	}
}
