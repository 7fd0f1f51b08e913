package charttest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/wavegate-dev/wavegate/internal/kubetest"
)

const chart = "../../charts/wavegate"

var shared kubetest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Stop()
	os.Exit(code)
}

// installs are ways in which people run Wavegate.
var installs = []struct {
	name   string
	values string
}{
	{"in the only data plane, with a GitHub token", `
repo: https://github.com/acme/fleet.git
git: {tokenSecret: {name: github-token}}
dataPlanes: {inCluster: eu-1}
monitors: {prometheus: {urls: ["http://prometheus.monitoring:9090"]}}
`},
	{"beside many data planes, as a GitHub App, with everything", `
repo: https://github.com/acme/fleet.git
github: {app: {id: 123456789, installation: 987654321, keySecret: {name: github-app}}}
git: {caSecret: {name: ca}}
dataPlanes: {secretsNamespace: data-planes, labels: ["eu-1:cloud=aws", "eu-2:cloud=gcp"]}
monitors:
  prometheus: {urls: ["https://a.example.com", "https://b.example.com"], alertmanagers: ["https://am.example.com"], watchdog: Watchdog, tokenSecret: {name: prometheus}, caSecret: {name: ca}}
  datadog: {site: datadoghq.eu, apiKeySecret: {name: datadog}, appKeySecret: {name: datadog}}
webhooks: {secret: {name: webhooks}}
slack: {channel: C0123456, tokenSecret: {name: slack}}
extraArgs: ["--retention=2400h", "--kube-writes=50"]
metrics: {podMonitor: {enabled: true}, prometheusRule: {enabled: true, labels: {release: prometheus}}}
networkPolicy:
  enabled: true
  metricsFrom: [{namespaceSelector: {matchLabels: {name: monitoring}}}]
  webhooksFrom: [{ipBlock: {cidr: 192.0.2.0/24}}]
podAnnotations: {a: b}
podLabels: {team: kafka}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
priorityClassName: system-cluster-critical
image: {digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
`},
	{"with signed commits, over SSH and a kubeconfig, in one namespace", `
repo: git@git.example.com:acme/fleet.git
approve: signed
git: {ssh: {keySecret: {name: ssh}, knownHostsSecret: {name: ssh}}, allowedSignersSecret: {name: signers}}
dataPlanes: {inCluster: here, namespace: kafka, kubeconfigSecret: {name: kubeconfig}, contexts: [eu-1, us-1]}
persistence: {existingClaim: state}
serviceAccount: {create: false, name: wavegate}
`},
}

// helm runs Helm with values.
func helm(t *testing.T, values string, args ...string) (string, error) {
	t.Helper()
	path := os.Getenv("WAVEGATE_HELM")
	if path == "" {
		var err error
		if path, err = exec.LookPath("helm"); err != nil {
			t.Skip("SKIPPED: this needs Helm: go install helm.sh/helm/v3/cmd/helm@v3.19.0")
		}
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, "--kube-version", "1.37.0", "--values", "-")...)
	cmd.Stdin = strings.NewReader(values)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(stderr.String() + string(out))
	}
	return string(out), nil
}

// render returns the objects of a release called wavegate in the namespace wavegate.
func render(t *testing.T, values string) []*unstructured.Unstructured {
	t.Helper()
	if _, err := helm(t, values, "lint", "--strict", chart); err != nil {
		t.Fatal(err)
	}
	text, err := helm(t, values, "template", "wavegate", chart, "--namespace", "wavegate")
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	docs := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := docs.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) > 0 {
			out = append(out, o)
		}
	}
}

// deployment finds the one.
func deployment(t *testing.T, objects []*unstructured.Unstructured) *appsv1.Deployment {
	t.Helper()
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Deployment" })
	if i < 0 {
		t.Fatal("there is no Deployment")
	}
	d := &appsv1.Deployment{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(objects[i].Object, d, true); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheRightsAreThoseThatTheTestsOfKubeRunWith(t *testing.T) {
	ours, err := os.ReadFile(chart + "/files/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile("../kube/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		t.Error("charts/wavegate/files/rbac.yaml differs from internal/kube/rbac.yaml; copy it: cp internal/kube/rbac.yaml charts/wavegate/files/")
	}
}

// TestTheAPIServerTakesIt asks a real API server to create everything, and the pod
// in a namespace that allows only restricted ones.
func TestTheAPIServerTakesIt(t *testing.T) {
	for _, tt := range installs {
		t.Run(tt.name, func(t *testing.T) {
			objects := render(t, tt.values)
			config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
				&clientcmd.ClientConfigLoadingRules{ExplicitPath: shared.Get(t).Kubeconfigs[0]},
				&clientcmd.ConfigOverrides{CurrentContext: "plane-0-admin"}).ClientConfig()
			if err != nil {
				t.Fatal(err)
			}
			client := kubernetes.NewForConfigOrDie(config)
			for _, namespace := range []string{"wavegate", "data-planes", "kafka"} {
				_, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
					Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
				}}, metav1.CreateOptions{})
				if err != nil && !strings.Contains(err.Error(), "already exists") {
					t.Fatal(err)
				}
			}
			mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(config)))
			dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
			for _, o := range objects {
				if strings.HasPrefix(o.GetAPIVersion(), "monitoring.coreos.com/") {
					continue // the Prometheus operator's; checked below
				}
				kind := o.GroupVersionKind()
				mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
				if err != nil {
					t.Fatal(err)
				}
				var resource dynamic.ResourceInterface = dynamic.NewForConfigOrDie(config).Resource(mapping.Resource)
				if mapping.Scope.Name() == "namespace" {
					namespace := o.GetNamespace()
					if namespace == "" {
						namespace = "wavegate"
					}
					resource = dynamic.NewForConfigOrDie(config).Resource(mapping.Resource).Namespace(namespace)
				}
				if _, err := resource.Create(t.Context(), o, dry); err != nil {
					t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
				}
			}
			template := deployment(t, objects).Spec.Template
			pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
			pod.Name, pod.Spec.ServiceAccountName, pod.Spec.PriorityClassName = "wavegate", "", ""
			if _, err := client.CoreV1().Pods("wavegate").Create(t.Context(), pod, dry); err != nil {
				t.Errorf("pod: %v", err)
			}
		})
	}
}

func TestItsArgumentsAreThoseOfRun(t *testing.T) {
	help, err := exec.CommandContext(t.Context(), "go", "run", "../../cmd/wavegate", "run", "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, help)
	}
	for _, tt := range installs {
		t.Run(tt.name, func(t *testing.T) {
			pod := deployment(t, render(t, tt.values)).Spec.Template.Spec
			mounted := map[string]bool{}
			for _, m := range pod.Containers[0].VolumeMounts {
				mounted[m.MountPath] = true
			}
			for _, arg := range pod.Containers[0].Args[1:] {
				flag, value, _ := strings.Cut(arg, "=")
				if !strings.Contains(string(help), " "+flag+" ") {
					t.Errorf("`wavegate run` has no %s", flag)
				}
				if strings.HasPrefix(value, "/run/secrets/") && !mounted[filepath.Dir(value)] {
					t.Errorf("%s: nothing is mounted there", arg)
				}
			}
		})
	}
}

func TestOneProcessOwnsTheState(t *testing.T) {
	for _, tt := range installs {
		t.Run(tt.name, func(t *testing.T) {
			d := deployment(t, render(t, tt.values))
			if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
				t.Errorf("%d replicas, strategy %s", *d.Spec.Replicas, d.Spec.Strategy.Type)
			}
			c := d.Spec.Template.Spec.Containers[0]
			if s := c.SecurityContext; !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !*d.Spec.Template.Spec.SecurityContext.RunAsNonRoot {
				t.Errorf("security context %+v", s)
			}
			if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.StartupProbe == nil {
				t.Error("probes are missing")
			}
		})
	}
}

func TestValuesThatMakeNoSenseAreRefused(t *testing.T) {
	base := installs[0].values
	for _, tt := range []struct{ name, values, says string }{
		{"no repository", strings.ReplaceAll(base, "repo: https://github.com/acme/fleet.git", ""), "which fleet repository"},
		{"no data plane", strings.ReplaceAll(base, "inCluster: eu-1", ""), "no data plane"},
		{"a value that is not known", base + "replicas: 2\n", "replicas"},
		{"a way of approving that does not exist", base + "approve: anybody\n", "approve"},
		{"an interval without a unit", base + "interval: 15\n", "interval"},
		{"a service account that is neither named nor created", base + "serviceAccount: {create: false}\n", "serviceAccount.name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := helm(t, tt.values, "template", "wavegate", chart)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want an error about %q", err, tt.says)
			}
		})
	}
}

// TestTheAlertsAreWholeInTheRule: what Prometheus fills in is left to it.
func TestTheAlertsAreWholeInTheRule(t *testing.T) {
	objects := render(t, installs[1].values)
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "PrometheusRule" })
	if i < 0 {
		t.Fatal("there is no PrometheusRule")
	}
	text, err := os.ReadFile(chart + "/files/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	groups, _, err := unstructured.NestedSlice(objects[i].Object, "spec", "groups")
	if err != nil || len(groups) != 1 {
		t.Fatalf("groups %v, %v", groups, err)
	}
	rules := groups[0].(map[string]any)["rules"].([]any)
	if want := len(regexp.MustCompile(`- alert: `).FindAllString(string(text), -1)); len(rules) != want || want == 0 {
		t.Errorf("%d rules, want %d", len(rules), want)
	}
}
