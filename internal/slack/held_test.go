package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

func TestAPauseSaysWhatIsHeldWhere(t *testing.T) {
	x := &pause{reason: "looks odd", at: time.Unix(0, 0)}
	x.hold("", &plan.RolloutStatus{
		Cohort: "prod", Held: []plan.PlaneCount{{DataPlane: "aws", Clusters: 2}, {DataPlane: "gcp", Clusters: 1}},
		Waves: []plan.WaveStatus{{Pending: 1}, {Pending: 40}},
	})
	x.hold("", &plan.RolloutStatus{Cohort: "nonprod"}) // nothing is held there
	got := (&Reporter{}).pauseText(&page{topic: release, product: "kafka", version: "7.6.1"}, x)
	if want := "\nHeld: prod: 3 in flight (aws 2, gcp 1), 41 not started\n"; !strings.Contains(got, want) || strings.Contains(got, "nonprod") {
		t.Errorf("got %q, want in it %q", got, want)
	}
}
