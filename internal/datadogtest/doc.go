// Package datadogtest is a Datadog API server for tests. It answers the calls
// that package datadog makes, in the way that Datadog has been seen to answer
// them: which fields a monitor group has (also those that Datadog does not
// document, as muted and all_tags), how answers are paged, what a search query
// means, which headers tell about rate limits, and what errors look like.
//
// A [Server] is an http.Handler for httptest. Its Client needs no socket, so
// that it also works where testing/synctest holds the clock.
package datadogtest
