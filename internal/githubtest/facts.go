package githubtest

import (
	"slices"
	"strings"
)

// maxFacts is how many answers of git are kept before all are forgotten.
const maxFacts = 4096

// fact runs git, or repeats what it said when the same was asked before. Only
// answers that can never change are kept: those about objects that are named by
// their ids.
func (g bare) fact(args ...string) (string, error) {
	if !lasting(args) {
		return g.run(nil, nil, args...)
	}
	key := strings.Join(args, "\x00")
	if out, known := g.facts[key]; known {
		return out, nil
	}
	out, err := g.run(nil, nil, args...)
	if err == nil {
		if len(g.facts) >= maxFacts {
			clear(g.facts)
		}
		g.facts[key] = out
	}
	return out, err
}

// lasting says whether a command, its name first, names nothing but objects by
// their ids. What follows "--" are paths. Times count from now unless they are
// written in full, so they are out.
func lasting(args []string) bool {
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	for _, arg := range args[1:end] {
		switch {
		case strings.HasPrefix(arg, "--since"), strings.HasPrefix(arg, "--until"):
			return false
		case strings.HasPrefix(arg, "-"), isID(strings.TrimPrefix(arg, "^")):
		default:
			return false
		}
	}
	return true
}
