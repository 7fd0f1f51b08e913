// Package ocm compares one tick of Wavegate with one of Open Cluster
// Management's rollout handler, on the same fleet in the same state: one rollout
// of ten waves, of which five are done and the sixth is in flight. It is a module
// of its own, so that nothing else depends on OCM.
//
//	cd internal/scale/ocm && go test -bench .
//
// The two do not do the same amount of work. OCM's handler is handed a list of
// clusters with how far each of them is, which its caller has to find out, and
// returns those that are to be rolled out now; it knows groups, a soak time and a
// failure limit. Wavegate's tick gets the observed clusters, decides all gates for
// each one (windows, pins, policy, monitors, limits by region and by customer,
// the failure budget) with the reason, and works out the next action of those in
// flight. OCM's handler begins anew at each tick; Wavegate's looks at what has
// changed, and its full tick, as after a restart, is shown as well.
package ocm
