// Package report renders what was decided: for the terminal, for pull requests
// and for programs.
//
// Each report is a value that is built once from a plan and rendered as text, as
// Markdown or as JSON. The command line, the comment on the pull request and the
// page therefore never disagree. The package is pure: it neither reads a clock
// nor decides anything.
//
// What is said at GitHub is a [Post]. It begins with a hidden marker by which it
// is found again, it is never longer than GitHub takes, and its fingerprint tells
// whether it says something new, so that a comment is edited only then. Names,
// versions, reasons and whatever else comes from outside show as what they are:
// they neither format nor link, and nobody is mentioned.
package report
