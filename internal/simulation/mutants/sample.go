package main

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// shuffled returns the mutations in an order that a text decides: every day and
// every commit begins with others, and the same text with the same.
func shuffled(all []mutation, by string) []mutation {
	hash := func(name string) uint64 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(by + "\x00" + name))
		return h.Sum64()
	}
	out := slices.Clone(all)
	slices.SortFunc(out, func(a, b mutation) int {
		return cmp.Or(cmp.Compare(hash(a.name), hash(b.name)), cmp.Compare(a.name, b.name))
	})
	return out
}
