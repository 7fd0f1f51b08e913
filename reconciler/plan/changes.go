package plan

// stateChanges lets a plan find out what the state has seen since the plan
// before: a counter for what concerns many clusters, a log for single ones.
type stateChanges struct {
	structure uint64
	log       changeLog[touched]
}

// touched is a member of a rollout that has changed.
type touched struct {
	key     TargetKey
	cluster string
}

// changeLog is an append-only log with a bounded tail: a reader that comes too
// late is told to look at everything.
type changeLog[T any] struct {
	base    uint64 // position of entries[0]
	entries []T
}

const changeLogSize = 1 << 16

func (l *changeLog[T]) add(v T) {
	if len(l.entries) >= 2*changeLogSize {
		kept := copy(l.entries, l.entries[changeLogSize:])
		clear(l.entries[kept:])
		l.entries = l.entries[:kept]
		l.base += changeLogSize
	}
	l.entries = append(l.entries, v)
}

// end is the position after the newest entry.
func (l *changeLog[T]) end() uint64 { return l.base + uint64(len(l.entries)) }

// since returns the entries from a position on, and false when they are no
// longer all there.
func (l *changeLog[T]) since(pos uint64) ([]T, bool) {
	if pos < l.base || pos > l.end() {
		return nil, false
	}
	return l.entries[pos-l.base:], true
}
