package github

import "sync"

// origin is how a commit came to the branch. None of it ever changes.
type origin struct {
	pull int
	head string // the head that was merged
	link string // its address, for people
	// involved are those whose approval does not count, by login in lower case,
	// with the reason.
	involved map[string]string
	// refused says why the commit can never be approved; "" when it can.
	refused string
}

// maxOrigins is how many origins are kept. Only commits after the one in force
// are asked for.
const maxOrigins = 512

// origins keeps the newest.
type origins struct {
	mu    sync.Mutex
	byID  map[string]*origin
	order []string
}

func newOrigins() *origins { return &origins{byID: map[string]*origin{}} }

func (k *origins) get(sha string) *origin {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byID[sha]
}

func (k *origins) put(sha string, o *origin) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.byID[sha]; !known {
		k.order = append(k.order, sha)
	}
	k.byID[sha] = o
	if len(k.order) > maxOrigins {
		delete(k.byID, k.order[0])
		k.order = k.order[1:]
	}
}
