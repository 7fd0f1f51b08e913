package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// mutation is one seeded bug.
type mutation struct {
	name string
	// law is the one of the safety laws that is expected to be broken.
	law int
	// why a person could make this mistake.
	why string
	// open says why the simulation does not catch it yet: a known hole, which only
	// -open tries again.
	open string
	// file, old and new are the change: old is found exactly once in file.
	file, old, new string
	// more are further changes, of a mistake that is made in several places.
	more []edit
	// made are the changed files of a mutation that is made by rule.
	made map[string][]byte
}

// edit replaces a text in a file of the repository.
type edit struct{ file, old, new string }

func (m *mutation) edits() []edit {
	return append([]edit{{m.file, m.old, m.new}}, m.more...)
}

// apply returns the changed files by their path in the repository. It fails when
// an old text is not found exactly once: the catalogue is stale.
func (m *mutation) apply(root fs.FS) (map[string][]byte, error) {
	if m.made != nil {
		return m.made, nil
	}
	changed := map[string][]byte{}
	for _, e := range m.edits() {
		data, ok := changed[e.file]
		if !ok {
			var err error
			if data, err = fs.ReadFile(root, e.file); err != nil {
				return nil, fmt.Errorf("apply mutation %s: the catalogue is stale: %w", m.name, err)
			}
		}
		text := string(data)
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("apply mutation %s: the catalogue is stale: its old text is found %d times in %s, not once; "+
				"make the bug anew in the code as it is now", m.name, n, e.file)
		}
		changed[e.file] = []byte(strings.Replace(text, e.old, e.new, 1))
	}
	return changed, nil
}

// catalogue returns all mutations, by topic.
func catalogue() []mutation {
	return slices.Concat(
		admissionBugs(), orderBugs(), limitBugs(), gateBugs(), windowBugs(), healthBugs(),
		waveBugs(), soakBugs(), ratchetBugs(), pauseBugs(), budgetBugs(), handBugs(), recoveryBugs(), ledgerBugs(), loopBugs(),
	)
}
