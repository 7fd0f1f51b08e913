package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// watch follows the workloads of one product. Its fields never change: a product
// that is another is another watch.
type watch struct {
	product  fleet.Product
	key      string // what it is made from: another key is another watch
	informer cache.SharedIndexInformer
	link     *link
	stop     context.CancelFunc
}

// watchGrace is how long a watch may be closed before what it showed counts as
// out of date: API servers end watches every few minutes, and a new one follows
// at once.
const watchGrace = 3 * time.Second

// link is the connection behind a watch.
type link struct {
	now func() time.Time

	mu     sync.Mutex
	open   int
	closed time.Time // when the last one closed
	err    error     // of the newest attempt
}

func (l *link) opened() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.err = nil
}

func (l *link) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open--; l.open == 0 {
		l.closed = l.now()
	}
}

func (l *link) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// problem says why the watch cannot be relied upon, or returns nil.
func (l *link) problem() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.open > 0:
		return nil
	case l.err != nil:
		return l.err
	case l.closed.IsZero():
		return nil // the first list is under way
	case l.now().Sub(l.closed) > watchGrace:
		return fmt.Errorf("its watch ended %s ago and has not been opened again", l.now().Sub(l.closed).Round(time.Second))
	default:
		return nil
	}
}

// trackedWatch tells its link when it ends.
type trackedWatch struct {
	apiwatch.Interface
	out  chan apiwatch.Event
	done chan struct{}
	once sync.Once
}

func track(w apiwatch.Interface, l *link) apiwatch.Interface {
	t := &trackedWatch{Interface: w, out: make(chan apiwatch.Event), done: make(chan struct{})}
	l.opened()
	go func() {
		defer close(t.out)
		defer l.ended()
		for e := range w.ResultChan() {
			select {
			case t.out <- e:
			case <-t.done:
				return
			}
		}
	}()
	return t
}

func (t *trackedWatch) ResultChan() <-chan apiwatch.Event { return t.out }

func (t *trackedWatch) Stop() {
	t.once.Do(func() { close(t.done) })
	t.Interface.Stop()
}

// follow starts the watch of a product.
func (p *Plane) follow(product fleet.Product, key string) (*watch, error) {
	w := &watch{product: product, key: key, link: &link{now: p.cfg.Now}}
	selector := selectorOf(product.Spec.Workload.Selector)
	narrow := func(o metav1.ListOptions) metav1.ListOptions {
		o.LabelSelector = selector
		return o
	}
	lw, example := p.listWatch(&product)
	tracked := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := lw.list(ctx, narrow(o))
			if err != nil {
				w.link.failed(err)
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			stream, err := lw.watch(ctx, narrow(o))
			if err != nil {
				w.link.failed(err)
				return nil, err
			}
			return track(stream, w.link), nil
		},
	}
	w.informer = cache.NewSharedIndexInformer(tracked, example, 0, cache.Indexers{})
	if err := w.informer.SetTransform(func(o any) (any, error) { return w.trim(o), nil }); err != nil {
		return nil, fmt.Errorf("watch product %s: %w", product.Name, err)
	}
	// The link tells of it; a line in klog for each attempt tells nobody more.
	if err := w.informer.SetWatchErrorHandlerWithContext(func(context.Context, *cache.Reflector, error) {}); err != nil {
		return nil, fmt.Errorf("watch product %s: %w", product.Name, err)
	}
	_, err := w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { p.events.add(product.Name, o) },
		UpdateFunc: func(_, o any) { p.events.add(product.Name, o) },
		DeleteFunc: func(o any) { p.events.add(product.Name, o) },
	})
	if err != nil {
		return nil, fmt.Errorf("watch product %s: %w", product.Name, err)
	}
	ctx, cancel := context.WithCancel(p.ctx)
	w.stop = cancel
	go w.informer.RunWithContext(ctx)
	return w, nil
}

// calls are those of one kind of workload.
type calls struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (apiwatch.Interface, error)
}

func (p *Plane) listWatch(product *fleet.Product) (calls, runtime.Object) {
	apps, ns := p.reads.AppsV1(), p.cfg.Namespace
	switch product.Spec.Workload.Kind {
	case fleet.CustomResource:
		custom := p.reads.custom.Resource(resourceOf(product.Spec.Workload.Resource.Resolve())).Namespace(ns)
		return calls{
			list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return custom.List(ctx, o)
			},
			watch: custom.Watch,
		}, &unstructured.Unstructured{}
	case fleet.Deployment:
		return calls{
			list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return apps.Deployments(ns).List(ctx, o)
			},
			watch: apps.Deployments(ns).Watch,
		}, &appsv1.Deployment{}
	default:
		return calls{
			list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return apps.StatefulSets(ns).List(ctx, o)
			},
			watch: apps.StatefulSets(ns).Watch,
		}, &appsv1.StatefulSet{}
	}
}

// get returns a workload as the watch has it.
func (w *watch) get(namespacedName string) *workload {
	o, ok, err := w.informer.GetStore().GetByKey(namespacedName)
	if err != nil || !ok {
		return nil
	}
	out, _ := o.(*workload)
	return out
}
