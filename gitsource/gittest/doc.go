// Package gittest makes real git repositories for tests and serves them over
// HTTP, with the faults that real servers have. It needs the git command line.
package gittest
