package githubtest

import (
	"fmt"
	"testing"
	"time"
)

// The figures say what a test pays for a request: most of it is git's processes.
func BenchmarkRequests(b *testing.B) {
	s, err := Start(Config{Dir: b.TempDir(), Now: func() time.Time { return time.Unix(1e9, 0) }, RateLimit: 1e9})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := s.AddRepo("acme/fleet", Files{"a": "b"}); err != nil {
		b.Fatal(err)
	}
	if err := s.Grant("acme/fleet", "ada", Write); err != nil {
		b.Fatal(err)
	}
	for i := range 10 {
		branch := fmt.Sprintf("new-%d", i)
		if _, err := s.As("ada").Push("acme/fleet", branch, Change{Write: Files{branch: "x"}}); err != nil {
			b.Fatal(err)
		}
		if _, err := s.As("ada").OpenPull("acme/fleet", branch, "main", "New", ""); err != nil {
			b.Fatal(err)
		}
	}
	token := s.Token("ada")
	for _, path := range []string{"", "/pulls/1", "/pulls", "/pulls/1/reviews", "/commits/main/pulls", "/issues/1/comments"} {
		b.Run("GET "+path, func(b *testing.B) {
			for b.Loop() {
				if status, body := s.ask(b, "GET", "/repos/acme/fleet"+path, token, ""); status != 200 {
					b.Fatal(body)
				}
			}
		})
	}
}
