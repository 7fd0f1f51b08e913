// Package gitsource reads one branch of a git repository: commits and their
// trees. It knows nothing of fleets.
//
// It never has a work tree: files are read from git's objects, so that no hook,
// filter, submodule or link can do anything. The first fetch is shallow, later
// ones bring only what is new, and a commit that is asked for and is not there
// is fetched, by its name or with a deeper history. What is kept is a cache: a
// damaged one is thrown away and fetched anew.
//
// A server is not trusted: what it sends is bounded in bytes, in objects, in
// what they unpack to and in time, and is inspected before it is stored. No
// error shows a secret.
//
// # A trap
//
// A server may take a shallow client for one that has all of the history, and
// send a commit that reverts a file to an older content without that content;
// servers that count with bitmaps do. Every object of a commit is therefore
// looked up before the commit is returned, and when one is missing everything is
// fetched anew.
package gitsource
