package kube

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func pointer[T any](v T) *T { return &v }

// manifest is what people write into a StatefulSet or a Deployment, and much of
// what Kubernetes adds.
func manifest() (metav1.ObjectMeta, *metav1.LabelSelector, corev1.PodTemplateSpec) {
	meta := metav1.ObjectMeta{
		Name: "lkc-1", Namespace: "kafka", UID: "u-1", ResourceVersion: "7", Generation: 4, DeletionTimestamp: &metav1.Time{Time: noon},
		Labels: map[string]string{"app": "kafka"}, Finalizers: []string{"foregroundDeletion"},
		Annotations: map[string]string{
			MarkAnnotation: "{}", "argocd.argoproj.io/tracking-id": "a:b",
			"kubectl.kubernetes.io/last-applied-configuration": strings.Repeat("x", 1<<12),
		},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Kafka", Name: "lkc-1"}},
		ManagedFields:   []metav1.ManagedFieldsEntry{by(fieldManager, applied, started), by("kubectl-client-side-apply", updated, scaled)},
	}
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "proxy", Image: "proxy:1"}, {Name: "kafka", Image: "kafka:7.6.1", Env: []corev1.EnvVar{{Name: "X", Value: strings.Repeat("x", 1<<12)}}}},
	}}
	return meta, &metav1.LabelSelector{MatchLabels: map[string]string{"cluster": "lkc-1"}}, template
}

func statefulSet() *appsv1.StatefulSet {
	meta, selector, template := manifest()
	return &appsv1.StatefulSet{
		ObjectMeta: meta,
		Spec: appsv1.StatefulSetSpec{
			Replicas: pointer(int32(5)), Selector: selector, Template: template, Ordinals: &appsv1.StatefulSetOrdinals{Start: 3},
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
				Type:          appsv1.RollingUpdateStatefulSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: pointer(int32(2)), MaxUnavailable: pointer(intstr.FromString("25%"))},
			},
		},
		Status: appsv1.StatefulSetStatus{
			ObservedGeneration: 4, Replicas: 5, ReadyReplicas: 4, UpdatedReplicas: 3, AvailableReplicas: 2, CurrentReplicas: 2,
			CurrentRevision: "lkc-1-a", UpdateRevision: "lkc-1-b",
		},
	}
}

func deployment() *appsv1.Deployment {
	meta, selector, template := manifest()
	return &appsv1.Deployment{
		ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: pointer(int32(5)), Selector: selector, Template: template, Paused: true},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 4, Replicas: 5, ReadyReplicas: 4, UpdatedReplicas: 3, AvailableReplicas: 2,
			Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentAvailable, Status: "False", Reason: "MinimumReplicasUnavailable"},
				{Type: appsv1.DeploymentProgressing, Status: "False", Reason: "ProgressDeadlineExceeded", Message: "timed out"},
			},
		},
	}
}

func kept() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: "lkc-1", Namespace: "kafka", UID: "u-1", ResourceVersion: "7", DeletionTimestamp: &metav1.Time{Time: noon},
		Labels: map[string]string{"app": "kafka"}, Annotations: map[string]string{MarkAnnotation: "{}", "argocd.argoproj.io/tracking-id": "a:b"},
	}
}

func TestAllThatIsKeptOfAStatefulSet(t *testing.T) {
	got := trimStatefulSet(statefulSet(), "kafka")
	want := &workload{
		ObjectMeta: kept(), kind: fleet.StatefulSet, selector: "cluster=lkc-1", image: "kafka:7.6.1", container: true,
		replicas: 5, start: 3, partition: 2, inOrder: true, strategy: "25%", fresh: true, existing: 5, ready: 4, updated: 3, available: 2,
		current: "lkc-1-a", target: "lkc-1-b", owner: ownership{image: true, partition: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v\nwant %+v", got, want)
	}
}

func TestAllThatIsKeptOfADeployment(t *testing.T) {
	got := trimDeployment(deployment(), "kafka")
	want := &workload{
		ObjectMeta: kept(), kind: fleet.Deployment, selector: "cluster=lkc-1", image: "kafka:7.6.1", container: true,
		replicas: 5, paused: true, fresh: true, existing: 5, ready: 4, updated: 3, available: 2,
		conditions: "ProgressDeadlineExceeded: timed out", owner: ownership{image: true, partition: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v\nwant %+v", got, want)
	}
}

func TestAllThatIsKeptOfACustomResource(t *testing.T) {
	o := object(t, confluent)
	o.SetManagedFields([]metav1.ManagedFieldsEntry{by("helm-controller", updated, `{"f:spec":{"f:image":{"f:application":{}}}}`)})
	got := trimCustom(o, fleet.Resource{Preset: fleet.ConfluentKafka}.Resolve())
	want := &workload{
		ObjectMeta: metav1.ObjectMeta{Name: "lkc-2", Namespace: "kafka", UID: "u-2", ResourceVersion: "9", Labels: map[string]string{"app": "kafka"}},
		kind:       fleet.CustomResource, image: "confluentinc/cp-server:7.6.1", container: true, replicas: 3, fresh: true, existing: 3, ready: 3, updated: 3,
		well: true, owner: ownership{setBy: "helm-controller", tool: "Flux helm release"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v\nwant %+v", got, want)
	}
}

func TestNothingThatIsKeptSharesItsMemoryWithTheObject(t *testing.T) {
	o := statefulSet()
	w := trimStatefulSet(o, "kafka")
	labels, annotations := maps.Clone(w.Labels), maps.Clone(w.Annotations)
	o.Labels["app"], o.Annotations[MarkAnnotation] = "changed", "changed"
	if !maps.Equal(w.Labels, labels) || !maps.Equal(w.Annotations, annotations) {
		t.Error("what is kept changes with the object, which it keeps alive")
	}
}

func TestWhatAStatefulSetLeavesOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*appsv1.StatefulSet)
		holds  func(*workload) bool
	}{
		"no replicas are one":                {func(o *appsv1.StatefulSet) { o.Spec.Replicas = nil }, func(w *workload) bool { return w.replicas == 1 }},
		"zero replicas are zero":             {func(o *appsv1.StatefulSet) { o.Spec.Replicas = pointer(int32(0)) }, func(w *workload) bool { return w.replicas == 0 }},
		"no ordinals begin at zero":          {func(o *appsv1.StatefulSet) { o.Spec.Ordinals = nil }, func(w *workload) bool { return w.start == 0 }},
		"no partition is zero":               {func(o *appsv1.StatefulSet) { o.Spec.UpdateStrategy.RollingUpdate.Partition = nil }, func(w *workload) bool { return w.partition == 0 && w.strategy == "25%" }},
		"no rolling update has no partition": {func(o *appsv1.StatefulSet) { o.Spec.UpdateStrategy.RollingUpdate = nil }, func(w *workload) bool { return w.partition == 0 && w.strategy == "" && !w.onDelete }},
		"a strategy without a type rolls":    {func(o *appsv1.StatefulSet) { o.Spec.UpdateStrategy.Type = "" }, func(w *workload) bool { return w.partition == 2 && !w.onDelete && !w.recreate }},
		"OnDelete": {func(o *appsv1.StatefulSet) {
			o.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: "OnDelete"}
		}, func(w *workload) bool { return w.onDelete && !w.recreate }},
		"a strategy that we do not know":    {func(o *appsv1.StatefulSet) { o.Spec.UpdateStrategy.Type = "Recreate" }, func(w *workload) bool { return w.recreate && !w.onDelete }},
		"pods that are managed in parallel": {func(o *appsv1.StatefulSet) { o.Spec.PodManagementPolicy = appsv1.ParallelPodManagement }, func(w *workload) bool { return !w.inOrder }},
		"its controller is behind":          {func(o *appsv1.StatefulSet) { o.Status.ObservedGeneration = 3 }, func(w *workload) bool { return !w.fresh && !w.atRest() }},
		"there is no such container":        {func(o *appsv1.StatefulSet) { o.Spec.Template.Spec.Containers[1].Name = "broker" }, func(w *workload) bool { return !w.container && w.image == "" }},
		"a selector that cannot be read": {func(o *appsv1.StatefulSet) {
			o.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}
		}, func(w *workload) bool { return w.selector == "" }},
		"nothing in its metadata is of interest": {func(o *appsv1.StatefulSet) { o.Annotations, o.Labels = nil, nil }, func(w *workload) bool { return w.Annotations == nil && w.Labels == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			o := statefulSet()
			c.change(o)
			if w := trimStatefulSet(o, "kafka"); !c.holds(w) {
				t.Errorf("kept %+v", w)
			}
		})
	}
}

func TestWhatADeploymentsConditionsSay(t *testing.T) {
	condition := func(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason string) appsv1.DeploymentCondition {
		return appsv1.DeploymentCondition{Type: kind, Status: status, Reason: reason, Message: "text"}
	}
	for name, c := range map[string]struct {
		conditions []appsv1.DeploymentCondition
		want       string
	}{
		"nothing":              {nil, ""},
		"it goes on":           {[]appsv1.DeploymentCondition{condition(appsv1.DeploymentProgressing, "True", "ReplicaSetUpdated")}, ""},
		"it is held":           {[]appsv1.DeploymentCondition{condition(appsv1.DeploymentProgressing, "Unknown", "DeploymentPaused")}, ""},
		"it is stuck":          {[]appsv1.DeploymentCondition{condition(appsv1.DeploymentProgressing, "False", "ProgressDeadlineExceeded")}, "ProgressDeadlineExceeded: text"},
		"pods cannot be made":  {[]appsv1.DeploymentCondition{condition(appsv1.DeploymentReplicaFailure, "True", "FailedCreate")}, "FailedCreate: text"},
		"pods could not, once": {[]appsv1.DeploymentCondition{condition(appsv1.DeploymentReplicaFailure, "False", "FailedCreate")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := deployment()
			o.Status.Conditions = c.conditions
			if got := trimDeployment(o, "kafka").conditions; got != c.want {
				t.Errorf("said: %q; want %q", got, c.want)
			}
		})
	}
}

func TestWhenAWorkloadIsAtRest(t *testing.T) {
	rest := func(kind fleet.WorkloadKind) *workload {
		return &workload{kind: kind, replicas: 3, existing: 3, ready: 3, updated: 3, available: 3, current: "a", target: "a", fresh: true}
	}
	for name, c := range map[string]struct {
		change                   func(*workload)
		statefulSet, deployments bool // whether it is at rest
	}{
		"all is well":                         {func(*workload) {}, true, true},
		"its controller is behind":            {func(w *workload) { w.fresh = false }, false, false},
		"one is not updated":                  {func(w *workload) { w.updated = 2 }, false, false},
		"one is not ready":                    {func(w *workload) { w.ready = 2 }, false, false},
		"one is ready too short":              {func(w *workload) { w.available = 2 }, true, false},
		"one too many exists":                 {func(w *workload) { w.existing = 4 }, false, false},
		"one is wanted more":                  {func(w *workload) { w.replicas = 4 }, false, false},
		"one is wanted less":                  {func(w *workload) { w.replicas = 2 }, false, false},
		"the update is not closed":            {func(w *workload) { w.target = "b" }, false, true},
		"an OnDelete update is never closed":  {func(w *workload) { w.target, w.onDelete = "b", true }, true, true},
		"nothing is wanted and nothing there": {func(w *workload) { w.replicas, w.existing, w.ready, w.updated, w.available = 0, 0, 0, 0, 0 }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, want := range map[fleet.WorkloadKind]bool{fleet.StatefulSet: c.statefulSet, fleet.Deployment: c.deployments} {
				w := rest(kind)
				c.change(w)
				if got := w.atRest(); got != want {
					t.Errorf("%s at rest: %v; want %v", kind, got, want)
				}
			}
		})
	}
}

func TestWhatIsNoWorkloadPassesATrimUnchanged(t *testing.T) {
	w := &watch{product: fleet.Product{Meta: fleet.Meta{Name: "kafka"}}}
	for _, o := range []any{&corev1.Pod{}, w.trim(statefulSet())} {
		if w.trim(o) != o {
			t.Errorf("%T is another after the trim", o)
		}
	}
	if _, ok := w.trim(deployment()).(*workload); !ok {
		t.Error("a Deployment is not trimmed")
	}
}

func TestWhatIsToldOfAPod(t *testing.T) {
	base := func() *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "lkc-1-4", UID: "p-1", Labels: map[string]string{appsv1.ControllerRevisionHashLabelKey: "lkc-1-b"}},
			Spec:       corev1.PodSpec{NodeName: "n1", Containers: []corev1.Container{{Name: "proxy", Image: "proxy:1"}, {Name: "kafka", Image: "kafka:7.6.1"}}},
			Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(noon)}}},
		}
	}
	unready := func(o *corev1.Pod) { o.Status.Conditions[0].Status = corev1.ConditionFalse }
	waiting := func(reason string) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: "kafka", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}
	}
	for name, c := range map[string]struct {
		change  func(*corev1.Pod)
		ready   bool
		problem string
	}{
		"it is ready":                {func(*corev1.Pod) {}, true, ""},
		"it has no condition":        {func(o *corev1.Pod) { o.Status.Conditions = nil }, false, "lkc-1-4 is not ready"},
		"it is unknown if it is":     {func(o *corev1.Pod) { o.Status.Conditions[0].Status = corev1.ConditionUnknown }, false, "lkc-1-4 is not ready"},
		"it is ready and ending":     {func(o *corev1.Pod) { o.DeletionTimestamp = &metav1.Time{Time: noon} }, false, "lkc-1-4 is ending"},
		"its image cannot be pulled": {func(o *corev1.Pod) { unready(o); o.Status.ContainerStatuses = waiting("ImagePullBackOff") }, false, "lkc-1-4: ImagePullBackOff"},
		"it is being made":           {func(o *corev1.Pod) { unready(o); o.Status.ContainerStatuses = waiting("ContainerCreating") }, false, "lkc-1-4 is not ready"},
		"what comes first hangs": {func(o *corev1.Pod) {
			unready(o)
			o.Status.InitContainerStatuses, o.Status.ContainerStatuses = waiting("CrashLoopBackOff"), waiting("PodInitializing")
		}, false, "lkc-1-4: CrashLoopBackOff"},
		"it has crashed": {func(o *corev1.Pod) {
			unready(o)
			o.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "kafka", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137}}}}
		}, false, "lkc-1-4: kafka ended with exit code 137"},
		"no node takes it": {func(o *corev1.Pod) {
			unready(o)
			o.Status.Conditions = append(o.Status.Conditions, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"})
		}, false, "lkc-1-4: Unschedulable"},
	} {
		t.Run(name, func(t *testing.T) {
			o := base()
			c.change(o)
			w := trimStatefulSet(statefulSet(), "kafka")
			p := podOf(o, w, "kafka")
			if p.ready != c.ready || p.problem != c.problem {
				t.Errorf("ready %v, problem %q; want %v, %q", p.ready, p.problem, c.ready, c.problem)
			}
			if p.index != 1 || p.image != "kafka:7.6.1" || p.revision != "lkc-1-b" || p.node != "n1" || p.uid != "p-1" {
				t.Errorf("told %+v; want the second place, its own image, revision and node", p)
			}
			// Within which second is all that Kubernetes tells.
			if want := noon.Add(time.Second); p.ready && !p.readyAt.Equal(want) {
				t.Errorf("ready since %s; want %s", p.readyAt.Format(time.TimeOnly), want.Format(time.TimeOnly))
			}
		})
	}
}

func TestWhosePodsTheyAre(t *testing.T) {
	owned := func(kind string, uid types.UID) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: kind, UID: uid, Controller: pointer(true)}}}}
	}
	for name, c := range map[string]struct {
		pod                      *corev1.Pod
		statefulSet, deployments bool
	}{
		"nobody's":                {&corev1.Pod{}, false, false},
		"this workload's":         {owned("StatefulSet", "u-1"), true, true},
		"another's of that name":  {owned("StatefulSet", "u-2"), false, false},
		"those of a ReplicaSet":   {owned("ReplicaSet", "x"), false, true},
		"no controller among its": {&corev1.Pod{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", UID: "u-1"}}}}, false, false},
	} {
		for kind, want := range map[fleet.WorkloadKind]bool{fleet.StatefulSet: c.statefulSet, fleet.Deployment: c.deployments} {
			w := &workload{kind: kind}
			w.UID = "u-1"
			if got := belongs(c.pod, w); got != want {
				t.Errorf("%s, to a %s: %v; want %v", name, kind, got, want)
			}
		}
	}
}
