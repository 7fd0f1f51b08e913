// Package prometheus reads the monitors of a fleet that are alerts of
// Prometheus or Alertmanager.
package prometheus
