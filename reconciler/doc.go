// Package reconciler is the loop.
package reconciler
