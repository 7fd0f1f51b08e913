package slack

import "slices"

const (
	// maxTopics bounds the topics that wait.
	maxTopics = 256
	// maxNews bounds what is to be said of each of them.
	maxNews = 64
)

// queue holds the newest page of each topic, in the order in which they first
// had something to say. A pause is never dropped; there is only one for each time
// that somebody resumed, so they need no bound.
type queue struct {
	order []string
	pages map[string]*page
}

func newQueue() queue { return queue{pages: map[string]*page{}} }

// offer takes a page in place of the older one of its topic, whose news are kept.
func (q *queue) offer(p page) {
	old := q.pages[p.topic]
	if old == nil {
		q.makeRoom()
		q.order = append(q.order, p.topic)
	} else {
		p.news = merge(old.news, p.news)
		if p.resumedBy == "" {
			p.resumedBy = old.resumedBy
		}
	}
	p.news = trim(p.news)
	q.pages[p.topic] = &p
}

func (q *queue) makeRoom() {
	for i := 0; len(q.order) >= maxTopics && i < len(q.order); {
		if p := q.pages[q.order[i]]; p.paused != nil || slices.ContainsFunc(p.news, isPause) {
			i++
			continue
		}
		delete(q.pages, q.order[i])
		q.order = slices.Delete(q.order, i, i+1)
	}
}

// first returns the page that is next, or nil.
func (q *queue) first() *page {
	if len(q.order) == 0 {
		return nil
	}
	return q.pages[q.order[0]]
}

// done removes a page that was said, unless a newer one has taken its place.
func (q *queue) done(p *page) {
	if q.pages[p.topic] != p {
		return
	}
	delete(q.pages, p.topic)
	q.order = slices.DeleteFunc(q.order, func(t string) bool { return t == p.topic })
}

func isPause(n news) bool { return n.kind == newsPaused }

func isDrift(n news) bool { return n.kind == newsDrift }

func merge(older, newer []news) []news {
	out := slices.Clone(older)
	if slices.ContainsFunc(newer, isDrift) {
		out = slices.DeleteFunc(out, isDrift) // how it was does not matter any more
	}
	for _, n := range newer {
		if !slices.ContainsFunc(out, func(o news) bool { return o.key == n.key }) {
			out = append(out, n)
		}
	}
	return out
}

// trim drops the oldest news but for pauses.
func trim(all []news) []news {
	for i := 0; len(all) > maxNews && i < len(all); {
		if isPause(all[i]) {
			i++
			continue
		}
		all = slices.Delete(all, i, i+1)
	}
	return all
}
