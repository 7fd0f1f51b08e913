package plan

import "time"

// MonitorKey names a monitor of a product.
type MonitorKey struct{ Product, Monitor string }

// Signals is what the monitors say in this cycle. A monitor of a product that
// is missing from Sources counts as unknown.
type Signals struct {
	Sources map[MonitorKey]MonitorState
	// Alerts are those that fire now.
	Alerts []Alert
	// Blind are the clusters on which a monitor tells nothing, though it can be
	// relied upon elsewhere.
	Blind []BlindSpot
}

// MonitorState tells whether a monitor could be read.
type MonitorState struct {
	// AsOf is the time that the answer speaks of.
	AsOf time.Time
	// Unknown says why the monitor cannot be relied upon on any cluster: not
	// found, muted, no data, an error. Empty when it can.
	Unknown string
}

// BlindSpot is a cluster on which a monitor cannot be relied upon: it is not
// started and takes no step more, and no wave that it belongs to soaks. A monitor
// that fires on a cluster to which it is blind fires all the same.
type BlindSpot struct {
	Product, Monitor, Cluster string
	// Why says it for people: silenced, muted, no data.
	Why string
}

// Alert is a monitor that fires on a cluster.
type Alert struct {
	Product, Monitor, Cluster string
	Since                     time.Time
	Link                      string
}
