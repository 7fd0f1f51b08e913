package fleet

import (
	"slices"
	"strings"
)

// maxSuggestLength bounds what is compared letter by letter.
const maxSuggestLength = 64

// suggest returns the word that was probably meant, or "".
func suggest(word string, known []string) string {
	if word == "" || len(word) > maxSuggestLength {
		return ""
	}
	best, bestDistance := "", len(word)/3+2
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance && d < len(k) {
			best, bestDistance = k, d
		}
	}
	return best
}

// didYouMean renders a suggestion as a hint, and else lists what is known.
func didYouMean(word string, known []string) string {
	if s := suggest(word, known); s != "" {
		return "did you mean " + s + "?"
	}
	const most = 12
	switch {
	case len(known) == 0:
		return "there are none"
	case len(known) > most:
		return "known are " + strings.Join(known[:most], ", ") + " and others"
	case len(known) == 1:
		return "known is " + known[0]
	default:
		return "known are " + strings.Join(known, ", ")
	}
}

// editDistance counts the letters to insert, to delete, to replace or to swap
// with their neighbour.
func editDistance(a, b string) int {
	if len(b) > maxSuggestLength {
		return len(b)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
