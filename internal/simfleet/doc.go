// Package simfleet is the embedded data plane: a modelled fleet that behaves
// like clusters on Kubernetes, for the demo, for tests and for running without
// Kubernetes.
//
// A [Fleet] has data planes, each a reconciler.DataPlane, and serves the
// monitors of all of them, as reconciler.Monitors. Everything is a function of
// the seed, of the calls that changed something with the times at which they
// were made, and of the clock: there are no goroutines and nothing sleeps.
// What would have happened since the last look is worked out when somebody
// looks. Random draws are hashes of what they are about (cluster, replica,
// version, attempt), not a stream, so the order of calls changes none of them.
//
// # What is modelled
//
// A StatefulSet has a template (the target), a partition, and replicas that
// are replaced from the top. A replica whose ordinal is below the partition
// and that has to be made anew comes back on the current revision, the version
// that all replicas last ran together; the others on the target. The
// controller replaces a replica only while all others are ready. A Start puts
// the partition to the top; a Step lowers it to one more replica. A change by
// hand does not move the partition, so a finished cluster (partition 0) rolls
// by itself, as it would in reality.
//
// A Deployment rolls by itself: one replica more than wanted is started, and
// when it is ready it takes the place of an old one.
//
// # Files
//
// With a path, each change is in the log on disk before its call returns: the
// operation and its time, not its effects, because those follow. A snapshot
// replaces the log from time to time. See store.go.
package simfleet
