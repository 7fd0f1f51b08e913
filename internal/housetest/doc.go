// Package housetest holds the test that the house is in order: which package
// may import which, what the pure core must not reach, and what may lie at the
// top level of the repository. It has no code outside of its tests.
//
// The rules are in rules_test.go. Each of them also runs on the small broken
// trees in testdata, so that a rule that finds nothing any more is noticed.
package housetest
