// Package fleet holds the nouns of a fleet repository and reads them.
//
// A fleet repository is a tree of YAML files. [Load] turns the tree of one
// commit into a [Spec], or into a list of [Problem], each with the file, the
// line, the column, what is wrong and what was probably meant. It is strict:
// what it does not understand it refuses, because a silently ignored field in
// a blackout is a customer's outage.
//
// The package is pure. It reads through fs.FS and knows no git, no clock and
// no network.
package fleet

import "fmt"

// APIVersion is the only apiVersion that documents of a fleet repository carry.
const APIVersion = "wavegate.dev/v1alpha1"

// Labels that every cluster carries besides its own, so that selectors, limits
// and orders can name them like any other.
const (
	LabelName      = "wavegate.dev/name"
	LabelProduct   = "wavegate.dev/product"
	LabelDataPlane = "wavegate.dev/data-plane"
)

// Position is a place in a file of the fleet repository. Line and Column count
// from one; zero means the whole file.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String renders the position as editors and compilers do: file:line:column.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Meta names one document and remembers where it was written.
type Meta struct {
	Name     string   `json:"name" jsonschema:"unique among the documents of its kind; lower case letters, digits and dashes"`
	Position Position `json:"-"`

	places map[string]place // of what At is asked for
}

// At returns where something in the document was written, as in
// spec.monitors[2], or where the document's name is.
func (m *Meta) At(path string) Position {
	p, ok := m.places[path]
	if !ok {
		return m.Position
	}
	return Position{File: m.Position.File, Line: p.line, Column: p.column}
}

// Spec is the desired state of a whole fleet: one commit of its repository,
// checked. Its slices are in a fixed order (products, windows, pins and
// emergencies by name, cohorts in the order of the train), so that equal
// repositories give equal values.
type Spec struct {
	Fleet       Fleet
	Products    []Product
	Cohorts     []Cohort
	Windows     []Window
	Pins        []Pin
	Emergencies []Emergency
}

// Fleet says what holds for the whole fleet: the order of the train, who
// approves, and how much may be in flight.
type Fleet struct {
	Meta
	Spec FleetSpec
}

// FleetSpec is the spec of a [Fleet].
type FleetSpec struct {
	// Order lists the stages of the train. The cohorts of one stage run side
	// by side; a stage waits for all stages before it.
	Order     []Stage   `json:"order" jsonschema:"the order of the cohorts; a nested list runs side by side"`
	Approvals Approvals `json:"approvals,omitzero" jsonschema:"who has to approve a pull request before it takes effect"`
	Limits    []Limit   `json:"limits,omitempty" jsonschema:"how many clusters may be in flight at once"`
	Drift     Drift     `json:"drift,omitzero" jsonschema:"when the drift report is posted"`
}

// Approvals is the policy for pull requests.
type Approvals struct {
	Required int      `json:"required,omitempty" jsonschema:"how many approvals a pull request needs"`
	By       []string `json:"by,omitempty" jsonschema:"whose approvals count: team:org/name or user:name; empty means anyone with write access"`
}

// Limit bounds how many clusters are in flight at once: overall when Label is
// empty, else for each value of the label.
type Limit struct {
	Label          string `json:"label,omitempty" jsonschema:"count for each value of this label; wavegate.dev/data-plane counts for each data plane; without it, the limit is overall"`
	MaxConcurrency int    `json:"maxConcurrency" jsonschema:"clusters in flight at once, at least 1"`
}

// Drift says when the drift report is posted.
type Drift struct {
	Schedule string `json:"schedule,omitempty" jsonschema:"cron expression with five fields"`
	TimeZone string `json:"timeZone,omitempty" jsonschema:"IANA name, as in Europe/Berlin; UTC without it"`
}

// Product is what is run: its image, its workload kind, its monitors and its
// version policy.
type Product struct {
	Meta
	Spec ProductSpec
}

// ProductSpec is the spec of a [Product].
type ProductSpec struct {
	Image    string        `json:"image" jsonschema:"image repository without tag"`
	Workload Workload      `json:"workload" jsonschema:"how the product's clusters are found on Kubernetes"`
	Versions VersionPolicy `json:"versions,omitzero" jsonschema:"which version changes are allowed"`
	// ProgressDeadline is how long the upgrade of one cluster may go without
	// progress (one more replica restarted, ready and settled) before it has
	// failed. Time in which nothing was asked of the cluster does not count.
	ProgressDeadline Duration `json:"progressDeadline,omitempty" jsonschema:"how long an upgrade may go without one more replica ready on the new version before it counts as failed; 1h without it"`
	// Settle is how long a restarted replica has to stay ready before the next
	// one is touched.
	Settle   Duration  `json:"settle,omitempty" jsonschema:"how long a restarted replica must stay ready before the next one is touched; 30s without it"`
	Monitors []Monitor `json:"monitors,omitempty" jsonschema:"alerts that stop an upgrade"`
}

// WorkloadKind is the kind of Kubernetes object that runs a product.
type WorkloadKind string

// The workload kinds.
const (
	// StatefulSet is upgraded by a ratchet, one replica for each step.
	StatefulSet WorkloadKind = "StatefulSet"
	// Deployment rolls by itself and is halted by spec.paused.
	Deployment WorkloadKind = "Deployment"
	// CustomResource is upgraded by an operator of its own, which is told the
	// version and, to halt, to pause.
	CustomResource WorkloadKind = "CustomResource"
)

// Workload tells how clusters of a product are found and changed.
type Workload struct {
	Kind      WorkloadKind `json:"kind" jsonschema:"StatefulSet, Deployment or CustomResource"`
	Container string       `json:"container,omitempty" jsonschema:"name of the container that carries the image; the product's name without it"`
	Selector  Selector     `json:"selector,omitzero" jsonschema:"labels of the workload objects"`
	// NameLabel is a label of the workload objects that holds the cluster's name.
	// The label wavegate.dev/name goes before it; without either, the object's
	// own name is the cluster's.
	NameLabel string `json:"nameLabel,omitempty" jsonschema:"label of the workload objects that holds the cluster's name; the object's name without it"`
	// StepBy is what one step of a StatefulSet replaces.
	StepBy StepBy `json:"stepBy,omitempty" jsonschema:"replica or zone: what one step of a StatefulSet replaces; replica without it"`
	// Resource says which custom resource it is and where its fields are.
	Resource *Resource `json:"resource,omitempty" jsonschema:"for kind CustomResource: which resource, and where its fields are"`
}

// DowngradePolicy says whether a product may go back to an older version.
type DowngradePolicy string

// The downgrade policies.
const (
	DowngradeDeny  DowngradePolicy = "deny"
	DowngradeAllow DowngradePolicy = "allow"
)

// VersionPolicy says which version changes a product survives.
type VersionPolicy struct {
	// MaxMinorSkip is by how many minor versions one upgrade may move: with 1,
	// 7.5 to 7.6 is allowed and 7.5 to 7.7 is not. Nil means any number, and a
	// change of the major version is allowed only when it is nil.
	MaxMinorSkip *int            `json:"maxMinorSkip,omitempty" jsonschema:"by how many minor versions one upgrade may move; without it, by any number"`
	Downgrade    DowngradePolicy `json:"downgrade,omitempty" jsonschema:"deny or allow; deny without it"`
}

// Monitor is one alert of a product. Exactly one source is set.
type Monitor struct {
	Name       string             `json:"name" jsonschema:"how messages call this monitor"`
	Datadog    *DatadogMonitor    `json:"datadog,omitempty" jsonschema:"a Datadog monitor search"`
	Prometheus *PrometheusMonitor `json:"prometheus,omitempty" jsonschema:"a Prometheus alert"`
	MaxAge     Duration           `json:"maxAge,omitempty" jsonschema:"older answers count as unknown; 5m without it"`
	// For is how long it may fire on a cluster under test before that cluster's
	// upgrade has failed. While it fires nothing moves there, and nothing of the
	// product at all when one more failure would be over the budget. One that
	// fires again has failed it at once.
	For Duration `json:"for,omitempty" jsonschema:"how long it may fire once before the upgrade of that cluster has failed; meanwhile the cluster is held, and all of the product when the failure budget has nothing left; it fails at once without it"`
}

// DatadogMonitor selects monitor groups at Datadog.
type DatadogMonitor struct {
	Query      string `json:"query" jsonschema:"monitor search query"`
	ClusterTag string `json:"clusterTag" jsonschema:"the tag of a monitor group that names the cluster"`
}

// PrometheusMonitor selects alerts at Prometheus or Alertmanager.
type PrometheusMonitor struct {
	Alert        string `json:"alert" jsonschema:"alert name"`
	ClusterLabel string `json:"clusterLabel" jsonschema:"the label of the alert that names the cluster"`
}

// Cohort is a set of clusters that move together, and the versions they should
// run.
type Cohort struct {
	Meta
	Spec CohortSpec
}

// CohortSpec is the spec of a [Cohort].
type CohortSpec struct {
	Selector Selector           `json:"selector" jsonschema:"which clusters belong to the cohort"`
	Versions map[string]Version `json:"versions" jsonschema:"product name to version"`
	Waves    []Wave             `json:"waves,omitempty" jsonschema:"the steps in which the cohort is upgraded; the last one is 100%; one wave of 100% without it"`
	// MaxFailures is the failure budget that a release must keep while it rolls
	// in this cohort. The zero value means none.
	MaxFailures Size       `json:"maxFailures,omitzero" jsonschema:"how many clusters of a release may fail before all of it pauses; 0 without it"`
	OrderBy     []OrderKey `json:"orderBy,omitempty" jsonschema:"which clusters go first; a hash of release and name decides between equals"`
	LateJoiners LateJoiner `json:"lateJoiners,omitempty" jsonschema:"what happens to clusters that appear after a rollout has started: append, hold or ignore; append without it"`
}

// Wave is one step within a cohort.
type Wave struct {
	Size           Size     `json:"size" jsonschema:"how many more clusters this wave takes: a number, or a percentage of the cohort"`
	Soak           Duration `json:"soak,omitempty" jsonschema:"how long the finished wave must stay quiet before the next starts"`
	MaxConcurrency int      `json:"maxConcurrency,omitempty" jsonschema:"clusters of this wave in flight at once"`
}

// OrderKey is one criterion for the order within a cohort: a label or a metric.
type OrderKey struct {
	Label      string `json:"label,omitempty" jsonschema:"by the value of this label; numbers by value"`
	Metric     Metric `json:"metric,omitzero" jsonschema:"by the value of this metric when the rollout starts, clusters without a value last: a Datadog query, or a map that names the source"`
	Descending bool   `json:"descending,omitempty" jsonschema:"highest first"`
}

// LateJoiner says what happens to a cluster that joins a cohort after its
// rollout has started.
type LateJoiner string

// The policies for late joiners.
const (
	LateAppend LateJoiner = "append" // it joins the last wave
	LateHold   LateJoiner = "hold"   // it waits until an operator retries it
	LateIgnore LateJoiner = "ignore" // it is left alone and reported as drift
)

// WindowType says what a window means.
type WindowType string

// The window types.
const (
	Blackout    WindowType = "blackout"    // never start inside
	Maintenance WindowType = "maintenance" // only start inside
)

// InFlight says what a window that closes does to clusters already in flight.
type InFlight string

// The rules for clusters in flight.
const (
	InFlightFinish InFlight = "finish" // they go on to their end
	InFlightPause  InFlight = "pause"  // they stop at the next replica until it is over
)

// Window says when clusters may or may not be touched: recurring (Schedule and
// Duration) or once (From and Until).
type Window struct {
	Meta
	Spec WindowSpec
}

// WindowSpec is the spec of a [Window].
type WindowSpec struct {
	Type     WindowType `json:"type" jsonschema:"blackout: never start inside; maintenance: only start inside"`
	Schedule string     `json:"schedule,omitempty" jsonschema:"when it begins: cron expression with five fields"`
	Duration Duration   `json:"duration,omitempty" jsonschema:"how long it lasts"`
	From     string     `json:"from,omitempty" jsonschema:"when it begins: 2026-11-26T00:00 or 2026-11-26"`
	Until    string     `json:"until,omitempty" jsonschema:"when it is over: 2026-11-30T06:00 or 2026-11-30"`
	TimeZone string     `json:"timeZone,omitempty" jsonschema:"IANA name, as in Europe/Berlin; UTC without it"`
	Selector Selector   `json:"selector,omitzero" jsonschema:"which clusters it concerns; all without it"`
	Products []string   `json:"products,omitempty" jsonschema:"which products it concerns; all without it"`
	InFlight InFlight   `json:"inFlight,omitempty" jsonschema:"what clusters in flight do when it closes: finish or pause; finish without it"`
	Reason   string     `json:"reason,omitempty" jsonschema:"why, for people"`
}

// Pin keeps clusters as they are until it expires.
type Pin struct {
	Meta
	Spec PinSpec
}

// PinSpec is the spec of a [Pin].
type PinSpec struct {
	Clusters []string `json:"clusters" jsonschema:"names of clusters"`
	Owner    string   `json:"owner" jsonschema:"who answers for it: team:org/name or user:name"`
	Reason   string   `json:"reason" jsonschema:"why, for people"`
	Expires  Moment   `json:"expires" jsonschema:"when it ends: 2026-12-15, or with a time: 2026-12-15T12:00"`
}

// EmergencySkip is a gate that an emergency may leave out.
type EmergencySkip string

// The gates that an emergency may leave out.
const (
	SkipSoak     EmergencySkip = "soak"
	SkipBlackout EmergencySkip = "blackout"
)

// Emergency moves one product to one version in all cohorts with one commit.
// The order of the cohorts, the limits, the failure budget and the halt remain,
// and so does a canary: whatever is skipped, the first wave is a part of its cohort
// only, and is watched until every monitor has had the time to tell of it.
type Emergency struct {
	Meta
	Spec EmergencySpec
}

// EmergencySpec is the spec of an [Emergency].
type EmergencySpec struct {
	Product   string          `json:"product" jsonschema:"name of the product"`
	Version   Version         `json:"version" jsonschema:"the version that all cohorts should run"`
	Reason    string          `json:"reason" jsonschema:"why, for people"`
	Approvals int             `json:"approvals,omitempty" jsonschema:"approvals needed when more than the fleet's"`
	Skip      []EmergencySkip `json:"skip,omitempty" jsonschema:"gates that are left out: soak, blackout; the first wave is a canary all the same, watched for as long as a monitor may take to tell (its maxAge)"`
	Expires   Moment          `json:"expires" jsonschema:"after it nothing more is started: 2026-12-01 or 2026-12-01T00:00"`
}
