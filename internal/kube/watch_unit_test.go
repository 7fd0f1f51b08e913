package kube

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// handClock is a clock that is moved by hand.
type handClock struct{ at time.Time }

func (c *handClock) now() time.Time { return c.at }

func TestWhetherAWatchCanBeReliedUpon(t *testing.T) {
	refused := errors.New("connection refused")
	type turn func(*link, *handClock)
	opened := func(l *link, _ *handClock) { l.opened() }
	ended := func(l *link, _ *handClock) { l.ended() }
	failed := func(l *link, _ *handClock) { l.failed(refused) }
	later := func(d time.Duration) turn { return func(_ *link, c *handClock) { c.at = c.at.Add(d) } }
	for name, c := range map[string]struct {
		turns []turn
		want  string // part of what is wrong
	}{
		"one that has just begun":                             {turns: nil},
		"one that does not open":                              {turns: []turn{later(4 * time.Second)}, want: "ended 4s ago"},
		"one whose list fails":                                {turns: []turn{failed}, want: "connection refused"},
		"one whose list fails for long":                       {turns: []turn{failed, later(time.Hour)}, want: "connection refused"},
		"one that is open":                                    {turns: []turn{opened, later(time.Hour)}},
		"one that opens after it has failed":                  {turns: []turn{failed, opened, later(time.Hour)}},
		"one that has just ended":                             {turns: []turn{opened, later(time.Hour), ended, later(watchGrace)}},
		"one that ended a while ago":                          {turns: []turn{opened, later(time.Hour), ended, later(watchGrace + time.Second)}, want: "ended 4s ago"},
		"one that ended, and is open again":                   {turns: []turn{opened, ended, later(2 * time.Second), opened, later(time.Hour)}},
		"one that ended, and could not be opened":             {turns: []turn{opened, ended, failed}, want: "connection refused"},
		"one that ended, and was opened after it failed":      {turns: []turn{opened, ended, failed, opened, ended, later(time.Second)}},
		"one of two has ended":                                {turns: []turn{opened, opened, ended, later(time.Hour)}},
		"the new one is open before the old one ends":         {turns: []turn{opened, opened, ended, ended, later(time.Hour)}, want: "ended 1h0m0s ago"},
		"an error counts no more once it is open, nor later":  {turns: []turn{failed, opened, ended, later(watchGrace)}},
		"a clock that goes back does not make it look closed": {turns: []turn{opened, ended, later(-time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &handClock{at: noon}
			l := &link{now: clock.now, closed: clock.now()}
			for _, turn := range c.turns {
				turn(l, clock)
			}
			err := l.problem()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("problem %q; want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("problem %v; want one that says %q", err, c.want)
			}
		})
	}
}

func TestATrackedWatchTellsWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(server *apiwatch.FakeWatcher, client apiwatch.Interface){
		"the server ends it": func(server *apiwatch.FakeWatcher, _ apiwatch.Interface) { server.Stop() },
		"the client ends it": func(_ *apiwatch.FakeWatcher, client apiwatch.Interface) { client.Stop() },
		"both do, and the client does twice": func(server *apiwatch.FakeWatcher, client apiwatch.Interface) {
			client.Stop()
			server.Stop()
			client.Stop()
		},
		"the client ends it while an event waits": func(server *apiwatch.FakeWatcher, client apiwatch.Interface) {
			server.Add(&appsv1.StatefulSet{})
			client.Stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := apiwatch.NewFakeWithChanSize(1, false)
				l := &link{now: time.Now, closed: time.Now()}
				client := track(server, l)
				time.Sleep(time.Hour)
				if err := l.problem(); err != nil {
					t.Fatalf("problem %q while it is open", err)
				}
				end(server, client)
				time.Sleep(time.Minute)
				if err := l.problem(); err == nil || !strings.Contains(err.Error(), "ended 1m0s ago") {
					t.Errorf("problem %v; want one that tells since when", err)
				}
				for range client.ResultChan() { // the client's channel is closed, or this test never ends
				}
			})
		})
	}
}

func TestATrackedWatchPassesOnWhatHappens(t *testing.T) {
	server := apiwatch.NewFake()
	client := track(server, &link{now: func() time.Time { return noon }})
	for _, want := range []apiwatch.EventType{apiwatch.Added, apiwatch.Modified, apiwatch.Deleted} {
		go server.Action(want, nil)
		if got := <-client.ResultChan(); got.Type != want {
			t.Errorf("event %s; want %s", got.Type, want)
		}
	}
	client.Stop()
	if _, more := <-client.ResultChan(); more {
		t.Error("there are events after the end")
	}
}

func TestEventsAreGatheredUntilTheyAreTaken(t *testing.T) {
	told := 0
	e := newEvents(func() { told++ })
	of := func(name string, ready int) *workload {
		w := &workload{replicas: 3, ready: ready}
		w.Namespace, w.Name = "kafka", name
		return w
	}
	key := func(product, name string) workloadKey { return workloadKey{product, "kafka/" + name} }
	for name, c := range map[string]struct {
		happens func()
		told    int
		want    map[workloadKey]bool // with whether it was not ready
	}{
		"nothing":        {happens: func() {}, want: map[workloadKey]bool{}},
		"one has become": {happens: func() { e.add("kafka", of("a", 3)) }, told: 1, want: map[workloadKey]bool{key("kafka", "a"): false}},
		"one is down":    {happens: func() { e.add("kafka", of("a", 2)) }, told: 1, want: map[workloadKey]bool{key("kafka", "a"): true}},
		"one was down for a moment, which must not be forgotten": {
			happens: func() { e.add("kafka", of("a", 3)); e.add("kafka", of("a", 2)); e.add("kafka", of("a", 3)) }, told: 3,
			want: map[workloadKey]bool{key("kafka", "a"): true},
		},
		"one is gone": {
			happens: func() { e.add("kafka", cache.DeletedFinalStateUnknown{Key: "kafka/a", Obj: of("a", 0)}) }, told: 1,
			want: map[workloadKey]bool{key("kafka", "a"): false},
		},
		"two products select one": {
			happens: func() { e.add("kafka", of("a", 3)); e.add("other", of("a", 2)) }, told: 2,
			want: map[workloadKey]bool{key("kafka", "a"): false, key("other", "a"): true},
		},
		"one is to be looked at again": {
			happens: func() { e.again(key("kafka", "a")) }, want: map[workloadKey]bool{key("kafka", "a"): false},
		},
		"again does not forget that it was down": {
			happens: func() { e.add("kafka", of("a", 2)); e.again(key("kafka", "a")) }, told: 1, want: map[workloadKey]bool{key("kafka", "a"): true},
		},
		"what is no object": {happens: func() { e.add("kafka", 7) }, want: map[workloadKey]bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			told = 0
			c.happens()
			got := e.take()
			if len(got) != len(c.want) || told != c.told {
				t.Fatalf("changed %v, told %d times; want %v and %d", got, told, c.want, c.told)
			}
			for k, unready := range c.want {
				if was, ok := got[k]; !ok || was != unready {
					t.Errorf("workload %v: changed %v, was down %v; want down %v", k, ok, was, unready)
				}
			}
			if left := e.take(); len(left) > 0 {
				t.Errorf("%v is taken twice", left)
			}
		})
	}
	newEvents(nil).add("kafka", of("a", 3)) // nobody listens
}

func TestARefusalIsShownUntilAnActionIsCarriedOut(t *testing.T) {
	var r refusals
	a, b := workloadKey{"kafka", "kafka/a"}, workloadKey{"kafka", "kafka/b"}
	for _, turn := range []struct {
		what string
		key  workloadKey
		err  error
		want string // of a
	}{
		{"nothing has happened", b, nil, ""},
		{"an action fails for another reason", a, errors.New("connection refused"), ""},
		{"a step is refused", a, refusal("budget x allows 0"), "budget x allows 0"},
		{"a step of another is refused", b, refusal("budget y allows 0"), "budget x allows 0"},
		{"the next try fails for another reason: it is not known to be allowed", a, errors.New("connection refused"), "budget x allows 0"},
		{"it is refused for another reason", a, errors.Join(errors.New("step"), refusal("budget x allows 1")), "budget x allows 1"},
		{"another is carried out", b, nil, "budget x allows 1"},
		{"it is carried out", a, nil, ""},
	} {
		r.set(turn.key, turn.err)
		if got := r.of(a); got != turn.want {
			t.Errorf("%s: %q is shown; want %q", turn.what, got, turn.want)
		}
	}
}
