package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
	"sigs.k8s.io/yaml"

	"github.com/wavegate-dev/wavegate/reconciler/report"
)

// texter is a report that can render itself for a terminal.
type texter interface{ Text(report.Paint) string }

// outputFlag adds -o to a command. more are forms that the command prints itself.
func (c *cli) outputFlag(cmd *cobra.Command, more ...string) {
	forms := append([]string{"table", "json", "yaml"}, more...)
	list := strings.Join(forms[:len(forms)-1], ", ") + " or " + forms[len(forms)-1]
	cmd.Flags().StringVarP(&c.output, "output", "o", "table", "how to print it: "+list)
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// print writes a report in the form that -o asks for.
func (c *cli) print(r texter) error {
	switch c.output {
	case "", "table":
		_, err := io.WriteString(c.stdout, r.Text(paintFor(c.stdout)))
		return err
	case "json":
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		_, err = fmt.Fprintf(c.stdout, "%s\n", data)
		return err
	case "yaml":
		data, err := yaml.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		_, err = c.stdout.Write(data)
		return err
	default:
		return usagef("-o %s: choose table, json or yaml", c.output)
	}
}

// paintFor returns colours for a terminal, and none for anything else or when
// NO_COLOR is set.
func paintFor(w io.Writer) report.Paint {
	if !isTerminal(w) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return paint
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// paint colours text with the terminal's own palette, so that it fits light and
// dark backgrounds.
func paint(r report.Role, s string) string {
	style := lipgloss.NewStyle()
	switch r {
	case report.Good:
		style = style.Foreground(lipgloss.Green)
	case report.Busy:
		style = style.Foreground(lipgloss.Cyan)
	case report.Warn:
		style = style.Foreground(lipgloss.Yellow)
	case report.Bad:
		style = style.Foreground(lipgloss.Red).Bold(true)
	case report.Dim:
		style = style.Foreground(lipgloss.BrightBlack)
	case report.Strong:
		style = style.Bold(true)
	case report.Plain:
		return s
	}
	return style.Render(s)
}
