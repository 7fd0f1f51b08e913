// Package simulation tries to break the safety laws: the whole service in a
// simulated world, from one seed. It has no code of its own but tests.
//
//	go test ./internal/simulation -run TestSimulation -seeds 500        # the first 500 seeds
//	go test ./internal/simulation -run TestSimulation -budget 2m -v     # for so long; says what occurred
//	go test ./internal/simulation -run TestSimulation -seed 17          # one seed, its whole story
//
// # What is real and what is not
//
// The loop (reconciler.RunOnce), admission, the plan, the loader and the report are
// the product's, unchanged. The data planes are internal/simfleet, which passes the
// same suite as a real control plane. Git, GitHub's approvals, the monitors as they
// are reached, the disk and the clock are simulated. A crash throws away all that a
// process had in memory; its disk and the clusters stay.
//
// Whatever is drawn is drawn from the seed and from what the draw is about, never
// from the order in which goroutines run, so a seed tells the same story each time.
// What happens is a list of operations; a seed that breaks a law is shrunk by
// leaving operations out, and its story is printed with the line
//
//	LAW 4 broken after 122 steps at seed 499: what is in flight never exceeds a limit
//
// # Who judges
//
// The judge sees what is done to clusters and what the world truly was: it knows
// commits as the people who write them mean them, scans windows minute by minute,
// counts what is in flight, and knows nothing of how the service decides. Where it
// cannot know what the service could know, it says nothing.
//
//	 1  each start and step names a commit that exists and says so; none against a pin; no commit comes into force with what nobody approved
//	 2  a commit that comes into force moves one cohort, an emergency aside
//	 3  a start: each cohort before has run the version
//	 4  a start: what was started and has not come to rest, against each limit
//	 5  nothing is started or stepped while a recorded pause holds; none is lifted unasked
//	 6  the same after crashes and lost or old ledgers, by what the clusters carry
//	 7  nothing is done while the ledger cannot be written
//	 8  starts and steps against the windows in force
//	 9  starts and steps against what the monitors really answered
//	10  a wave, and a cohort before the next, was complete for as long as its soak
//	12  a wave starts when those started before it, by its size, are through
//	13  nothing is done where the data plane did not answer
//	14  nothing is started that runs it already; failures seen from outside against the budget
//	15  operators' words, commits and alerts come at any time, and no event is delivered at all: the loop only looks
//	16  what is not valid does not come into force
//	17  steps: all others ready and settled, the next broker and no other
//	18  a start against the product's policy
//	19  starts and steps against alerts and brokers that are down
//	20  a version set by hand after an upgrade had finished is not set back
//	22  a reporter that fails, at random
//	23  after the faults, a last release gets through all cohorts
//
// Not seen here: 11 (a timeout only ever stops; reconciler/plan has its stories), 21
// beyond a seed that is told twice (reconciler/plan compares each plan with one from
// scratch), and the parts of 7 and 22 that are about calls that hang
// (reconciler/run_test.go). Nor are two services at once (internal/kube's tests),
// SQLite (internal/sqlite has crashes and full disks of its own), and workloads that
// roll by themselves (reconciler/plan).
package simulation
