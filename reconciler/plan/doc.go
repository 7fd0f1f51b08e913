// Package plan decides: [Decide] gives every cluster of a fleet one decision in
// every cycle, with the reason for it, and the actions that follow. It is pure: what
// it is told ([Input]) is all that it knows.
//
// What stands in the way of a cluster are gates, in an order; gates.go has them as a
// truth table. What has happened is a fold of events ([State.Apply]); what follows from
// what is observed are more events, which lifecycle.go derives. [Plan.Next] looks
// only at what has changed and decides the same as [Decide].
//
// # What monitors say
//
// A monitor is known when it was read not longer than its maxAge ago. One that is
// not blocks its product; one that is known and blind to a single cluster
// ([BlindSpot]) blocks that cluster. To be blind is not to be quiet: nothing
// starts, nothing steps, and no time counts for the soak of a wave of which one
// cluster cannot be seen, because a wave has soaked when all of it was seen to be
// quiet for all of the time.
//
// A cluster that is alerting is not started and takes no step more, whatever the
// reason. What the alert is held to mean is another matter ([Evidence],
// [Judgement]), and only that is charged to the failure budget:
//
//	it fired before the upgrade of the cluster began    not charged
//	it fires on untouched clusters as well              not charged: the environment
//	it may fire for a moment, and that is not over      under look
//	anything else                                       charged
//
// The second is decided by comparing clusters of the product in the same data
// plane: those that run the new version or are on the way to it with those at rest
// on another. Where less than two of the others are there to compare with, the
// region and then the cloud take the place of the data plane. Clusters that cannot be
// seen, and those that the monitor is blind to, count for neither side. The rule
// is at looksLikeEnvironment.
//
// # Short and long looks
//
// The field for of a monitor says how long it may fire on a cluster under test
// before it is charged. The short look comes first: at the first firing the cluster
// is held, and all of its product is as soon as one more failure would be over the
// budget of the release. Nothing is written for that and nobody has to lift it. The
// long look decides: an alert that is over in time is forgiven, once for each
// upgrade of a cluster; one that lasts, or comes again, is charged as it would have
// been at once. Outages that are first heard of on a touched cluster have shown
// themselves on the others by then; when such an excuse is gone and the alert is
// not, it has its moment from there on.
//
// An alert whose source falls silent is not over. Looks are remembered in the
// ledger ([Blip]). With the ledger is lost only what was forgiven; what fires is
// seen.
package plan
