package report

import (
	"slices"
	"strings"
)

// grid is a table in Markdown. Its cells are Markdown already: who fills them
// has escaped what came from outside.
type grid struct {
	// name is what its rows are, for the line that says what was left out.
	name    string
	columns []string
	// right marks the columns that are aligned to the right.
	right []bool
	rows  [][]string
}

// newGrid makes a table. A column whose title begins with > is aligned to the
// right.
func newGrid(name string, columns ...string) *grid {
	g := &grid{name: name}
	for _, c := range columns {
		title, right := strings.CutPrefix(c, ">")
		g.columns, g.right = append(g.columns, title), append(g.right, right)
	}
	return g
}

func (g *grid) row(cells ...string) { g.rows = append(g.rows, cells) }

// used returns the columns in which any row has something; only they are shown.
func (g *grid) used() []int {
	var out []int
	for i := range g.columns {
		if slices.ContainsFunc(g.rows, func(r []string) bool { return r[i] != "" }) {
			out = append(out, i)
		}
	}
	return out
}

func (g *grid) head() string {
	var names, rule strings.Builder
	for _, i := range g.used() {
		names.WriteString("| " + g.columns[i] + " ")
		if g.right[i] {
			rule.WriteString("| --: ")
			continue
		}
		rule.WriteString("| :-- ")
	}
	return names.String() + "|\n" + rule.String() + "|\n"
}

func (g *grid) lines() []string {
	out, used := make([]string, len(g.rows)), g.used()
	for n, row := range g.rows {
		var b strings.Builder
		for _, i := range used {
			b.WriteString("| " + row[i] + " ")
		}
		out[n] = b.String() + "|"
	}
	return out
}
