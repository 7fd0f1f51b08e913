//go:build !wip

package reconciler

// Cycle is what one pass of the loop saw, decided and did.
type Cycle struct{}
