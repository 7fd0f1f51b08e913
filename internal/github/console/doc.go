// Package console makes the pull request the place where a rollout is seen and
// steered.
//
// A [Console] is a reporter. Report takes a snapshot of a cycle and returns; all
// that is said at GitHub is said by the goroutines of [Console.Run], so that
// neither a slow GitHub nor one that is down delays a cycle. Of several snapshots
// the newest one counts.
//
// There is one comment of the console on a pull request: the plan while it is
// open, how the rollout stands once it is merged. It is found again by its marker
// and the account that wrote it, and carries the fingerprint of what it says, so
// that nothing is written twice, also after a restart. What changes all the time
// is edited twice a minute at most, all comments taken together; a pause, a resume
// and an end are said at once.
//
// Promotions are merged by people, or by GitHub itself when it was told to and its
// rules are met; never by the console.
//
// Nothing that the console keeps in memory is needed: what was said, and which
// commands were obeyed, is read from GitHub again.
package console
