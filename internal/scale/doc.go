// Package scale shows what Wavegate takes for large fleets. It has no code of its
// own, only a day in the life of one: the real reconciler and the real ledger move
// releases through a modelled fleet in virtual time, while a share of all calls
// fails, and a judge that sees only the brokers looks on.
//
// A small day is part of the tests. The large one, of 20,000 clusters with 200,000
// brokers, takes some minutes:
//
//	go test -tags measure ./internal/scale -run Measure -v -timeout 60m
package scale
