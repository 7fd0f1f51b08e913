package main

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
)

// lines runs the service with more flags and returns the lines of its log.
func (h *hub) lines(more ...string) <-chan string {
	h.t.Helper()
	cmd := exec.Command(h.bin, slices.Concat(h.args, more)...)
	out, err := cmd.StderrPipe()
	h.must(err)
	h.must(cmd.Start())
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	h.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range lines { // until it has ended
		}
		_ = cmd.Wait()
	})
	return lines
}

// await reads lines up to one with a text.
func await(tb testing.TB, lines <-chan string, text string) {
	tb.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				tb.Fatalf("the service ended before it said %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			tb.Fatalf("waited in vain for %q", text)
		}
	}
}

// BenchmarkToFirstAction measures the seconds from what somebody does at GitHub, the
// merge of an approved pull request or an approval that comes after the merge, to
// the first action on a cluster, with the interval that the service has by itself.
func BenchmarkToFirstAction(b *testing.B) {
	for _, by := range []string{"webhook", "polling"} {
		for _, what := range []string{"merge", "approval"} {
			b.Run(what+"/"+by, func(b *testing.B) {
				h := newHub(b, false)
				h.adopt()
				flags := []string{"--interval", "15s"}
				if by == "webhook" {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					h.must(err)
					address := l.Addr().String()
					h.must(l.Close())
					h.must(h.AddWebhook(githubtest.Webhook{URL: "http://" + address + "/github", Secret: "hush"}))
					flags = append(flags, "--webhook-listen", address)
				}
				lines := h.lines(flags...)
				await(b, lines, "running")
				var sum time.Duration
				for i := range b.N {
					n := h.pull(fmt.Sprintf("7.6.%d", i+1))
					approve := func() {
						_, err := h.As("grace").Approve(hubRepo, n)
						h.must(err)
					}
					merge := func() {
						_, err := h.As("ada").Merge(hubRepo, n, githubtest.Squash)
						h.must(err)
					}
					first, last := approve, merge
					if what == "approval" {
						first, last = merge, approve
					}
					first()
					if what == "approval" {
						await(b, lines, "commit refused")
					} else {
						time.Sleep(3 * time.Second) // what the review has woken is over
					}
					began := time.Now()
					last()
					await(b, lines, "what=\"started ")
					sum += time.Since(began)
					await(b, lines, "release=kafka-7.6."+fmt.Sprint(i+1))
					await(b, lines, "finished")
				}
				b.ReportMetric(sum.Seconds()/float64(b.N), "s/action")
			})
		}
	}
}
