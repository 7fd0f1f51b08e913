// Package metrics is one more reporter: it counts what the cycles did, and shows
// Prometheus how the fleet is when it asks.
//
// What is counted (cycles, actions, errors of the ledger) comes from [Metrics.Report]
// and [Metrics.Ledger]. What is the case now (clusters by verdict, budgets, pauses)
// is read from the last finished cycle when Prometheus scrapes, so that a cycle
// costs nothing for it. No metric has a label for a single cluster or release: the
// number of series depends on the fleet repository and not on the fleet.
package metrics
