// Package charttest tests charts/wavegate: that what it renders is taken by a real
// API server, that its arguments are ones that `wavegate run` has, and that the
// rights which it grants are those that internal/kube's tests run with.
//
// It needs Helm, outside of the tree:
//
//	go install helm.sh/helm/v3/cmd/helm@v3.19.0
package charttest
