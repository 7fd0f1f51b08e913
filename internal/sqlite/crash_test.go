package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

const childRole = "WAVEGATE_SQLITE_CHILD"

// child is what the test binary does when it is started as another process.
func child(role, path string) int {
	ctx := context.Background()
	err := func() error {
		switch role {
		case "own":
			s, err := Open(ctx, Config{Path: path})
			if err != nil {
				return err
			}
			return s.Close()
		case "read":
			s, err := Open(ctx, Config{Path: path, Access: Read})
			if err != nil {
				return err
			}
			state, err := s.Load(ctx)
			if err != nil {
				return err
			}
			fmt.Println("loaded", strings.Join(slices.Sorted(maps.Keys(state.Releases)), " "))
			return s.Close()
		case "record":
			return recordForEver(ctx, path)
		default:
			return fmt.Errorf("no such role: %s", role)
		}
	}()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// recordForEver appends batches and says after each how many events are
// acknowledged, until it is killed.
func recordForEver(ctx context.Context, path string) error {
	s, err := Open(ctx, Config{Path: path, SnapshotEvery: 50})
	if err != nil {
		return err
	}
	head, err := s.Head(ctx)
	if err != nil {
		return err
	}
	for n := int(head.Seq); ; {
		var batch []plan.Event
		for range n%7 + 1 {
			n++
			batch = append(batch, numbered(n))
		}
		if err := s.Record(ctx, batch); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func numbered(n int) plan.Event {
	return plan.Event{
		At: start.Add(time.Duration(n) * time.Second), Kind: plan.DurationLearnt, Product: "kafka",
		Cluster: "lkc-" + strconv.Itoa(n%10), PerReplica: time.Duration(n) * time.Second, Reason: "number " + strconv.Itoa(n),
	}
}

func startChild(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), must[string](t)(os.Executable()), path)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	return cmd
}

func runChild(t *testing.T, role, path string) (string, error) {
	t.Helper()
	out, err := startChild(t, role, path).CombinedOutput()
	return string(out), err
}

// TestAKilledOwnerLosesNothingThatItAcknowledged kills a process that appends,
// at places that differ from run to run, again and again on the same file.
func TestAKilledOwnerLosesNothingThatItAcknowledged(t *testing.T) {
	path := newPath(t)
	acknowledged := 0
	for round := range 8 {
		cmd := startChild(t, "record", path)
		out := must[io.ReadCloser](t)(cmd.StdoutPipe())
		check(t, cmd.Start())
		lines := bufio.NewScanner(out)
		goal := acknowledged + 100 + 17*round
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the child says: %s", lines.Text())
			}
			if acknowledged = n; n > goal {
				check(t, cmd.Process.Kill()) // SIGKILL; what it says until then counts
				goal = math.MaxInt
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}

		s := must[*Store](t)(Open(t.Context(), Config{Path: path, Access: Inbox}))
		check(t, s.Verify(t.Context()))
		events := all(t, s, Filter{})
		if len(events) < acknowledged {
			t.Fatalf("round %d: %d events were acknowledged, %d are there", round, acknowledged, len(events))
		}
		want := plan.NewState()
		for i, e := range events {
			if e.Seq != uint64(i+1) || e.Reason != "number "+strconv.Itoa(i+1) {
				t.Fatalf("round %d: at place %d is event %d, %q", round, i+1, e.Seq, e.Reason)
			}
			want.Apply(e)
		}
		if got := loaded(t, s); got != asJSON(t, want) {
			t.Fatalf("round %d: got %s\nwant %s", round, got, asJSON(t, want))
		}
		check(t, s.Close())
		acknowledged = len(events)
	}
	// And the lock went with the process.
	openAt(t, Config{Path: path})
}
