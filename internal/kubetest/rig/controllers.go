package main

import (
	"context"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/disruption"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/statefulset"
)

// startControllers starts the real controllers and the modelled kubelets of one
// control plane.
func startControllers(ctx context.Context, config *rest.Config, s settings) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	inf := informers.NewSharedInformerFactory(client, 0)
	sets := statefulset.NewStatefulSetController(ctx, inf.Core().V1().Pods(), inf.Apps().V1().StatefulSets(),
		inf.Core().V1().PersistentVolumeClaims(), inf.Apps().V1().ControllerRevisions(), client)
	deployments, err := deployment.NewDeploymentController(ctx, inf.Apps().V1().Deployments(), inf.Apps().V1().ReplicaSets(), inf.Core().V1().Pods(), client)
	if err != nil {
		return err
	}
	replicas := replicaset.NewReplicaSetController(ctx, inf.Apps().V1().ReplicaSets(), inf.Core().V1().Pods(), client, replicaset.BurstReplicas)
	budgets, err := newDisruptionController(ctx, config, client, inf)
	if err != nil {
		return err
	}
	k := &kubelets{client: client, inf: inf, nodes: s.nodes, zones: s.zones, workers: s.workers, readyDelay: s.readyDelay}
	if err := k.start(ctx); err != nil {
		return err
	}
	inf.Start(ctx.Done())
	go sets.Run(ctx, s.workers)
	go deployments.Run(ctx, s.workers)
	go replicas.Run(ctx, s.workers)
	go budgets.Run(ctx, s.workers)
	return nil
}

func newDisruptionController(ctx context.Context, config *rest.Config, client kubernetes.Interface, inf informers.SharedInformerFactory) (*disruption.DisruptionController, error) {
	// Custom resources are looked up while they come and go; JSON is what all of
	// them speak.
	plain := rest.CopyConfig(config)
	plain.ContentType, plain.AcceptContentTypes = "application/json", "application/json"
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	scales, err := scale.NewForConfig(plain, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(client.Discovery()))
	if err != nil {
		return nil, err
	}
	return disruption.NewDisruptionController(ctx, inf.Core().V1().Pods(), inf.Policy().V1().PodDisruptionBudgets(),
		inf.Core().V1().ReplicationControllers(), inf.Apps().V1().ReplicaSets(), inf.Apps().V1().Deployments(),
		inf.Apps().V1().StatefulSets(), client, mapper, scales, client.Discovery()), nil
}
