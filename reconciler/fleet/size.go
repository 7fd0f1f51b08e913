package fleet

// Size is a number of clusters, or a share of them in percent. In YAML: 3 or
// "10%". The zero value is the number 0.
type Size struct {
	Count   int
	Percent int // 1..100 when IsPercent
	// IsPercent tells a percentage from a number.
	IsPercent bool
}

// Of returns how many of n clusters s means. A percentage rounds down, but
// never to zero while n is not zero; a number is capped at n.
func (s Size) Of(n int) int {
	if n <= 0 {
		return 0
	}
	if s.IsPercent {
		return min(n, max(1, n*s.Percent/100))
	}
	return min(n, max(0, s.Count))
}
