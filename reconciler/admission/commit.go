// Package admission decides which commit is in force: the pure chain rule.
//
// The desired state is always the exact tree of an admitted commit. The commits
// after the one in force are judged one by one, each by the policy of the spec
// in force before it.
package admission

import "time"

// Commit is what admission needs to know of a git commit.
type Commit struct {
	SHA       string
	Parents   []string
	Tree      string // hash of the whole tree
	Author    Person
	Committer Person
	When      time.Time // the committer's
	Message   string
	// Signature is the armored OpenPGP or SSH signature, or empty; Payload is
	// the exact text that was signed.
	Signature string
	Payload   []byte
}

// Person is an author or committer as git records them: unproven text.
type Person struct{ Name, Email string }

// Change is a file that a commit changed against its first parent.
type Change struct {
	Path string
	// Before and After identify the content (blob hash and file mode); empty
	// where the file did not exist.
	Before, After string
}
