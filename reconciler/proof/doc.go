// Package proof judges a journal after the fact: does every change trace to an
// admitted commit, and was every gate open, by what the journal itself knows?
//
// It is a second pair of eyes. It shares the events, the calendar and the version
// policy with the planner, and none of its decisions: what a gate means is written
// down here once more, from the side of the journal.
//
// It never blames without a reason in the journal. What the journal does not hold
// is counted as not judged: changes from before its first entry, commits whose
// rules were not kept, clusters that were taken over after a ledger was lost. What
// no journal holds is not judged at all: whether the monitors were quiet, whether
// replicas were ready, and whether a start would have ended before a blackout.
//
// Where the planner counts what it sees in the clusters, the checker counts what
// was started and is not known to have ended; that is never more.
//
// What is judged, by the name that a violation carries:
//
//	chain        each entry is as it was recorded, and none is missing
//	traced       a change belongs to a target that an admitted commit has set
//	in-force     a start belongs to a target that moves clusters, of an emergency that has not expired
//	one-cohort   its commit moves one cohort at most
//	order        things happen in their order: what is stepped was started, what is started waits
//	paused       nothing is started or stepped while it is paused
//	resumed      whoever resumes is named
//	predecessor  earlier cohorts have finished and soaked the version
//	wave         earlier waves have finished and soaked
//	soak         a soak took as long as it has to
//	budget       a release with too many failures stands still
//	window       nothing starts in a blackout or outside of maintenance
//	pin          what is pinned stays as it is
//	version      the product's policy allows the step
//	limit        no more are in flight than may be
package proof
