package kube_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// oracle sees only the outside: which pods were made, on which image, and which
// were down at the same time. It watches the pods of one namespace in the order in
// which the API server changed them.
type oracle struct {
	mu sync.Mutex
	// made counts the incarnations of each pod since it began to watch, by image.
	made map[string][]string
	down map[string]map[string]bool // cluster -> pods that are not ready
	// most is how many pods of a cluster were down at once.
	most  map[string]int
	first map[string]bool // pods that were there at the start
}

// watchPods begins to watch the pods that there are, all of them ready.
func (w *world) watchPods(t testing.TB) *oracle {
	t.Helper()
	o := &oracle{made: map[string][]string{}, down: map[string]map[string]bool{}, most: map[string]int{}, first: map[string]bool{}}
	list, err := w.admin.CoreV1().Pods(w.ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Items {
		o.first[p.Name] = true
	}
	stream, err := w.admin.CoreV1().Pods(w.ns).Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); stream.Stop() })
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e, ok := <-stream.ResultChan():
				if !ok {
					return
				}
				if p, ok := e.Object.(*corev1.Pod); ok {
					o.see(e.Type, p)
				}
			}
		}
	}()
	return o
}

func (o *oracle) see(what watch.EventType, p *corev1.Pod) {
	o.mu.Lock()
	defer o.mu.Unlock()
	cluster := p.Labels["cluster"]
	if o.down[cluster] == nil {
		o.down[cluster] = map[string]bool{}
	}
	ready := false
	for _, c := range p.Status.Conditions {
		ready = ready || (c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue)
	}
	if what == watch.Added {
		o.made[p.Name] = append(o.made[p.Name], tagOf(p))
	}
	if what == watch.Deleted || p.DeletionTimestamp != nil || !ready {
		o.down[cluster][p.Name] = true
	} else {
		delete(o.down[cluster], p.Name)
	}
	o.most[cluster] = max(o.most[cluster], len(o.down[cluster]))
}

func tagOf(p *corev1.Pod) string {
	_, tag, _ := strings.Cut(p.Spec.Containers[1].Image, ":")
	return tag
}

// counts returns how often pods were made anew, by pod.
func (o *oracle) counts() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]int{}
	for pod, images := range o.made {
		out[pod] = len(images)
	}
	return out
}

// images returns with which images pods were made anew.
func (o *oracle) images() map[string][]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string][]string{}
	for pod, images := range o.made {
		out[pod] = slices.Clone(images)
	}
	return out
}

// atMostDown fails the test when more pods of a cluster were down at once.
func (o *oracle) atMostDown(t testing.TB, n int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for cluster, most := range o.most {
		if most > n {
			t.Errorf("of cluster %s, %d pods were down at once; want at most %d", cluster, most, n)
		}
	}
}

// eachMade fails the test unless every pod that was there at the start has been
// made anew with exactly these images, one after the other.
func (o *oracle) eachMade(t testing.TB, images ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for pod := range o.first {
		if !slices.Equal(o.made[pod], images) {
			t.Errorf("pod %s was made anew with %v; want %v", pod, o.made[pod], images)
		}
	}
}

// ordinal is the number at the end of a pod's name.
func ordinal(pod string) int {
	n, err := strconv.Atoi(pod[strings.LastIndex(pod, "-")+1:])
	if err != nil {
		panic(fmt.Sprintf("pod %s has no ordinal", pod))
	}
	return n
}
