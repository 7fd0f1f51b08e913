// Package dataplanetest is the one behavioural suite that every data plane has
// to pass, modelled or real.
//
// A data plane's test calls [Run] with a function that returns a [Harness]: the
// data plane under test, and hands and eyes that do not go through it. The
// cases say nothing about how long things take, and nothing that holds only in
// a model: observations may lag behind, and revisions may move without reason.
package dataplanetest

import (
	"testing"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Harness gives the suite a data plane and a world to run it in. Its methods
// end the test when they fail. All changes through it are made by hand, past
// the data plane under test.
type Harness interface {
	// DataPlane is the data plane under test: the same at every call.
	DataPlane() reconciler.DataPlane
	// Ratcheted and Rolling are products that the data plane runs as a
	// StatefulSet and as a Deployment.
	Ratcheted() fleet.Product
	Rolling() fleet.Product
	// Versions returns three different versions that both products can run.
	Versions() [3]fleet.Version

	// Create makes a cluster and returns when all its replicas are ready.
	Create(t *testing.T, c Cluster)
	// Delete takes a cluster away.
	Delete(t *testing.T, name string)
	// SetVersion changes the version of a cluster's workload and nothing else.
	SetVersion(t *testing.T, name string, v fleet.Version)
	// Scale changes the number of replicas that a cluster should have.
	Scale(t *testing.T, name string, replicas int)
	// Restart deletes a replica; the workload's controller makes it anew.
	Restart(t *testing.T, name string, ordinal int)
	// Replicas returns the replicas of a cluster that exist now: of a
	// StatefulSet by ordinal, of a Deployment in any order.
	Replicas(t *testing.T, name string) []Replica
	// Break makes a version one on which replicas never become ready. It is
	// called only when Can().Break is set.
	Break(t *testing.T, v fleet.Version)
	// Cut makes the data plane unreachable, or reachable again. It is called
	// only when Can().Cut is set.
	Cut(t *testing.T, cut bool)
	// Can tells which faults the world can be given.
	Can() Capabilities

	// Wait lets time pass until the condition holds. It ends the test, naming
	// what was waited for, when that takes far too long.
	Wait(t *testing.T, what string, holds func() bool)
	// Quiet lets so much time pass that a replica which was to be touched
	// would have been.
	Quiet(t *testing.T)
}

// Capabilities are the faults that a harness can inject.
type Capabilities struct {
	Break bool
	Cut   bool
}

// Cluster is a cluster that a case needs.
type Cluster struct {
	Name     string
	Product  string // one of the harness's two
	Labels   map[string]string
	Replicas int
	Version  fleet.Version
}

// Replica is one replica as the world has it.
type Replica struct {
	// ID differs for every incarnation: it is the uid of a pod.
	ID      string
	Ordinal int // of a StatefulSet
	Version fleet.Version
	Ready   bool
}

// Run runs the suite. It asks for a new harness for every case; clusters have
// different names in all of them, so that they may share one world.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	t.Helper()
	groups := [][]testCase{startCases(), stepCases(), redirectCases(), rollingCases(), markCases(), changeCases(), faultCases(), observeCases()}
	for _, group := range groups {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				h := harness(t)
				if c.needs != nil {
					if missing := c.needs(h.Can()); missing != "" {
						t.Skipf("this harness cannot %s", missing)
					}
				}
				c.run(&suite{T: t, h: h, v: h.Versions()})
			})
		}
	}
}

// testCase is one sentence about data planes.
type testCase struct {
	name  string
	needs func(Capabilities) (missing string)
	run   func(*suite)
}

func needsBreak(c Capabilities) string {
	if !c.Break {
		return "break a version"
	}
	return ""
}

func needsCut(c Capabilities) string {
	if !c.Cut {
		return "cut off the data plane"
	}
	return ""
}

// suite is what a case works with.
type suite struct {
	*testing.T
	h Harness
	v [3]fleet.Version
}
