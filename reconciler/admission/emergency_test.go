package admission

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func TestThePolicyIsThatOfTheSpecInForce(t *testing.T) {
	spec := func(required int, emergencies ...fleet.EmergencySpec) *fleet.Spec {
		s := &fleet.Spec{}
		s.Fleet.Spec.Approvals = fleet.Approvals{Required: required, By: []string{"team:acme/sre"}}
		for _, e := range emergencies {
			s.Emergencies = append(s.Emergencies, fleet.Emergency{Meta: fleet.Meta{Name: "cve"}, Spec: e})
		}
		return s
	}
	expires := func(day int) fleet.Moment {
		return fleet.Moment{Time: time.Date(2026, 12, day, 0, 0, 0, 0, time.UTC)}
	}
	cve := fleet.EmergencySpec{Product: "kafka", Version: fleet.Version{Tag: "9"}, Approvals: 3, Expires: expires(1)}
	with := func(change func(*fleet.EmergencySpec)) fleet.EmergencySpec {
		e := cve
		change(&e)
		return e
	}
	renamed := spec(1, with(func(e *fleet.EmergencySpec) { e.Approvals = 0 }))
	renamed.Emergencies[0].Name = "cve-again"
	for _, tt := range []struct {
		name        string
		inForce, to *fleet.Spec
		want        int
	}{
		{"a commit that lowers the number", spec(2), spec(0), 2},
		{"a commit that raises it", spec(1), spec(4), 1},
		{"a repository that is not valid", spec(2), nil, 2},
		{"a new emergency asks for its own number", spec(1), spec(1, cve), 3},
		{"but never for fewer than the fleet", spec(4), spec(4, cve), 4},
		{"an emergency that stays asks nobody again", spec(1, cve), spec(1, cve), 1},
		{"one that is ended asks nobody", spec(1, cve), spec(1), 1},
		{"another version", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Version.Tag = "10" })), 3},
		{"another version, for fewer approvals", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Version.Tag, e.Approvals = "10", 1 })), 3},
		{"fewer approvals for the time after", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Approvals = 1 })), 3},
		{"one more gate left out", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Skip = []fleet.EmergencySkip{fleet.SkipBlackout} })), 3},
		{"more time", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Expires = expires(2) })), 3},
		{"less time", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Expires = fleet.Moment{Time: cve.Expires.Add(-time.Hour)} })), 1},
		{"a new reason", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Reason = "CVE-2026-1234" })), 1},
		{"another name for the same product", spec(1, cve), renamed, 3},
		{"another product under the same name", spec(1, cve), spec(1, with(func(e *fleet.EmergencySpec) { e.Product, e.Approvals = "ksqldb", 0 })), 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := PolicyFor(tt.inForce, tt.to)
			if p.Required != tt.want || !slices.Equal(p.By, []string{"team:acme/sre"}) {
				t.Errorf("needs %+v, want %d", p, tt.want)
			}
		})
	}
	if p := PolicyFor(nil, spec(2)); !reflect.DeepEqual(p, PolicyFor(spec(2), spec(2))) {
		t.Errorf("the first commit has to meet its own policy, got %+v", p)
	}
	if p := PolicyFor(nil, nil); p.Required != 0 || p.By != nil {
		t.Errorf("of nothing, got %+v", p)
	}
	mine := spec(1)
	PolicyFor(mine, nil).By[0] = "user:mallory"
	if mine.Fleet.Spec.Approvals.By[0] != "team:acme/sre" {
		t.Error("the policy shares memory with the spec")
	}
}
