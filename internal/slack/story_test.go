package slack

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

var stamp = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`)

const release = "kafka-7.6.1-c1"

// untilPaused is how long it takes until production is half done.
const untilPaused = 36 * time.Minute

const pausedTranscript = `
kafka 7.6.1: ⏸ paused: p2 failed: monitor under-replicated fires since [then]; 2 clusters have failed, 1 allowed
  ✔ Cohort ` + "`canary`" + ` has finished and soaked kafka 7.6.1
  (to all) kafka 7.6.1 is paused: p2 failed: monitor under-replicated fires since [then]; 2 clusters have failed, 1 allowed
`

const doneTranscript = `
kafka 7.6.1: ✔ complete
  ✔ Cohort ` + "`canary`" + ` has finished and soaked kafka 7.6.1
  (to all) kafka 7.6.1 is paused: p2 failed: monitor under-replicated fires since [then]; 2 clusters have failed, 1 allowed
  ▶ kafka 7.6.1 goes on; resumed by user:ada
  ✔ Cohort ` + "`prod`" + ` has finished and soaked kafka 7.6.1
  ✔ kafka 7.6.1 is complete
`

// halt brings the release to its pause.
func (w *world) halt() {
	w.run(time.Minute)
	w.repo.commit("c1")
	w.repo.commit("p1")
	w.run(untilPaused)
	w.fail()
	w.run(2 * time.Minute)
}

// goOn brings it to its end.
func (w *world) goOn() {
	w.run(10 * time.Minute)
	w.ask(plan.CommandResume, release, "")
	for _, c := range []string{"p1", "p2", "p3"} {
		w.ask(plan.CommandRetry, "", c)
	}
	w.run(20 * time.Minute)
}

func TestAReleaseIsOneThreadFromItsStartToItsEnd(t *testing.T) {
	tell(t, func(w *world) {
		w.run(time.Minute)
		w.want("")
		w.halt()
		w.want(pausedTranscript)
		w.goOn()
		w.want(doneTranscript)
		if len(w.errs) > 0 {
			t.Error(w.errs)
		}
	})
}

func TestAPauseSaysWhereAndWhatToDo(t *testing.T) {
	tell(t, func(w *world) {
		w.halt()
		blocks := w.slack.messages[len(w.slack.messages)-1].blocks
		for _, part := range []string{"`p2` in `prod`", "quiet before the upgrade began at ", "untouched", "fires: ", "https://git.example/pull/c1|pull request", "/wavegate resume", "`wavegate resume " + release + "`"} {
			if !strings.Contains(unescaped(blocks), part) {
				t.Errorf("want %q in %s", part, blocks)
			}
		}
	})
}

func unescaped(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
}

func TestAfterARestartNothingIsSaidTwice(t *testing.T) {
	tell(t, func(w *world) {
		w.halt()
		posts := w.slack.count("chat.postMessage")
		edits := w.slack.count("chat.update")
		w.start()
		w.run(2 * time.Minute)
		if n := w.slack.count("chat.postMessage"); n != posts {
			t.Errorf("%d messages after the restart, %d before", n, posts)
		}
		if n := w.slack.count("chat.update"); n != edits {
			t.Errorf("%d edits after the restart, %d before", n, edits)
		}
		w.goOn()
		w.want(doneTranscript)
		w.start()
		w.run(2 * time.Minute)
		w.want(doneTranscript)
	})
}

func TestWhatHappensWhileTheReporterIsDownIsSaidLater(t *testing.T) {
	tell(t, func(w *world) {
		w.halt()
		w.stop()
		w.stop = func() {}
		w.ask(plan.CommandResume, release, "")
		w.run(time.Minute)
		w.start()
		w.run(time.Minute)
		if got := w.slack.transcript(); !strings.Contains(got, "▶ kafka 7.6.1 goes on\n") {
			t.Errorf("nobody was told that it goes on:\n%s", got)
		}
	})
}

func TestALostAnswerIsLookedUpBeforeItIsSaidAgain(t *testing.T) {
	tell(t, func(w *world) {
		// Every other message arrives, and its answer gets lost.
		odd := false
		w.slack.fails(func(method string, _ int) (int, http.Header, string, bool) {
			if method != "chat.postMessage" {
				return 0, nil, "", false
			}
			if odd = !odd; odd {
				return http.StatusBadGateway, nil, "<html>", true
			}
			return 0, nil, "", false
		})
		w.halt()
		w.goOn()
		w.want(doneTranscript)
	})
}

func TestSlackIsDownForAnHourAndThePauseIsStillSaid(t *testing.T) {
	tell(t, func(w *world) {
		w.slack.fails(func(string, int) (int, http.Header, string, bool) {
			return http.StatusServiceUnavailable, nil, "<html>", false
		})
		w.halt()
		w.goOn()
		w.run(time.Hour)
		if n := len(w.slack.calls); n > 60 {
			t.Errorf("%d attempts in two hours: the time between them does not grow", n)
		}
		w.want("")
		if len(w.errs) != 1 || !strings.Contains(w.errs[0].Error(), "503") {
			t.Errorf("want to hear once of 503, got %v", w.errs)
		}
		w.slack.fails(nil)
		w.run(10 * time.Minute)
		got := w.slack.transcript()
		for _, part := range []string{"kafka 7.6.1 is paused: p2 failed", "kafka 7.6.1 goes on; resumed by user:ada", "kafka 7.6.1 is complete"} {
			if strings.Count(got, part) != 1 {
				t.Errorf("want %q once in\n%s", part, got)
			}
		}
	})
}

func TestSlackIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	tell(t, func(w *world) {
		limited := 0
		w.slack.fails(func(method string, _ int) (int, http.Header, string, bool) {
			if method == "chat.postMessage" && limited < 3 {
				limited++
				return http.StatusTooManyRequests, http.Header{"Retry-After": {"95"}}, "", false
			}
			return 0, nil, "", false
		})
		w.halt()
		w.goOn()
		w.want(doneTranscript)
		for i, c := range w.slack.calls[:len(w.slack.calls)-1] {
			if pause := w.slack.calls[i+1].at.Sub(c.at); c.status == http.StatusTooManyRequests && pause < 95*time.Second {
				t.Errorf("call %d came %s after Slack asked for 95s", i+1, pause)
			}
		}
		var last time.Time
		for _, c := range w.slack.calls {
			if strings.HasPrefix(c.method, "chat.") {
				if !last.IsZero() && c.at.Sub(last) < time.Second {
					t.Errorf("two writes within %s", c.at.Sub(last))
				}
				last = c.at
			}
		}
	})
}

func TestAPauseOfEverythingHasItsOwnThread(t *testing.T) {
	tell(t, func(w *world) {
		w.run(time.Minute)
		w.ask(plan.CommandPause, "", "")
		w.run(time.Minute)
		w.want(`
Everything is paused: a look at the disks
  (to all) Everything is paused: a look at the disks
`)
		w.ask(plan.CommandResume, "", "")
		w.run(time.Minute)
		w.want(`
The fleet goes on
  (to all) Everything is paused: a look at the disks
  ▶ The fleet goes on; resumed by user:ada
`)
	})
}

func TestDriftIsSummedUpOnceAnHour(t *testing.T) {
	tell(t, func(w *world) {
		w.run(2 * time.Minute)
		if err := w.fleet.SetVersion("p1", version("7.6.9")); err != nil {
			t.Fatal(err)
		}
		w.run(70 * time.Minute)
		w.want(`
Drift: 1 cluster differs from the repository, and no rollout explains it
  Drift: 1 cluster differs from the repository, and no rollout explains it
`)
		w.start()
		w.run(2 * time.Hour)
		if n := w.slack.count("chat.postMessage"); n != 2 {
			t.Errorf("the same drift was said in %d messages", n)
		}
	})
}

func TestADeletedThreadIsBegunAnew(t *testing.T) {
	tell(t, func(w *world) {
		w.halt()
		w.slack.mu.Lock()
		w.slack.messages = nil
		w.slack.mu.Unlock()
		w.goOn()
		if got := w.slack.transcript(); !strings.HasPrefix(got, "kafka 7.6.1: ✔ complete\n") {
			t.Errorf("the channel reads\n%s", got)
		}
	})
}

func TestMessagesOfOthersAreNotTakenForOurs(t *testing.T) {
	tell(t, func(w *world) {
		w.slack.messages = append(w.slack.messages, &fakeMessage{
			TS: "946684800.000000", Text: "mine", Bot: "B2",
			Metadata: []byte(`{"event_type":"wavegate_release","event_payload":{"release":"` + release + `","digest":"x"}}`),
		})
		w.halt()
		w.want("mine\n" + strings.TrimLeft(pausedTranscript, "\n"))
	})
}
