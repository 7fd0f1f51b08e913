package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	"github.com/wavegate-dev/wavegate/internal/kube"
)

// kubeFlags say which Kubernetes clusters are the data planes.
type kubeFlags struct {
	files, contexts []string
	inCluster       string
	secrets         string
	namespace       string
	labels          []string
	allowExec       []string
	reads, writes   float32
}

func (k *kubeFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&k.files, "kubeconfig", nil, "`file` whose contexts are data planes; may be repeated")
	flags.StringArrayVar(&k.contexts, "context", nil, "`name` of a context of the kubeconfigs; the current one without it; may be repeated")
	flags.StringVar(&k.inCluster, "in-cluster", "", "`name` of the data plane that this process runs in, when it is one")
	flags.StringVar(&k.secrets, "data-plane-secrets", "", "`namespace` whose Secrets describe data planes; they may come and go")
	flags.StringVar(&k.namespace, "kube-namespace", "", "look at one `namespace` of each data plane alone")
	flags.StringArrayVar(&k.labels, "data-plane-label", nil, "`label` for all clusters of a data plane, as in eu-1:cloud=aws; may be repeated")
	flags.StringArrayVar(&k.allowExec, "allow-exec", nil, "`command` of a credential plugin that a kubeconfig may run, such as aws-iam-authenticator; may be repeated")
	flags.Float32Var(&k.reads, "kube-reads", 100, "`calls` that read, in a second and data plane")
	flags.Float32Var(&k.writes, "kube-writes", 25, "`calls` that change something, in a second and data plane")
}

func (k *kubeFlags) given() bool { return len(k.files) > 0 || k.inCluster != "" || k.secrets != "" }

// open connects to the data planes that are there. look is called when something
// in one of them has changed.
func (k *kubeFlags) open(ctx context.Context, look func(), log *slog.Logger) (*kube.Planes, error) {
	// What client-go says about its own retries is no news: the reconciler tells
	// what cannot be reached.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	cfg := kube.PlanesConfig{
		Labels: map[string]map[string]string{},
		Plane: kube.Config{
			Namespace: k.namespace, ReadsPerSecond: k.reads, WritesPerSecond: k.writes,
			Changed: look, Now: time.Now, Log: log,
		},
	}
	for _, l := range k.labels {
		plane, label, ok := strings.Cut(l, ":")
		key, value, ok2 := strings.Cut(label, "=")
		if !ok || !ok2 || plane == "" || key == "" {
			return nil, usagef("--data-plane-label %q: write it as in eu-1:cloud=aws", l)
		}
		if cfg.Labels[plane] == nil {
			cfg.Labels[plane] = map[string]string{}
		}
		cfg.Labels[plane][key] = value
	}
	for _, file := range k.files {
		connections, err := kube.FromKubeconfig(file, k.contexts, k.allowExec)
		if err != nil {
			return nil, err
		}
		cfg.Connections = append(cfg.Connections, connections...)
	}
	if k.inCluster != "" {
		c, err := kube.InCluster(k.inCluster)
		if err != nil {
			return nil, err
		}
		cfg.Connections = append(cfg.Connections, c)
	}
	if k.secrets != "" {
		home, err := k.home(cfg.Connections)
		if err != nil {
			return nil, err
		}
		cfg.Secrets = &kube.SecretsConfig{Connection: home, Namespace: k.secrets}
		if len(k.files) > 0 && k.inCluster == "" {
			// The kubeconfig tells where the Secrets are; it is no data plane.
			cfg.Connections = nil
		}
	}
	planes, err := kube.NewPlanes(cfg)
	if err != nil {
		return nil, err
	}
	if err := planes.Refresh(ctx); err != nil {
		planes.Close()
		return nil, err
	}
	go planes.Run(ctx)
	return planes, nil
}

// home is where the Secrets of data planes are: the Kubernetes cluster that this
// process runs in, or the one that the kubeconfig names.
func (k *kubeFlags) home(connections []kube.Connection) (kube.Connection, error) {
	if len(k.files) == 0 {
		return kube.InCluster("home")
	}
	if len(connections) != 1 {
		return kube.Connection{}, usagef("--data-plane-secrets needs one kubeconfig and one context: where are the Secrets?")
	}
	return connections[0], nil
}

// String names the data planes for the log.
func (k *kubeFlags) String() string {
	parts := slices.Clone(k.files)
	if k.inCluster != "" {
		parts = append(parts, "in-cluster")
	}
	if k.secrets != "" {
		parts = append(parts, fmt.Sprintf("Secrets in %s", k.secrets))
	}
	return strings.Join(parts, ", ")
}
