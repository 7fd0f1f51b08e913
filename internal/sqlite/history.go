package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// HistoryQuery asks for what happened to a cluster. That is what its own events
// say, and what events without a cluster say that concern it: each product and
// cohort that such an event names must be one of the cluster's. So a pause of
// everything, an admitted commit, a release of its product and a wave of its
// cohort are in its history, those of other products and cohorts are not.
type HistoryQuery struct {
	Cluster string
	// Product and Cohort are those of the cluster now. When both are empty,
	// those that its own events named are taken; a cluster to which nothing has
	// happened yet then has only what concerns everything.
	Product, Cohort string
	// Since and Until bound the time, both included. Zero is no bound.
	Since, Until time.Time
	// After continues where the page before ended.
	After Cursor
	// Limit is how many events are returned at most, 100 when it is zero.
	Limit int
}

// Cursor is a place in a history. The zero value is its newest end.
type Cursor struct {
	at  int64
	seq uint64
}

// IsZero reports whether there is nothing more behind the cursor, when it comes
// from a [Page].
func (c Cursor) IsZero() bool { return c == Cursor{} }

// Page is a part of a history, newest first.
type Page struct {
	// Events are without their Members, which may be as many as the fleet.
	Events []plan.Event
	// Next continues after the page; it is zero when there is no more.
	Next Cursor
}

const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// History returns a page of what happened to a cluster, newest first.
func (s *Store) History(ctx context.Context, q HistoryQuery) (Page, error) {
	page, err := s.history(ctx, q)
	if err != nil {
		return Page{}, fmt.Errorf("read history of %q: %w", q.Cluster, err)
	}
	return page, nil
}

func (s *Store) history(ctx context.Context, q HistoryQuery) (Page, error) {
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	switch {
	case q.Cluster == "":
		return Page{}, errors.New("no cluster was named")
	case q.Limit < 0 || q.Limit > maxLimit:
		return Page{}, fmt.Errorf("the limit is %d; it must be from 1 to %d", q.Limit, maxLimit)
	}
	var found []chained
	err := s.read(ctx, func(tx *sql.Tx) error {
		strands, err := s.strands(ctx, tx, q)
		if err != nil {
			return err
		}
		bounds, args := q.bounds()
		for _, st := range strands {
			lines, err := s.lines(ctx, tx, briefLines+"WHERE "+st.condition+bounds+" ORDER BY e.at DESC, e.seq DESC LIMIT ?",
				append(append(slices.Clone(st.args), args...), q.Limit+1)...)
			if err != nil {
				return err
			}
			found = append(found, lines...)
		}
		return nil
	})
	if err != nil {
		return Page{}, err
	}
	slices.SortFunc(found, func(a, b chained) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.seq, a.seq))
	})
	var page Page
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[q.Limit-1]
		page.Next = Cursor{at: last.at, seq: last.seq}
	}
	for i := range found {
		e, err := found[i].event()
		if err != nil {
			return Page{}, corrupt(s.path, err)
		}
		page.Events = append(page.Events, e)
	}
	return page, nil
}

// bounds is the part of a condition that all strands of a history share.
func (q HistoryQuery) bounds() (condition string, args []any) {
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.Since.IsZero() && q.Since.After(earliest) {
		since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() && q.Until.Before(latest) {
		until = q.Until.UnixNano()
	}
	if q.After.IsZero() {
		return " AND e.at BETWEEN ? AND ?", []any{since, until}
	}
	return " AND e.at BETWEEN ? AND ? AND (e.at < ? OR e.seq < ?)",
		[]any{since, min(until, q.After.at), q.After.at, int64(q.After.seq)}
}

// strand is a set of events that one index has in the order of time.
type strand struct {
	condition string
	args      []any
}

// strands returns those that a cluster's history is made of: its own events,
// and one for each combination of product and cohort, or neither, that an event
// about many clusters may name. No event is in two of them.
func (s *Store) strands(ctx context.Context, tx *sql.Tx, q HistoryQuery) ([]strand, error) {
	var strands []strand
	cluster, known, err := s.wordID(ctx, tx, q.Cluster)
	if err != nil {
		return nil, err
	}
	if known {
		strands = append(strands, strand{"e.cluster = ? AND e.cluster <> 0", []any{cluster}})
	}
	var products, cohorts []int64
	if q.Product != "" || q.Cohort != "" {
		for word, ids := range map[string]*[]int64{q.Product: &products, q.Cohort: &cohorts} {
			id, known, err := s.wordID(ctx, tx, word)
			if err != nil {
				return nil, err
			}
			if known {
				*ids = append(*ids, id)
			}
		}
	} else if known {
		if products, cohorts, err = s.scope(ctx, tx, cluster); err != nil {
			return nil, err
		}
	}
	// That a data plane was seen for the first time concerns no cluster.
	seen, _, err := s.wordID(ctx, tx, string(plan.DataPlaneSeen))
	if err != nil {
		return nil, err
	}
	for _, p := range distinct(products) {
		for _, c := range distinct(cohorts) {
			strands = append(strands, strand{"e.cluster = 0 AND e.product = ? AND e.cohort = ? AND e.kind <> ?", []any{p, c, seen}})
		}
	}
	return strands, nil
}

// distinct returns the numbers and 0, each once.
func distinct(ids []int64) []int64 {
	ids = append(ids, 0)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// scope returns the products and cohorts that a cluster's own events named.
func (s *Store) scope(ctx context.Context, tx *sql.Tx, cluster int64) (products, cohorts []int64, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT product, cohort FROM scope WHERE cluster = ?", cluster)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p, c int64
		if err := rows.Scan(&p, &c); err != nil {
			return nil, nil, err
		}
		products, cohorts = append(products, p), append(cohorts, c)
	}
	return products, cohorts, errors.Join(rows.Err(), rows.Close())
}

// lookBack is how many events of a cluster's history At reads at most.
const lookBack = 5000

// At returns what was the case for a cluster at a time: of each kind of event
// in its history the newest one that is not later, newest first. Pauses and
// their ends are told apart by their release as well, so that a pause lasts
// when no later event of the other kind is there for the same release. Product
// and cohort are as in [HistoryQuery].
func (s *Store) At(ctx context.Context, cluster, product, cohort string, t time.Time) ([]plan.Event, error) {
	type key struct {
		kind    plan.EventKind
		release string
	}
	seen := map[key]bool{}
	var events []plan.Event
	q := HistoryQuery{Cluster: cluster, Product: product, Cohort: cohort, Until: t, Limit: 500}
	for read := 0; read < lookBack; {
		page, err := s.history(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read what was the case for %q: %w", cluster, err)
		}
		for _, e := range page.Events {
			k := key{kind: e.Kind}
			if e.Kind == plan.Paused || e.Kind == plan.Resumed {
				k.release = e.Release
			}
			if !seen[k] {
				seen[k] = true
				events = append(events, e)
			}
		}
		if read += len(page.Events); page.Next.IsZero() {
			break
		}
		q.After = page.Next
	}
	return events, nil
}
