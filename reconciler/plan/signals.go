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
}

// MonitorState tells whether a monitor could be read.
type MonitorState struct {
	// AsOf is the time that the answer speaks of.
	AsOf time.Time
	// Unknown says why the monitor cannot be relied upon: not found, muted, no
	// data, an error. Empty when it can.
	Unknown string
}

// Alert is a monitor that fires on a cluster.
type Alert struct {
	Product, Monitor, Cluster string
	Since                     time.Time
	Link                      string
}
