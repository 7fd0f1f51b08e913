package slack

import (
	"strconv"
	"testing"
	"time"
)

func TestNewerNewsReplaceOlderButNoPauseIsDropped(t *testing.T) {
	q := newQueue()
	paused := func(i int) news { return pauseNews(&pause{at: time.Unix(int64(i), 0)})[0] }
	for i := range 200 {
		q.offer(page{topic: "r", version: strconv.Itoa(i), news: []news{{key: "cohort:" + strconv.Itoa(i)}}})
	}
	q.offer(page{topic: "r", news: []news{paused(1)}})
	for i := range 200 {
		q.offer(page{topic: "r", version: strconv.Itoa(i), news: []news{{key: "cohort:" + strconv.Itoa(i)}}})
	}
	for i := range 2 * maxTopics {
		q.offer(page{topic: strconv.Itoa(i)})
	}
	if len(q.order) > maxTopics || len(q.order) != len(q.pages) {
		t.Errorf("%d topics wait in %d places", len(q.pages), len(q.order))
	}
	p := q.first()
	if p == nil || p.topic != "r" || p.version != "199" || len(p.news) > maxNews {
		t.Fatalf("the first is %+v", p)
	}
	if p.news[0].key != paused(1).key {
		t.Errorf("the pause was dropped: %+v", p.news)
	}
}

func TestAPageThatWasReplacedWhileItWasSaidStays(t *testing.T) {
	q := newQueue()
	q.offer(page{topic: "r", version: "1"})
	saying := q.first()
	q.offer(page{topic: "r", version: "2"})
	q.done(saying)
	if p := q.first(); p == nil || p.version != "2" {
		t.Errorf("the newer page is lost: %+v", p)
	}
	q.done(q.first())
	if q.first() != nil {
		t.Error("what was said stays")
	}
}
