package report

import "strings"

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

// used reports whether any row has something in a column.
func (g *grid) used(column int) bool {
	for _, r := range g.rows {
		if r[column] != "" {
			return true
		}
	}
	return false
}

func (g *grid) head() string {
	var names, rule strings.Builder
	for i, c := range g.columns {
		if !g.used(i) {
			continue
		}
		names.WriteString("| " + c + " ")
		if g.right[i] {
			rule.WriteString("| --: ")
			continue
		}
		rule.WriteString("| :-- ")
	}
	return names.String() + "|\n" + rule.String() + "|\n"
}

// lines are the rows. Columns that are empty everywhere are not shown.
func (g *grid) lines() []string {
	out := make([]string, len(g.rows))
	for n, row := range g.rows {
		var b strings.Builder
		for i, c := range row {
			if g.used(i) {
				b.WriteString("| " + c + " ")
			}
		}
		out[n] = b.String() + "|"
	}
	return out
}
