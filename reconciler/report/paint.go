package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Role is what a piece of text means to the eye.
type Role uint8

// The roles.
const (
	Plain  Role = iota
	Good        // done, quiet
	Busy        // under way
	Warn        // waits, differs
	Bad         // failed, paused
	Dim         // beside the point
	Strong      // headings and names
)

// Paint colours a piece of text for the terminal. A nil Paint leaves it as it
// is.
type Paint func(Role, string) string

// as paints one piece of text, made safe for the terminal first: names, versions
// and marks come from clusters, and reasons from anywhere.
func (p Paint) as(r Role, s string) string {
	s = clean(s)
	if p == nil || r == Plain || s == "" {
		return s
	}
	return p(r, s)
}

// cell is a piece of text in a table.
type cell struct {
	text string
	role Role
}

// table aligns cells in columns, two spaces apart.
type table struct {
	rows   [][]cell
	indent string
	// right marks the columns that are aligned to the right.
	right map[int]bool
}

// row appends a row; its texts are made safe for the terminal.
func (t *table) row(cells ...cell) {
	for i := range cells {
		cells[i].text = clean(cells[i].text)
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(b *strings.Builder, p Paint) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		line.WriteString(t.indent)
		for i, c := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			if t.right[i] {
				line.WriteString(pad + p.as(c.role, c.text))
				continue
			}
			line.WriteString(p.as(c.role, c.text))
			if i < len(row)-1 {
				line.WriteString(pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
}

// bar draws a share as a row of blocks: done, under way, failed, the rest.
func bar(width, done, running, failed, total int, p Paint) string {
	if total <= 0 {
		return p.as(Dim, strings.Repeat("·", width))
	}
	cells := func(n int) int {
		w := n * width / total
		if w == 0 && n > 0 {
			w = 1
		}
		return w
	}
	d, r, f := cells(done), cells(running), cells(failed)
	if done < total && d == width {
		d--
	}
	for d+r+f > width {
		switch {
		case d >= r && d >= f:
			d--
		case r >= f:
			r--
		default:
			f--
		}
	}
	return p.as(Good, strings.Repeat("█", d)) + p.as(Busy, strings.Repeat("▒", r)) +
		p.as(Bad, strings.Repeat("▓", f)) + p.as(Dim, strings.Repeat("·", width-d-r-f))
}

// Clean makes text that came from outside safe for a terminal, see clean.
func Clean(s string) string { return clean(s) }

// clean makes text that came from outside safe for one line of a terminal:
// control characters, among them escape sequences, and those that reorder or hide
// text become visible.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
