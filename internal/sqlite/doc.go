// Package sqlite keeps the ledger (what must outlive a restart) and the journal
// (history) in one SQLite database file, without cgo.
//
// # What is stored
//
// Events are the single truth. They are appended, a batch in one durable
// transaction (write-ahead log, synchronous=FULL), numbered without gaps and
// never changed. The state is their fold. [Store.Load] folds the newest
// snapshot and the events after it. Snapshots only save time; they are written
// in the background and checked by a checksum, and one that is damaged is
// passed over. Events of which only the newest matters ([plan.Event.Volatile])
// are one row each, which is overwritten; they have no number and are not in
// the journal.
//
// Strings and the parts of an event that often repeat are stored once, in the
// table text, so that ten million events take about a gigabyte.
//
// # Trust
//
// Each event carries the SHA-256 of the one before it and of its own content.
// [Store.Verify] walks that chain and names the first event that was edited,
// inserted or removed. Load checks the part of the chain that it folds. The
// chain shows that the file was changed by mistake or by someone who does not
// know of it; who can write the file and computes the chain anew is found only
// by comparing [Store.Head] with a copy kept elsewhere.
//
// # Who may open it
//
// One process owns the database ([Own]) and appends events; a second one is
// refused with [ErrLocked]. The lock belongs to the process, so that it ends
// with it, whatever ends it. While the owner runs, others may open the file to
// put commands into the inbox ([Inbox]) or to read ([Read]).
//
// # When something is wrong
//
// A full disk fails the call and leaves everything as it was; the next call
// works when there is space again. A damaged file is refused with [ErrCorrupt].
// The cure is always the same and always safe: move the file away. Wavegate
// then starts with an empty ledger; soaks begin again, and pauses are found on
// the clusters.
package sqlite
