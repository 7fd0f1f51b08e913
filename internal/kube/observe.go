package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// Observe returns the clusters of the products: all of them when the cursor is
// empty, not one of this process, too old, or of other products; else those that
// have changed since the call that returned it.
//
// It asks the API server whether it is there, and returns an error when it is
// not, when a product's workloads have not been listed yet, or when a watch has
// been closed for longer than a moment: what is in a cache then is not what is
// known.
func (p *Plane) Observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	obs, err := p.observe(ctx, products, cursor)
	if err != nil {
		return plan.Observation{}, fmt.Errorf("observe data plane %s: %w", p.cfg.Name, err)
	}
	return obs, nil
}

func (p *Plane) observe(ctx context.Context, products []fleet.Product, cursor string) (plan.Observation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	if err := p.probe(ctx); err != nil {
		return plan.Observation{}, err
	}
	if err := p.followAll(products); err != nil {
		return plan.Observation{}, err
	}
	if err := p.synced(ctx); err != nil {
		return plan.Observation{}, err
	}
	relabelled := p.locate(ctx, now)
	p.refresh(ctx, now, relabelled)
	return p.answer(cursor, now), nil
}

// probe asks the API server whether it is ready to serve.
func (p *Plane) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := p.halts.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return fmt.Errorf("ask API server whether it is ready: %w", err)
	}
	return nil
}

const (
	probeTimeout = 5 * time.Second
	// syncPoll is how often it is looked whether a list has come in.
	syncPoll = 20 * time.Millisecond
)

// followAll has a watch for each product and for nothing else.
func (p *Plane) followAll(products []fleet.Product) error {
	keys := make([]string, 0, len(products))
	wanted := map[string]bool{}
	for i := range products {
		product := &products[i]
		wl := product.Spec.Workload
		if wl.Selector.IsEmpty() {
			return fmt.Errorf("product %s has no workload.selector, which on Kubernetes would be every %s there is", product.Name, wl.Kind)
		}
		if wl.Kind == fleet.CustomResource && wl.Resource == nil {
			return fmt.Errorf("product %s does not say which custom resource it is", product.Name)
		}
		key := keyOf(product)
		keys, wanted[product.Name] = append(keys, key), true
		if w := p.watches[product.Name]; w != nil {
			if w.key == key {
				continue // its product may not be written: informers and actions read it
			}
			p.unfollow(product.Name)
		}
		w, err := p.follow(*product, key)
		if err != nil {
			return err
		}
		p.watches[product.Name] = w
	}
	for name := range p.watches {
		if !wanted[name] {
			p.unfollow(name)
		}
	}
	slices.Sort(keys)
	p.scope = strconv.FormatUint(fnvOf(keys), 36)
	return nil
}

func (p *Plane) unfollow(product string) {
	p.watches[product].stop()
	delete(p.watches, product)
	for key, r := range p.records {
		if key.product == product {
			p.forget(r)
		}
	}
}

// synced waits for the first lists, and checks that what they showed is kept up
// to date.
func (p *Plane) synced(ctx context.Context) error {
	for _, w := range p.watches {
		for !w.synced() {
			err := w.link.problem()
			if w.product.Spec.Workload.Kind == fleet.CustomResource && apierrors.IsNotFound(err) {
				break // this API server does not know the resource: there is none
			}
			if err != nil {
				return fmt.Errorf("list workloads of product %s: %w", w.product.Name, err)
			}
			timer := time.NewTimer(syncPoll)
			select {
			case <-ctx.Done():
				timer.Stop()
				return fmt.Errorf("list workloads of product %s: %w", w.product.Name, ctx.Err())
			case <-timer.C:
			}
		}
		if err := w.link.problem(); err != nil && w.synced() {
			return fmt.Errorf("watch workloads of product %s: %w", w.product.Name, err)
		}
	}
	return nil
}

// record is a workload as it was last looked at.
type record struct {
	key      workloadKey
	workload *workload
	cluster  plan.Cluster
	// pods are looked at again at lookAt, unless the workload changes before.
	lookAt time.Time
	delay  time.Duration
}

// refresh looks again at workloads that have changed, and at those whose pods may
// have.
func (p *Plane) refresh(ctx context.Context, now time.Time, all bool) {
	dirty := p.events.take()
	for key, r := range p.records {
		due := !r.lookAt.IsZero() && !now.Before(r.lookAt)
		if _, ok := dirty[key]; !ok && (all || due) {
			dirty[key] = false
		}
	}
	var look []*record
	for key, unready := range dirty {
		w := p.watches[key.product]
		if w == nil {
			continue
		}
		o := w.get(key.object)
		r := p.records[key]
		switch {
		case o == nil && r != nil:
			p.forget(r)
			continue
		case o == nil:
			continue
		case r == nil:
			r = &record{key: key}
			p.records[key] = r
		case r.workload != nil && r.workload.UID != o.UID:
			r.cluster = plan.Cluster{}
			p.refusals.set(key, nil)
		}
		r.workload = o
		if unready {
			r.cluster.ReadySince = time.Time{}
		}
		look = append(look, r)
	}
	p.look(ctx, look, now)
}

const (
	// podLists is how many lists of pods run at once.
	podLists = 16
	// podListsInAll is how many pods' workloads are looked at in one observation:
	// when half of a data plane loses its pods, that is still told in seconds.
	podListsInAll = 256
)

// look derives what is told of records. The pods of those that are between two
// versions are listed, and then those of others that are not ready, for what ails
// them. For whom there is no time now there is in the next observation.
func (p *Plane) look(ctx context.Context, records []*record, now time.Time) {
	var order []*record
	for _, r := range records {
		if o := r.workload; !o.atRest() && o.container && o.kind != fleet.CustomResource {
			order = append(order, r)
		} else {
			p.tell(r, nil, nil, now)
		}
	}
	slices.SortFunc(order, func(a, b *record) int {
		return cmp.Or(compareBools(a.workload.settled(), b.workload.settled()), strings.Compare(a.key.object, b.key.object))
	})
	n := min(len(order), podListsInAll)
	listed, left := order[:n], order[n:]
	pods := make([][]pod, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	tokens := make(chan struct{}, podLists)
	for i, r := range listed {
		w := p.watches[r.key.product]
		wg.Go(func() {
			tokens <- struct{}{}
			defer func() { <-tokens }()
			pods[i], errs[i] = p.listPods(ctx, r.workload, w.container())
		})
	}
	wg.Wait()
	for i, r := range listed {
		p.tell(r, pods[i], errs[i], now)
	}
	for _, r := range left {
		if r.workload.settled() {
			p.tell(r, nil, nil, now)
		} else if r.cluster.Name == "" {
			p.tell(r, nil, errNotLooked, now)
		}
		p.events.again(r.key)
	}
}

var errNotLooked = errors.New("its pods have not been looked at yet")

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// podsAgain is how soon the pods of a workload that is not at rest are looked at
// again when nothing changes: what a pod waits for does not show on its workload.
// It doubles up to podsAgainMost.
const (
	podsAgain     = 5 * time.Second
	podsAgainMost = time.Minute
)

// tell derives the cluster of a record, and notes it when it is another.
func (p *Plane) tell(r *record, pods []pod, listErr error, now time.Time) {
	before := r.cluster
	seen := &before
	if before.Name == "" {
		seen = nil
	}
	w := p.watches[r.key.product]
	c := p.clusterOf(r, w, pods, listErr, seen, now)
	r.lookAt = time.Time{}
	if !r.workload.atRest() && r.workload.kind != fleet.CustomResource {
		changed := seen == nil || c.Revision != before.Revision
		if r.delay = min(2*r.delay, podsAgainMost); changed || r.delay == 0 {
			r.delay = podsAgain
		}
		r.lookAt = now.Add(r.delay)
	}
	if seen != nil && before.Name != c.Name {
		p.rename(r, c.Name)
	} else if seen == nil {
		p.byName[c.Name] = insert(p.byName[c.Name], r)
	}
	r.cluster = c
	if seen == nil || before.Revision != c.Revision {
		p.changes.note(c.Name)
	}
}

// clusterOf is all that is told of a workload.
func (p *Plane) clusterOf(r *record, w *watch, pods []pod, listErr error, seen *plan.Cluster, now time.Time) plan.Cluster {
	o := r.workload
	var c plan.Cluster
	mark, err := markOf(o.Annotations)
	switch {
	case !o.container:
		c = plan.Cluster{Next: -1, Unknown: w.missing(o)}
	case listErr != nil:
		c = plan.Cluster{Next: -1, Unknown: listErr.Error()}
		if seen != nil {
			c = *seen
			c.Unknown = listErr.Error()
		}
	case o.kind == fleet.CustomResource:
		c = lookCustom(o, w.resource().Image != "", seen, now)
	case o.kind == fleet.Deployment:
		c = lookDeployment(o, pods, seen, now)
	default:
		c = lookStatefulSet(o, pods, seen, now)
	}
	if err != nil && c.Unknown == "" {
		c.Unknown = err.Error()
	}
	c.Name, c.Product, c.DataPlane = nameOf(o, &w.product.Spec.Workload), w.product.Name, p.cfg.Name
	c.Labels = p.labelsOf(o)
	c.Mark = mark
	if why := p.refusals.of(r.key); why != "" && c.Problem == "" && c.InFlight() {
		c.Problem = why
	}
	if by := o.owner.movedBy; by != "" && !mark.IsZero() && c.InFlight() && !o.onDelete {
		c.Problem = fmt.Sprintf("its partition was moved to %d by %s: its controller goes down to there by itself", o.partition, by)
	}
	c.State = o.Annotations[StateAnnotation]
	c.Owner, c.ChangedBy = o.owner.tool, o.owner.setBy
	c.AsOf = time.Time{}
	c.Revision = ""
	c.Revision = revisionOf(o, &c)
	return c
}

// forget drops a workload that is gone.
func (p *Plane) forget(r *record) {
	delete(p.records, r.key)
	p.refusals.set(r.key, nil)
	p.leave(r)
}

func (p *Plane) rename(r *record, name string) {
	p.leave(r)
	p.byName[name] = insert(p.byName[name], r)
	p.changes.note(name)
}

func (p *Plane) leave(r *record) {
	name := r.cluster.Name
	if name == "" {
		return
	}
	rest := slices.DeleteFunc(p.byName[name], func(o *record) bool { return o == r })
	if p.byName[name] = rest; len(rest) == 0 {
		delete(p.byName, name)
	}
	p.changes.note(name)
}

func insert(records []*record, r *record) []*record {
	records = append(records, r)
	slices.SortFunc(records, func(a, b *record) int {
		return cmp.Or(strings.Compare(a.key.product, b.key.product), strings.Compare(a.key.object, b.key.object))
	})
	return records
}

// answer puts together what has changed since a cursor.
func (p *Plane) answer(cursor string, now time.Time) plan.Observation {
	p.changes.compact(func(name string) bool { return len(p.byName[name]) > 0 })
	prefix := fmt.Sprintf("%d.%s.", p.epoch, p.scope)
	obs := plan.Observation{DataPlane: p.cfg.Name, AsOf: now, Cursor: prefix + strconv.FormatUint(p.changes.seq, 10)}
	if text, ok := strings.CutPrefix(cursor, prefix); ok {
		if seq, err := strconv.ParseUint(text, 10, 64); err == nil {
			if names, known := p.changes.since(seq); known {
				for _, name := range names {
					if c, ok := p.named(name, now); ok {
						obs.Clusters = append(obs.Clusters, c)
					} else {
						obs.Gone = append(obs.Gone, name)
					}
				}
				return obs
			}
		}
	}
	obs.Full = true
	names := make([]string, 0, len(p.byName))
	for name := range p.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if c, ok := p.named(name, now); ok {
			obs.Clusters = append(obs.Clusters, c)
		}
	}
	return obs
}

// named returns the cluster of a name. Two workloads of one name are one cluster
// of which nothing is known.
func (p *Plane) named(name string, now time.Time) (plan.Cluster, bool) {
	records := p.byName[name]
	if len(records) == 0 {
		return plan.Cluster{}, false
	}
	c := records[0].cluster
	c.AsOf = now
	if len(records) > 1 {
		a, b := records[0].key, records[1].key
		c.Unknown = fmt.Sprintf("%s (%s) and %s (%s) have the same cluster name; give each a name of its own with the label %s",
			a.object, a.product, b.object, b.product, fleet.LabelName)
	}
	return c, true
}

// find returns the one record of a cluster name.
func (p *Plane) find(name string) (*record, *watch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	records := p.byName[name]
	switch {
	case len(records) == 0:
		return nil, nil, errors.New("there is no such cluster")
	case len(records) > 1:
		return nil, nil, errors.New("two workloads have its name")
	}
	r := *records[0]
	return &r, p.watches[r.key.product], nil
}
