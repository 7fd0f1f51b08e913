package main

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wavegate-dev/wavegate/cmd/wavegate/demo"
	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler"
)

func (c *cli) demo() *cobra.Command {
	cfg := demo.Config{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Watch a release go through a fleet, in about a minute", GroupID: "run",
		Long: `Tells the story of a release on a modelled fleet of 240 clusters in three clouds:
the real reconciler, pull requests on a GitHub-compatible server over a real git
repository, and a clock that runs fast.

Ada opens a pull request that moves the canaries to a new version. Wavegate answers
with the plan; Grace approves, Ada merges, and the comment turns into the rollout's
living status. Wavegate proposes each next cohort by itself, from the canaries to
production, in waves that soak. A cluster fails and is retried by a comment, a
blackout holds a region back, a bad version is halted and resumed, and somebody
changes a cluster by hand. It ends with the drift report and a list of the pull
requests.

The pull requests can be looked at in a browser while it runs, and with
--keep-running also when the story is over: the screen shows the address. It needs
git, 2.38 or newer. Nothing outside of a temporary folder is touched, and nothing
but this machine is spoken with.`,
		Example: `  wavegate demo
  wavegate demo --keep-running --listen 127.0.0.1:8080
  wavegate demo --speed 0 | less`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cfg.Speed < 0 {
				return usagef("--speed %g: it is at least 0", cfg.Speed)
			}
			if cfg.Clusters < demo.MinClusters {
				return usagef("--clusters %d: the story needs at least %d", cfg.Clusters, demo.MinClusters)
			}
			cfg.Out, cfg.Live, cfg.Paint = c.stdout, isTerminal(c.stdout), paintFor(c.stdout)
			cfg.Size = func() (int, int) {
				if f, ok := c.stdout.(*os.File); ok {
					if w, h, err := term.GetSize(int(f.Fd())); err == nil {
						return w, h
					}
				}
				return 100, 30
			}
			cfg.Preview = func(client *github.Client, source *gitsource.Source, running func() *reconciler.Reconciler) demo.Preview {
				return previewer{client: client, source: source, running: running}.preview
			}
			return demo.Run(cmd.Context(), cfg)
		},
	}
	cmd.Flags().Float64Var(&cfg.Speed, "speed", 1, "how fast: 2 is twice as fast, 0 as fast as the machine can")
	cmd.Flags().Uint64Var(&cfg.Seed, "seed", 1, "the same seed tells the same story")
	cmd.Flags().IntVar(&cfg.Clusters, "clusters", 240, "how many clusters the fleet has")
	cmd.Flags().BoolVar(&cfg.Keep, "keep-running", false, "go on after the story until Ctrl-C")
	cmd.Flags().StringVar(&cfg.Dir, "dir", "", "keep repository and ledger in this new folder; a temporary one without it")
	cmd.Flags().StringVar(&cfg.Listen, "listen", "", "`host:port` of the pages with the pull requests; a free port of this machine without it")
	return cmd
}
