package fleet

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxName        = 63
	maxLabelPart   = 63
	maxLabelPrefix = 253
	maxCluster     = 253
)

// checkName applies the rule for names of documents and monitors: a DNS label.
func checkName(s string) error {
	switch {
	case s == "":
		return errors.New("the name is empty")
	case len(s) > maxName:
		return fmt.Errorf("%s has %d characters, but a name has at most %d", quote(s), len(s), maxName)
	}
	err := eachRune(s, func(r rune, edge bool) bool {
		return isLower(r) || isDigit(r) || (r == '-' && !edge)
	})
	if err == nil {
		return nil
	}
	return advise(
		"names have a-z and 0-9, and dashes between them"+lowered(s), "%s: %w", quote(s), err,
	)
}

// lowered proposes what was meant when only capitals, underscores or spaces are
// wrong.
func lowered(s string) string {
	proposal := strings.NewReplacer("_", "-", " ", "-", ".", "-").Replace(strings.ToLower(s))
	if proposal != s && checkName(proposal) == nil {
		return ", as in " + proposal
	}
	return ""
}

// checkLabelKey applies the rule of Kubernetes: a name, or prefix/name.
func checkLabelKey(s string) error {
	name := s
	if before, after, ok := strings.Cut(s, "/"); ok {
		name = after
		if before == "" || len(before) > maxLabelPrefix {
			return fmt.Errorf("%s has before the slash no domain of 1 to %d characters", quote(s), maxLabelPrefix)
		}
		if err := eachRune(before, func(r rune, edge bool) bool {
			return isLower(r) || isDigit(r) || (!edge && (r == '-' || r == '.'))
		}); err != nil {
			return advise("before the slash, label keys have a domain, as in example.com/team", "%s: %w", quote(s), err)
		}
	}
	if name == "" {
		return advise("write a label, as in tier", "%s is no label key", quote(s))
	}
	return checkLabelWord(s, name, "label keys")
}

// checkLabelValue applies the rule of Kubernetes. A value may be empty.
func checkLabelValue(s string) error {
	if s == "" {
		return nil
	}
	return checkLabelWord(s, s, "label values")
}

func checkLabelWord(whole, s, what string) error {
	if len(s) > maxLabelPart {
		return fmt.Errorf("%s has %d characters, but %s have at most %d", quote(whole), len(s), what, maxLabelPart)
	}
	err := eachRune(s, func(r rune, edge bool) bool {
		return isLetter(r) || isDigit(r) || (!edge && (r == '-' || r == '_' || r == '.'))
	})
	if err != nil {
		return advise(what+" have letters and digits, and - _ . between them", "%s: %w", quote(whole), err)
	}
	return nil
}

// checkCluster applies the rule for names of clusters: what Kubernetes allows
// for names and label values, and a namespace before a slash.
func checkCluster(s string) error {
	if s == "" {
		return errors.New("the name of the cluster is empty")
	}
	if len(s) > maxCluster {
		return fmt.Errorf("%s has %d characters, but a cluster's name has at most %d", quote(s), len(s), maxCluster)
	}
	err := eachRune(s, func(r rune, edge bool) bool {
		return isLetter(r) || isDigit(r) || (!edge && (r == '-' || r == '_' || r == '.' || r == '/'))
	})
	if err != nil {
		return advise("clusters are named one by one, with letters and digits, and - _ . / between them", "%s: %w", quote(s), err)
	}
	return nil
}

// eachRune refuses the first character that is not allowed where it stands.
func eachRune(s string, allowed func(r rune, edge bool) bool) error {
	place := 0
	for i, r := range s {
		place++
		edge := i == 0 || i+len(string(r)) == len(s)
		if !allowed(r, edge) {
			if edge && allowed(r, false) {
				return fmt.Errorf("character %d is %s, which may not stand at the beginning or the end", place, describe(r))
			}
			return fmt.Errorf("character %d is %s", place, describe(r))
		}
	}
	return nil
}
