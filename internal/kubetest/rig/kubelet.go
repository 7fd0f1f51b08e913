package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// kubelets models the scheduler and the kubelets of one control plane.
type kubelets struct {
	client     kubernetes.Interface
	inf        informers.SharedInformerFactory
	nodes      int
	zones      int
	workers    int
	readyDelay time.Duration

	bound atomic.Uint64
	queue workqueue.TypedRateLimitingInterface[string]
}

// start creates the nodes and begins to look after pods once the informers run.
func (k *kubelets) start(ctx context.Context) error {
	for n := range k.nodes {
		if err := k.createNode(ctx, n); err != nil {
			return err
		}
	}
	k.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	add := func(o any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
			k.queue.Add(key)
		}
	}
	_, err := k.inf.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }})
	if err != nil {
		return err
	}
	// When an image breaks or heals, every pod is looked at anew.
	again := func(any) {
		for _, o := range k.inf.Core().V1().Pods().Informer().GetStore().List() {
			add(o)
		}
	}
	_, err = k.inf.Core().V1().ConfigMaps().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: again, UpdateFunc: func(_, o any) { again(o) }})
	if err != nil {
		return err
	}
	for range k.workers {
		go k.work(ctx)
	}
	return nil
}

func (k *kubelets) createNode(ctx context.Context, n int) error {
	name := fmt.Sprintf("node-%d", n)
	room := corev1.ResourceList{"cpu": resource.MustParse("1000"), "memory": resource.MustParse("10Ti"), "pods": resource.MustParse("100000")}
	_, err := k.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyRegion: "rig-east-1",
			corev1.LabelTopologyZone: fmt.Sprintf("rig-east-1%c", 'a'+n%max(k.zones, 1)),
		}},
		Spec:   corev1.NodeSpec{ProviderID: fmt.Sprintf("aws:///rig-east-1a/i-%08d", n)},
		Status: corev1.NodeStatus{Capacity: room, Allocatable: room, Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (k *kubelets) work(ctx context.Context) {
	for {
		key, quit := k.queue.Get()
		if quit || ctx.Err() != nil {
			return
		}
		switch err := k.look(ctx, key); {
		case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
			k.queue.Forget(key)
		default:
			k.queue.AddRateLimited(key)
		}
		k.queue.Done(key)
	}
}

// look does for a pod what is next: bind it, end it, or make it ready.
func (k *kubelets) look(ctx context.Context, key string) error {
	ns, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return err
	}
	pod, err := k.inf.Core().V1().Pods().Lister().Pods(ns).Get(name)
	if err != nil {
		return err
	}
	switch {
	case pod.Spec.NodeName == "" && pod.DeletionTimestamp != nil:
		return k.end(ctx, pod)
	case pod.Spec.NodeName == "":
		node := fmt.Sprintf("node-%d", k.bound.Add(1)%uint64(k.nodes))
		return k.client.CoreV1().Pods(ns).Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: node},
		}, metav1.CreateOptions{})
	case pod.DeletionTimestamp != nil:
		return k.end(ctx, pod)
	}
	broken := k.broken(pod)
	ready := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	if pod.Status.Phase != "" && pod.Status.Phase != corev1.PodPending && ready == !broken {
		return nil
	}
	if d := k.readyDelay - time.Since(pod.CreationTimestamp.Time); !broken && d > 0 {
		k.queue.AddAfter(key, d)
		return nil
	}
	_, err = k.client.CoreV1().Pods(ns).UpdateStatus(ctx, withStatus(pod, !broken), metav1.UpdateOptions{})
	return err
}

func (k *kubelets) end(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	return k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
}

// broken reports whether an image of the pod is one that never becomes ready.
func (k *kubelets) broken(pod *corev1.Pod) bool {
	m, err := k.inf.Core().V1().ConfigMaps().Lister().ConfigMaps("kube-system").Get("broken-images")
	if err != nil {
		return false
	}
	for _, image := range m.Data {
		if slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Image == image }) {
			return true
		}
	}
	return false
}

// withStatus is the pod as its kubelet reports it: running, and ready or in a
// crash loop.
func withStatus(pod *corev1.Pod, ready bool) *corev1.Pod {
	pod = pod.DeepCopy()
	now := metav1.Now()
	if pod.Status.StartTime == nil {
		pod.Status.StartTime = &now
	}
	pod.Status.Phase, pod.Status.PodIP = corev1.PodRunning, "10.1.0.1"
	pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
	status := corev1.ConditionTrue
	if !ready {
		status = corev1.ConditionFalse
	}
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: corev1.ContainersReady, Status: status, LastTransitionTime: now},
		{Type: corev1.PodReady, Status: status, LastTransitionTime: now},
	}
	pod.Status.ContainerStatuses = nil
	for _, c := range pod.Spec.Containers {
		s := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: ready, Started: &ready}
		if ready {
			s.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
		} else {
			s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off restarting failed container"}
			s.RestartCount = 3
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, s)
	}
	return pod
}
