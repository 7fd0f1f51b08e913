// Package githubtest is a GitHub-compatible server for tests and for the demo.
//
// # What is true where
//
// Commits, branches and files are those of a real bare git repository, which
// the server also serves over HTTP (git http-backend). Nothing about them is
// stored a second time: before every answer the server looks at the refs, and a
// pull request's head is where its branch is. What git does not know (users,
// pull requests, reviews, comments, statuses) lives in memory and ends with the
// server.
//
// # What it promises
//
// Every request and every answer, webhooks included, is checked against GitHub's
// own OpenAPI document, cut down to the operations in operations.txt by the
// program in trim/. What violates it is given to Config.OnViolation, or answered
// with 500. An operation that is not in the list is a violation too, so that
// a test never takes "not built" for "not found".
//
// The rules that GitHub enforces are enforced here: nobody approves their own pull
// request, protected branches want approvals, a new commit may dismiss them,
// administrators may bypass, only apps write check runs, answers cost rate limit
// unless they are 304.
//
// What GitHub answers although its document does not allow the request is listed
// at asDocumented.
//
// # What it leaves out
//
// GraphQL, comments on lines of a diff, milestones, assignees, teams as reviewers,
// rulesets, the merge queue itself (Hand.MergeWith does what one does), and the
// check of signatures: commits are said to be unsigned.
//
// # Addresses
//
//	URL/api/v3/...            the API; give URL to go-github's WithEnterpriseURLs
//	URL/owner/name.git        git; the password is a token
//	URL/owner/name[/pull/1]   pages for people; also /issues/1, /commit/SHA and
//	                          /blob/SHA/PATH
//
// The server needs the git command line, 2.38 or newer. It is a tool for tests on one machine:
// it forgets everything, and its handlers run one after the other.
package githubtest
