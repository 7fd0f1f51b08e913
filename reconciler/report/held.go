package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// HeldText says what a pause holds of a cohort and where, such as "2 in flight
// (aws 1, gcp 1), 4 not started"; nothing when it holds none.
func HeldText(held []plan.PlaneCount, pending int) string {
	var parts, planes []string
	n := 0
	for _, h := range held {
		n += h.Clusters
		planes = append(planes, fmt.Sprintf("%s %d", h.DataPlane, h.Clusters))
	}
	if n > 0 {
		parts = append(parts, fmt.Sprintf("%d in flight (%s)", n, strings.Join(planes, ", ")))
	}
	if pending > 0 {
		parts = append(parts, fmt.Sprintf("%d not started", pending))
	}
	return strings.Join(parts, ", ")
}

// held says what is held of the release, cohort by cohort.
func (r *Release) held() []string {
	var out []string
	for i := range r.Rollouts {
		x := &r.Rollouts[i]
		if x.Phase == plan.PhaseFinished.String() {
			continue
		}
		if text := HeldText(x.Held, x.Pending); text != "" {
			out = append(out, x.Cohort+": "+text)
		}
	}
	return out
}

// budgetText is how many failures a cohort allows, such as "2" or "6 (5%)".
func (r *Rollout) budgetText() string {
	if strings.HasSuffix(r.MaxFailures, "%") {
		return fmt.Sprintf("%d (%s)", r.Budget, r.MaxFailures)
	}
	return strconv.Itoa(r.Budget)
}

// allowed is the smallest budget among the cohorts that a release is not through
// with: more failures than that pause all of it. It is empty when there is none.
func (r *Release) allowed() string {
	var least *Rollout
	for i := range r.Rollouts {
		x := &r.Rollouts[i]
		if x.Phase != plan.PhaseFinished.String() && !x.StartedAt.IsZero() && (least == nil || x.Budget < least.Budget) {
			least = x
		}
	}
	if least == nil {
		return ""
	}
	return least.budgetText() + " allowed"
}

// newest is the failure that came last, or nothing.
func (r *Release) newest() Failure {
	if len(r.Failed) == 0 {
		return Failure{}
	}
	return r.Failed[0]
}
