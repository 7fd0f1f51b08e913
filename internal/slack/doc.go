// Package slack tells a channel about turns of events: a release has started, a
// cohort has finished, something is paused or goes on, a release is complete,
// clusters drift. Everything else stays out of the channel.
//
// Each release has one thread. Its first message shows the newest state and is
// edited; what happens is said below it, and a pause also in the channel itself.
// A pause of everything and the drift report have a thread each.
//
// Report only takes a snapshot. [Reporter.Run] says what it holds, in order, and
// tries again for as long as Slack does not answer. What was said is not stored:
// each message carries metadata (of type wavegate_release) by which it is found in
// the channel after a restart, or after an answer got lost, so that nothing is
// said twice. Only messages of the own bot count.
//
// The bot needs the scopes chat:write and channels:history (groups:history in a
// private channel), and has to be a member of the channel.
package slack
