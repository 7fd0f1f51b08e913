// Mutants checks the checker: it plants known bugs into the product, one at a
// time, and lets the simulation look for them. A bug that survives is a hole in
// the simulation's oracle or in its world.
//
//	go run ./internal/simulation/mutants              # all of them, some minutes
//	go run ./internal/simulation/mutants -list        # which there are
//	go run ./internal/simulation/mutants -open        # those that are known to survive
//	go run ./internal/simulation/mutants -unit NAME   # do the unit tests see it?
//	go run ./internal/simulation/mutants -classic -unit reconciler/plan/gates.go
//	go run ./internal/simulation/mutants -sample 90s -by "$(git rev-parse HEAD)"
//
// Nothing in the tree is changed: a changed file is written to a temporary folder
// and handed to the compiler as an overlay. Each bug is one that a person could
// make: a limit that is off by one, a gate that is forgotten, a pause that is not
// latched, a record that is written after the act.
//
// Nearly all of them fit into one build, asleep; each run wakes one.
//
// The catalogue names the text that is replaced. A text that is no longer found
// exactly once makes the catalogue stale, which the tests of this package find
// without building anything. They also compile every mutation.
package main
