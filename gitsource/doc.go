// Package gitsource reads one branch of a git repository: commits and their
// trees. It knows nothing of fleets.
//
// It never has a work tree: files are read from git's objects, so that no hook,
// filter, submodule or link can do anything. The first fetch is shallow, later
// ones bring only what is new, and history is fetched deeper when it is asked
// for. What is kept is a cache: a damaged one is thrown away and fetched anew.
//
// # A trap
//
// From a server with pack bitmaps, a shallow client may be sent a commit that
// reverts a file to an older content without that content. Every object of a new
// commit is therefore looked up before the commit is returned, and when one is
// missing everything is fetched anew.
package gitsource
