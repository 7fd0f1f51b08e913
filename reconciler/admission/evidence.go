package admission

// Verdict is what an approver found.
type Verdict uint8

// The verdicts. The zero value is Unknown, which admits nothing.
const (
	Unknown Verdict = iota
	Approved
	Refused
)

// Evidence is what an approver says of a commit.
type Evidence struct {
	Verdict Verdict
	// Reason says why, and what to do when it is not approved; for people.
	Reason string
	// By are those who approved.
	By []string
	// Via is the way by which they did: pull-request, signature or push. Pull is the
	// number of the pull request, Link its address.
	Via  string
	Pull int
	Link string
}
