// Package web answers for the running service: over a socket in its state
// folder, and over HTTP where that is wanted. It shows what the last cycle saw
// and decided; it changes nothing.
package web
