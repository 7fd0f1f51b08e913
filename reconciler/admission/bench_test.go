package admission

import (
	"fmt"
	"testing"
)

// BenchmarkAThousandCommitsBehind judges what has gathered while nobody looked:
// a thousand commits, each behind one that is not approved.
func BenchmarkAThousandCommitsBehind(b *testing.B) {
	h := newHistory().commit("first", Refused, "canary.yaml=2")
	for i := range 1000 {
		h.commit(fmt.Sprintf("c%d", i), Approved, fmt.Sprintf("windows/%d.yaml=%d", i%50, i))
	}
	b.Run("at once", func(b *testing.B) {
		for b.Loop() {
			if r := h.judge(); r.InForce != "base" {
				b.Fatal(r.InForce)
			}
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			chain := NewChain(h.base)
			for _, c := range h.chain {
				chain.Add(c)
				if chain.InForce().Commit != "base" {
					b.Fatal(chain.InForce().Commit)
				}
			}
		}
	})
}
