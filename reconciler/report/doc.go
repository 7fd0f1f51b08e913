// Package report renders what was decided: for the terminal, for pull requests
// and for programs.
//
// Each report is a value that is built once from a plan and rendered as text, as
// Markdown or as JSON. The command line, the comment on the pull request and the
// page therefore never disagree. The package is pure: it neither reads a clock
// nor decides anything.
package report
