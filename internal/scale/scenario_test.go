package scale_test

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// scenario is a fleet and what is to happen to it in a day. Cohorts follow each
// other in stages, side by side within each; a release goes through all of them,
// and the next one follows behind it.
type scenario struct {
	clusters, planes  int
	cohorts, perStage int
	releases          int
	brokers           [2]int // of a cluster: from, to
	inFlight          int    // limit, overall
	perRegion         int
	perPlane          int
	perCustomer       int
	failing           float64 // share of all calls
	length            time.Duration
}

// member is one cluster of the scenario.
type member struct {
	name, cohort, plane, region, customer string
	brokers                               int
}

func (s scenario) members() []member {
	out := make([]member, s.clusters)
	for i := range out {
		plane := i / s.cohorts % s.planes
		out[i] = member{
			name: fmt.Sprintf("lkc-%05d", i), cohort: s.cohort(i % s.cohorts), plane: fmt.Sprintf("dp-%02d", plane),
			region: fmt.Sprintf("region-%02d", plane/2), customer: fmt.Sprintf("cust-%d", i/7),
			brokers: s.brokers[0] + i*7%(s.brokers[1]-s.brokers[0]+1),
		}
	}
	return out
}

func (m member) asMember() simfleet.Member {
	return simfleet.Member{
		Name: m.name, Product: "kafka", DataPlane: m.plane, Version: fleet.Version{Tag: version(0)}, Replicas: m.brokers,
		Labels: map[string]string{"cohort": m.cohort, "region": m.region, "customer": m.customer},
	}
}

func (s scenario) cohort(i int) string { return fmt.Sprintf("cohort-%02d", i) }

func (s scenario) stage(cohort int) int { return cohort / s.perStage }

// version is what the r-th release brings; the 0th is what runs before.
func version(r int) string { return fmt.Sprintf("7.6.%d", r) }

// blackout is when no cluster of a region may be started: twenty minutes of each
// day.
func (s scenario) blackout(region string, at time.Time) bool {
	for r := range (s.planes + 1) / 2 {
		if region == fmt.Sprintf("region-%02d", r) {
			return at.Hour() == blackoutHour(r) && at.Minute() < 20
		}
	}
	return false
}

func blackoutHour(region int) int { return (2 + region*2) % 24 }

// base are the files of the first commit.
func (s scenario) base() map[string]string {
	order := "["
	for c := range s.cohorts {
		switch {
		case c%s.perStage != 0:
			order += ", "
		case c > 0:
			order += "], ["
		default:
			order += "["
		}
		order += s.cohort(c)
	}
	files := map[string]string{
		"fleet.yaml": fmt.Sprintf(`apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  order: %s]]
  limits:
    - {maxConcurrency: %d}
    - {label: region, maxConcurrency: %d}
    - {label: wavegate.dev/data-plane, maxConcurrency: %d}
    - {label: customer, maxConcurrency: %d}
`, order, s.inFlight, s.perRegion, s.perPlane, s.perCustomer),
		"products/kafka.yaml": `apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec:
  image: registry.example.com/kafka
  workload: {kind: StatefulSet, container: kafka, selector: {matchLabels: {app: kafka}}}
  progressDeadline: 45m
  settle: 10s
  monitors:
    - {name: under-replicated, prometheus: {alert: UnderReplicated, clusterLabel: cluster}}
`,
	}
	for c := range s.cohorts {
		files[s.file(c)] = s.cohortFile(c, 0)
	}
	for r := range (s.planes + 1) / 2 {
		files[fmt.Sprintf("windows/region-%02d.yaml", r)] = fmt.Sprintf(`apiVersion: wavegate.dev/v1alpha1
kind: Window
metadata: {name: peak-region-%02d}
spec: {type: blackout, schedule: "0 %d * * *", duration: 20m, timeZone: UTC, selector: {matchLabels: {region: region-%02d}}}
`, r, blackoutHour(r), r)
	}
	return files
}

func (s scenario) file(cohort int) string { return "cohorts/" + s.cohort(cohort) + ".yaml" }

func (s scenario) cohortFile(cohort, release int) string {
	return fmt.Sprintf(`apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: %[1]s}
spec:
  selector: {matchLabels: {cohort: %[1]s}}
  versions: {kafka: %[2]s}
  waves:
    - {size: 2, soak: 5m}
    - {size: 10%%, soak: 10m}
    - {size: 100%%}
  maxFailures: 20
`, s.cohort(cohort), version(release))
}
