package fleet_test

import (
	"testing"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestTheExampleRepositoryLoads(t *testing.T) {
	spec, problems := fleet.Load(fleetrepoexample.FS)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := len(spec.Cohorts); got != 5 {
		t.Errorf("want 5 cohorts, got %d", got)
	}
}
