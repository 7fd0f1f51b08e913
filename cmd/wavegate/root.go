package main

import (
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

const rootHelp = `Wavegate upgrades fleets of clusters from a git repository.

YAML in git says which version each cohort should run, in which waves, outside
which blackout windows. Wavegate compares it with what runs, moves a rollout on
by one cohort for each approved commit, one replica at a time, and stops
everything when a monitor fires.

Start here:

  wavegate demo                  watch a release go through a fleet, in a minute
  wavegate init my-fleet         make a fleet repository of your own
  wavegate validate my-fleet     check it`

// cli is what all commands share.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	output         string
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	c := &cli{stdin: os.Stdin, stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use: "wavegate", Short: "Upgrades fleets of clusters from a git repository", Long: rootHelp,
		Version: version(), SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetVersionTemplate("wavegate {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddGroup(
		&cobra.Group{ID: "look", Title: "Look:"},
		&cobra.Group{ID: "repo", Title: "Fleet repository:"},
		&cobra.Group{ID: "run", Title: "Run and steer:"},
	)
	root.AddCommand(
		c.demo(), c.run(), c.pause(), c.resume(), c.retry(), c.skip(), c.drill(),
		c.validate(), c.schema(), c.init(),
		c.status(), c.plan(), c.drift(), c.explain(), c.history(), c.audit(), c.verify(), c.journal(),
		&cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp},
	)
	return root
}

// noArgs and the like turn a wrong number of arguments into a usage error.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			if n == 0 {
				return usagef("%s takes no arguments, got %q", cmd.CommandPath(), strings.Join(args, " "))
			}
			return usagef("%s needs %s: %s", cmd.CommandPath(), what, cmd.UseLine())
		}
		return nil
	}
}

func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usagef("%s takes at most %d argument: %s", cmd.CommandPath(), n, cmd.UseLine())
		}
		return nil
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(v, s.Value[:min(12, len(s.Value))]) {
			v += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v + " " + info.GoVersion
}
