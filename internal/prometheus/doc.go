// Package prometheus reads the monitors of a fleet that are alerts of Prometheus
// or Alertmanager, and tells the planner which clusters they fire on and how far
// that can be relied upon.
//
// [Monitors.Run] polls each server on its own; [Monitors.Signals] returns the
// newest answers at once. A webhook of Alertmanager asks for a poll sooner, and
// is not believed otherwise.
//
// # What is asked
//
// A Prometheus is asked for its alerting rules, GET /api/v1/rules?type=alert.
// That one answer holds the rules, their health, when each was last evaluated
// and what fires, all of one moment. GET /api/v1/alerts would tell the same
// alerts of another moment, without the rules: an alert that is missing there
// may be one that is quiet, or one that nobody evaluates. The age of a monitor is
// that of the last evaluation and not that of the request: a Prometheus that
// answers and has stopped evaluating is old news.
//
// An Alertmanager is asked for its alerts, GET /api/v2/alerts, with those that it
// tells nobody of, and for its silences when there are some. A silence for an
// alert that does not fire changes nothing; as soon as the alert fires,
// Alertmanager lists it as suppressed.
//
// With an Alertmanager alone it cannot be known whether a rule exists, is healthy
// or is evaluated at all: that Alertmanager answers is then all there is to go
// by. A watchdog, an alert that always fires, at least shows that somebody still
// sends alerts. Better name the Prometheus as well.
//
// # What cannot be seen
//
// A rule that finds no data does not fire, and is as healthy as one that finds
// all in order. When a broker dies, its metrics end, and five minutes later so
// does the alert on them. Let one monitor of a product be an alert on what is
// absent, such as up == 0 or absent(...).
//
// After a restart Prometheus calls an alert pending that fired before, for as
// long as its rule holds it back. What the planner has charged by then stays
// charged.
//
// Two Prometheus that evaluate the same rules for the sake of availability count
// as two regions: both must answer. Put them behind one address, or Thanos before
// them, and name that.
//
// # Why no client library
//
// github.com/prometheus/client_golang/api reads answers of any size, drops the
// warnings by which Thanos says that part of an answer is missing from the list
// of rules, and knows nothing of Alertmanager. Two requests of a few fields each
// need none of it.
package prometheus
