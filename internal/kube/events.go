package kube

import (
	"sync"

	"k8s.io/client-go/tools/cache"
)

// workloadKey names a workload as that of a product: an object that two products
// select is two clusters.
type workloadKey struct{ product, object string }

// events gathers which workloads have changed since the last observation.
type events struct {
	changed func()

	mu    sync.Mutex
	dirty map[workloadKey]bool
}

func newEvents(changed func()) *events {
	return &events{changed: changed, dirty: map[workloadKey]bool{}}
}

func (e *events) add(product string, obj any) {
	object, err := cache.DeletionHandlingMetaNamespaceKeyFunc(obj)
	if err != nil {
		return
	}
	w, ok := obj.(*workload)
	unready := ok && w.ready < w.replicas
	key := workloadKey{product, object}
	e.mu.Lock()
	e.dirty[key] = e.dirty[key] || unready
	e.mu.Unlock()
	if e.changed != nil {
		e.changed()
	}
}

// again asks for a workload to be looked at in the next observation.
func (e *events) again(k workloadKey) {
	e.mu.Lock()
	if _, ok := e.dirty[k]; !ok {
		e.dirty[k] = false
	}
	e.mu.Unlock()
}

// take returns the workloads that have changed, each with whether it was not
// ready at any time since the last call, although it may be now.
func (e *events) take() map[workloadKey]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.dirty
	e.dirty = map[workloadKey]bool{}
	return out
}
