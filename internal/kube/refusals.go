package kube

import (
	"errors"
	"sync"
)

// refusals are the steps that something in the cluster did not allow.
type refusals struct {
	mu  sync.Mutex
	why map[workloadKey]string
}

// set remembers why an action was refused, or that one was not.
func (r *refusals) set(k workloadKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var why refusal
	if errors.As(err, &why) {
		if r.why == nil {
			r.why = map[workloadKey]string{}
		}
		r.why[k] = string(why)
		return
	}
	if err == nil {
		delete(r.why, k)
	}
}

func (r *refusals) of(k workloadKey) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why[k]
}
