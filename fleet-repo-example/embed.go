// Package fleetrepoexample carries the example of a fleet repository within the
// binary, for scaffolding a new one and for the demo.
package fleetrepoexample

import "embed"

// FS is the example: the tree that a user begins with, as it lies beside this
// file. The Go files themselves are not in it.
//
//go:embed README.md fleet.yaml cohorts emergencies pins products windows .wavegate
var FS embed.FS
