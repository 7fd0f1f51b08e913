// Package kubetest gives tests a real Kubernetes: real API servers with the real
// controllers of StatefulSets, Deployments and PodDisruptionBudgets, and modelled
// nodes. They run in one process, the rig, which is a module of its own in the
// folder rig: none of its dependencies are Wavegate's.
//
// The rig is built once, outside of the tree:
//
//	go run ./internal/kubetest/build
//
// Tests that need it and do not find it are skipped with a line that says so.
package kubetest
