// Package simulation tries to break the safety laws.
package simulation
