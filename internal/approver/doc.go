// Package approver decides without a forge whether a commit may take effect:
// Any lets every commit of the watched branch pass, Signed those that carry a
// signature by a key that the server's own configuration allows.
package approver
