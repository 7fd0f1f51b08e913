// Package github speaks with GitHub, on github.com or a GitHub Enterprise Server,
// with a token or as a GitHub App.
//
// The [Approver] proves that a commit came by a merged pull request and that the
// people whom the policy asks for have approved it. The [Client] reads and writes
// what people see: pull requests, comments, reactions, statuses and issues. The
// [Webhook] only asks for an earlier look: what it is sent is not believed.
//
// All requests go through three layers. The outer one keeps answers and asks again
// by their ETag, which costs nothing when nothing has changed. The middle one holds
// requests back within GitHub's limits, those of an hour, of too many at once and
// of content, and tries again what failed and may be tried again. The inner one
// adds who asks, and sends it to nobody but the configured host. A call fails with
// a [LimitError] rather than wait long; nothing that keeps clusters safe waits for
// GitHub.
//
// # What it needs
//
// A token, classic with the scopes repo and read:org, or fine-grained, or a GitHub
// App, either with these permissions: Contents, Pull requests, Issues and Commit
// statuses to write, Checks to write if there are to be any (apps alone can),
// Metadata and the organisation's Members to read. Who only wants approvals judged
// needs no permission to write.
//
// # What it cannot do
//
// Merge. Whether a pull request may be merged is for GitHub's own rules and for
// people; nothing here goes around them. At most it asks GitHub to merge by itself
// once its rules are met.
package github
