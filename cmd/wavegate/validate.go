package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

func (c *cli) validate() *cobra.Command {
	var live bool
	var sources monitorFlags
	cmd := &cobra.Command{
		Use: "validate [DIR]", Short: "Check a fleet repository", GroupID: "repo",
		Long: `Checks a fleet repository: every file, and how they fit together. Each problem
has its file, line and column, what is wrong and what was probably meant.

With --live it also asks Datadog, Prometheus and Alertmanager about every monitor
and metric that the repository names, and reports what would block a rollout: a
monitor that does not exist, is muted or silenced or has no data, and a metric that
gives nothing. Say whom to ask with the same flags as in wavegate run.

Meant for the CI of your fleet repository. Exits with 3 when there are problems.`,
		Example: `  wavegate validate
  wavegate validate ./fleet -o json
  wavegate validate --live --prometheus https://prometheus.eu-1.example.com`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case live && !sources.given():
				return usagef("--live needs somebody to ask: --prometheus, or --datadog-api-key-file and --datadog-app-key-file")
			case !live && sources.given():
				return usagef("nobody is asked without --live")
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			info, err := os.Stat(dir)
			if err != nil {
				return fmt.Errorf("open fleet repository: %w", err)
			}
			if !info.IsDir() {
				return usagef("%s is a file: name the folder of the fleet repository", dir)
			}
			spec, problems := fleet.Load(os.DirFS(dir))
			v := newValidation(spec, problems)
			if live && len(problems) == 0 {
				if v.Live, err = c.live(cmd.Context(), &sources, spec); err != nil {
					return err
				}
			}
			if err := c.print(v); err != nil {
				return err
			}
			if len(problems)+len(v.Live) > 0 {
				return errFound
			}
			return nil
		},
	}
	c.outputFlag(cmd)
	cmd.Flags().BoolVar(&live, "live", false, "ask the monitors and metrics themselves")
	sources.add(cmd.Flags())
	return cmd
}

// validation is what validate found.
type validation struct {
	Valid    bool            `json:"valid"`
	Problems []fleet.Problem `json:"problems"`
	// Live is what would block a rollout although the files are valid.
	Live     []fleet.Problem `json:"live,omitempty"`
	Fleet    string          `json:"fleet,omitempty"`
	Products int             `json:"products"`
	Cohorts  int             `json:"cohorts"`
	Windows  int             `json:"windows"`
	Pins     int             `json:"pins"`
}

func newValidation(spec *fleet.Spec, problems fleet.Problems) *validation {
	v := &validation{Valid: len(problems) == 0, Problems: append([]fleet.Problem{}, problems...)}
	if spec != nil {
		v.Fleet = spec.Fleet.Name
		v.Products, v.Cohorts, v.Windows, v.Pins = len(spec.Products), len(spec.Cohorts), len(spec.Windows), len(spec.Pins)
	}
	return v
}

// Text renders problems as compilers do.
func (v *validation) Text(p report.Paint) string {
	var b strings.Builder
	as := func(r report.Role, s string) string {
		if p == nil {
			return s
		}
		return p(r, s)
	}
	for _, problem := range slices.Concat(v.Problems, v.Live) {
		if problem.File != "" {
			b.WriteString(as(report.Strong, problem.Position.String()) + ": ")
		}
		b.WriteString(report.Clean(problem.Message))
		if problem.Hint != "" {
			b.WriteString("\n    " + as(report.Dim, report.Clean(problem.Hint)))
		}
		b.WriteByte('\n')
	}
	if v.Valid && len(v.Live) == 0 {
		fmt.Fprintf(&b, "%s  fleet %s: %d products, %d cohorts, %d windows, %d pins\n",
			as(report.Good, "valid"), v.Fleet, v.Products, v.Cohorts, v.Windows, v.Pins)
		return b.String()
	}
	count := len(v.Problems) + len(v.Live)
	noun := "problems"
	if count == 1 {
		noun = "problem"
	}
	if v.Valid {
		noun += " that would block a rollout; the files are valid"
	}
	fmt.Fprintf(&b, "\n%s\n", as(report.Bad, fmt.Sprintf("%d %s", count, noun)))
	return b.String()
}

func (c *cli) schema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a fleet repository", GroupID: "repo",
		Long: `Prints the JSON Schema of the documents of a fleet repository, for editors.

  wavegate schema > .wavegate/schema.json

and as the first line of each file:

  # yaml-language-server: $schema=../.wavegate/schema.json`,
		Args: exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			schema, err := fleet.Schema()
			if err != nil {
				return err
			}
			return c.say("%s\n", strings.TrimSpace(string(schema)))
		},
	}
}
