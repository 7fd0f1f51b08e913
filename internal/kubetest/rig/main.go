// Rig is a number of real Kubernetes control planes in one process, for tests:
// an embedded etcd, a kube-apiserver for each, and the real controllers of
// StatefulSets, Deployments, ReplicaSets and PodDisruptionBudgets. Nodes and
// kubelets are modelled: pods are bound round robin and become ready after a
// while.
//
// It is a module of its own, so that nothing of Kubernetes' servers gets into
// Wavegate. Package kubetest builds and starts it.
//
// Every control plane has an ordinary user, wavegate, without any right of its
// own, and an admin. A pod whose image stands in the ConfigMap
// kube-system/broken-images never becomes ready.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

// settings are the rig's flags.
type settings struct {
	dir        string
	planes     int
	nodes      int
	workers    int
	readyDelay time.Duration
	zones      int
	pin        bool
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", "", "folder for kubeconfigs and etcd; it has to exist")
	flag.IntVar(&s.planes, "planes", 1, "number of control planes")
	flag.IntVar(&s.nodes, "nodes", 9, "modelled nodes in each")
	flag.IntVar(&s.zones, "zones", 3, "zones that the nodes are spread over")
	flag.IntVar(&s.workers, "workers", 8, "workers of each controller")
	flag.DurationVar(&s.readyDelay, "ready-delay", 0, "time from a pod's creation until it is ready")
	flag.BoolVar(&s.pin, "exit-with-stdin", true, "end when standard input is closed, so that no rig outlives its test")
	klog.InitFlags(nil)
	for name, value := range map[string]string{"logtostderr": "true", "stderrthreshold": "FATAL", "v": "0"} {
		if err := flag.Set(name, value); err != nil {
			fail(err)
		}
	}
	flag.Parse()
	if s.pin {
		go func() {
			buf := make([]byte, 1)
			for {
				if _, err := os.Stdin.Read(buf); err != nil {
					os.Exit(0)
				}
			}
		}()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(klog.NewContext(ctx, klog.Background()), s); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "rig:", err)
	os.Exit(1)
}

// run starts everything, says READY on standard output, and waits.
func run(ctx context.Context, s settings) error {
	if s.dir == "" {
		return fmt.Errorf("start rig: --dir is missing")
	}
	etcd, stopEtcd, err := startEtcd(filepath.Join(s.dir, "etcd"))
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer stopEtcd()
	for i := range s.planes {
		kubeconfig := filepath.Join(s.dir, fmt.Sprintf("plane-%d.kubeconfig", i))
		config, err := startServer(ctx, serverConfig{
			dir: filepath.Join(s.dir, fmt.Sprintf("plane-%d", i)), etcd: etcd,
			prefix: fmt.Sprintf("/plane-%d", i), name: fmt.Sprintf("plane-%d", i), kubeconfig: kubeconfig,
		})
		if err != nil {
			return fmt.Errorf("start kube-apiserver %d: %w", i, err)
		}
		if err := startControllers(ctx, config, s); err != nil {
			return fmt.Errorf("start controllers of %d: %w", i, err)
		}
		fmt.Println("PLANE", kubeconfig)
	}
	fmt.Println("READY")
	<-ctx.Done()
	return nil
}
