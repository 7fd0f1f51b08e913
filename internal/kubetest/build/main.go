// Build builds the Kubernetes rig that the tests of internal/kube run against,
// unless it is there already, and prints where it is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/wavegate-dev/wavegate/internal/kubetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	path, built, err := kubetest.Binary()
	if err == nil && !built {
		fmt.Fprintln(os.Stderr, "building the rig: about five minutes on two cores the first time")
		path, err = kubetest.Build(ctx, os.Stderr)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
