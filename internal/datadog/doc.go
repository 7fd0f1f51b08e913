// Package datadog tells what Datadog monitors say about clusters. It is the
// [reconciler.Monitors] for those monitors of a product that have a datadog
// source.
//
// # How it asks
//
// A poll makes one paged search of monitor groups for each distinct query
// string, whatever the number of products, monitors and clusters: two products
// that name the same query share one answer. Datadog's search would let the
// queries be joined with OR, but an answer does not say which of them a group
// was found by, and a query may look at anything (titles, tags, groups), so
// that the search would have to be done again here to tell. A joined query
// that one bad part makes invalid would also blind all of them.
//
// A poll runs on its own goroutine ([Monitors.Run]). [Monitors.Signals] never
// waits: it returns the newest answers, each with the time at which its poll
// began, and leaves it to the planner to find them too old.
//
// # What it makes of the answers
//
// A group belongs to the cluster that its tag clusterTag names: what follows
// the first colon. A group that fires is an alert on that cluster. A group that
// only warns is counted. A group that has no data, or is skipped, ignored or muted,
// makes the monitor blind to the clusters that it names, and to no other. A muted
// group that fires is both: the alert is true, and the monitor still cannot be
// relied upon there.
//
// The monitor as a whole is unknown when its query finds nothing, finds no group
// with the tag, or hides groups by their state; when it is blind to every cluster
// that it speaks of; and when a group cannot be understood, such as one with a
// status that is not known yet: that may mean anything.
//
// Groups without the tag are unmapped. They are listed by [Monitors.Details],
// and as soon as one of them fires, is muted or has no data the monitor is
// unknown, since nobody can say on which cluster.
//
// Half an answer is never read as whole. The pages of a search have to add up
// to the total that each of them names, without a group that comes twice;
// otherwise the search is made again, and after three times it has failed. When
// a group that was known is not there, another search has to confirm it.
//
// # What it spares
//
// Before each call it looks at what the last X-RateLimit headers left: it
// spreads the calls when little is left, and makes none when nothing is, or
// after a 429, until the period is over. Failed polls are repeated after ever
// longer waits.
package datadog
