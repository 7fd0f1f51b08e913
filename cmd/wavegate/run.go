package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/internal/approver"
	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/github/console"
	"github.com/wavegate-dev/wavegate/internal/sqlite"
	"github.com/wavegate-dev/wavegate/internal/web"
	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const runHelp = `Runs the reconciler: it polls git, observes the fleet, decides, and carries out
what is decided, until it is stopped. It may be killed at any moment: it goes on
where it was.

Which commits take effect:

  --approve github   commits that a merged pull request brought, with the approvals
                     that the fleet's policy asks for
  --approve signed   commits signed by a key of --allowed-signers or
                     --allowed-keys
  --approve any      every commit of the branch (for trying out)

With which commit it begins on a repository that has a history: with the head, when
an approved pull request brought it; or with the one that you name:

  --first-commit SHA      needs no approval, and nothing moves by it: what differs
                          then is drift. All commits after it are judged.

It matters only while the state folder knows of no commit. Keep it: should the state
be lost, the commits after it are judged anew, and the verdicts are the same.

Where the clusters run:

  --kubeconfig FILE       contexts of a kubeconfig (--context, or the current one)
  --in-cluster NAME       the Kubernetes cluster that this process runs in
  --data-plane-secrets NS Secrets of a namespace, with a kubeconfig in each or as
                          Argo CD keeps its clusters; they may come and go
  --embedded-fleet        a model of clusters, for trying out

Who tells that something is wrong: --prometheus and --alertmanager, and Datadog by
its two key files. A monitor that nobody answers for is unknown, and blocks.

The embedded fleet is a model of clusters that lives in the state folder. It
behaves like real ones and is there to try Wavegate with.

Other command lines (status, explain, drift, plan, pause, ...) talk to it through
the state folder.

` + brakeHelp

// runFlags are the flags of `wavegate run`.
type runFlags struct {
	state, repo, branch, path    string
	tokenFile, caFile            string
	sshKey, knownHosts           string
	allowFile, allowHTTP         bool
	approve, firstCommit         string
	allowedSigners               string
	allowedKeys                  []string
	embedded                     bool
	clusters                     int
	seed                         uint64
	app                          appFlags
	promotions, autoMerge        bool
	slack                        slackFlags
	kube                         kubeFlags
	monitors                     monitorFlags
	webhooks                     webhookFlags
	metrics                      metricsFlags
	restart, interval, retention time.Duration
	once, dryRun, verbose        bool
}

func (c *cli) run() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run", Short: "Run the reconciler as a service", Long: runHelp, GroupID: "run", Args: exactly(0, ""),
		Example: `  wavegate run --repo https://git.example.com/acme/fleet.git --token-file /run/secrets/git \
      --approve github --kubeconfig ~/.kube/config --context eu-1 --context us-1
  wavegate run --repo /srv/fleet.git --allow-file --approve any --embedded-fleet`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), &f) },
	}
	flags := cmd.Flags()
	stateFlag(cmd, &f.state)
	flags.StringVar(&f.repo, "repo", os.Getenv("WAVEGATE_REPO"), "fleet repository: https://, ssh:// or git@host:path; $WAVEGATE_REPO")
	flags.StringVar(&f.branch, "branch", "main", "watched branch")
	flags.StringVar(&f.path, "path", ".", "folder of the fleet in the repository")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the HTTPS token; read at each fetch, so that it can be rotated")
	flags.StringVar(&f.caFile, "ca-file", "", "file with CA certificates that are trusted besides the system's")
	flags.StringVar(&f.sshKey, "ssh-key", "", "private key for SSH")
	flags.StringVar(&f.knownHosts, "known-hosts", "", "known_hosts file for SSH; hosts are always checked")
	flags.BoolVar(&f.allowFile, "allow-file", false, "allow a repository on this machine's disk")
	flags.BoolVar(&f.allowHTTP, "allow-http", false, "allow unencrypted http to other machines")
	flags.StringVar(&f.approve, "approve", "", "which commits take effect: github, signed or any")
	flags.StringVar(&f.firstCommit, "first-commit", "", "full `SHA` of the commit to begin with; needs no approval, and nothing moves by it")
	flags.StringVar(&f.allowedSigners, "allowed-signers", "", "OpenSSH allowed_signers file")
	flags.StringSliceVar(&f.allowedKeys, "allowed-keys", nil, "files with armored OpenPGP public keys")
	flags.BoolVar(&f.embedded, "embedded-fleet", false, "run against the embedded fleet in the state folder")
	f.app.add(flags)
	flags.BoolVar(&f.promotions, "promotions", true, "open the pull request that moves the next cohort, when one has finished and soaked (with --approve github)")
	flags.BoolVar(&f.autoMerge, "promotions-auto-merge", false, "let GitHub merge these pull requests when the rules of the branch are met, reviews among them")
	f.slack.add(flags)
	f.kube.add(flags)
	f.monitors.add(flags)
	f.webhooks.add(flags)
	f.metrics.add(flags)
	flags.IntVar(&f.clusters, "clusters", 240, "how many clusters a new embedded fleet has")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of a new embedded fleet")
	flags.DurationVar(&f.restart, "restart", 0, "how long a replica of a new embedded fleet restarts; realistic without it")
	flags.DurationVar(&f.interval, "interval", 15*time.Second, "time between two cycles")
	flags.DurationVar(&f.retention, "retention", 400*24*time.Hour, "how long the journal is kept")
	flags.BoolVar(&f.once, "once", false, "run one cycle and exit")
	flags.BoolVar(&f.dryRun, "dry-run", false, "decide and report, but touch and record nothing")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log each event")
	return cmd
}

func (c *cli) serve(ctx context.Context, f *runFlags) error {
	log := slog.New(slog.NewTextHandler(c.stderr, nil))
	dir := stateDir(f.state)
	if err := f.check(); err != nil {
		return err
	}
	var running atomic.Pointer[reconciler.Reconciler]
	tell := func(what func(*reconciler.Reconciler)) func() {
		return func() {
			if r := running.Load(); r != nil {
				what(r)
			}
		}
	}
	hand, err := dir.brake()
	if err != nil {
		return err
	}
	watchBrake(ctx, hand, tell((*reconciler.Reconciler).Hurry), log)
	approve, client, err := f.approver(log)
	if err != nil {
		return err
	}
	source, err := f.source(ctx, dir, client, log)
	if err != nil {
		return err
	}
	if err := dir.create(); err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: dir.ledger(), Access: sqlite.Own, Log: log})
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	defer func() { _ = store.Close() }()
	place, err := f.place(ctx, dir, tell((*reconciler.Reconciler).Look), tell((*reconciler.Reconciler).Alert), log)
	if err != nil {
		return err
	}
	defer place.close()
	counted := measure(running.Load, f.interval)
	reporters := []reconciler.Reporter{&logReporter{log: log, verbose: f.verbose}, counted}
	var pulls *console.Console
	if client != nil && !f.dryRun {
		if pulls, err = f.console(client, approve, source, store, running.Load, log); err != nil {
			return err
		}
		reporters = append(reporters, pulls)
	}
	channel, err := f.slack.open(ctx, client, f.repo, log)
	if err != nil {
		return err
	}
	if channel != nil && !f.dryRun {
		reporters = append(reporters, channel)
	}
	r, err := reconciler.New(reconciler.Config{
		Source: source, Loader: fleet.NewLoader(fleet.LoaderConfig{}), Approver: approve,
		DataPlanes: place.planes, Monitors: place.monitors, Metrics: place.monitors, Ledger: counted.Ledger(store),
		Reporters: reporters, Brake: hand, FirstCommit: f.firstCommit, Now: time.Now, Interval: f.interval, DryRun: f.dryRun, Log: log,
	})
	if err != nil {
		return err
	}
	running.Store(r)
	if client != nil {
		wake := func() {
			r.Wake()
			if pulls != nil {
				pulls.Wake()
			}
		}
		if place.hooks["/github"], err = f.webhooks.githubWebhook(wake, log); err != nil {
			return err
		}
	}
	if err := f.webhooks.serve(ctx, place.hooks, log); err != nil {
		return err
	}
	if err := dir.writeService(serviceFile{Repo: f.repo, Branch: f.branch, Path: f.path, Seed: f.seed, Restart: f.restart}); err != nil {
		return err
	}
	if f.once {
		_, err := r.RunOnce(ctx)
		return err
	}
	health := web.Health{Pulse: r, Started: time.Now(), Now: time.Now, MaxAge: 10 * f.interval}
	if err := f.metrics.serve(ctx, counted, health, log); err != nil {
		return err
	}
	site := web.Config{Viewer: r, Hurry: r.Hurry, Socket: dir.socket(), Now: time.Now, MaxAge: health.MaxAge}
	if pulls != nil {
		site.PostDrift = pulls.PostDrift
	}
	server, err := web.Listen(site)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close(context.WithoutCancel(ctx)) }()
	log.Info("running", "repo", f.repo, "branch", f.branch, "state", f.state, "fleet", place.name)
	if pulls != nil {
		go pulls.Run(ctx)
	}
	if channel != nil {
		go channel.Run(ctx)
	}
	go retain(ctx, store, f.retention, log)
	return r.Run(ctx)
}

// place is where the clusters run, and who watches them.
type place struct {
	name     string
	planes   func() []reconciler.DataPlane
	monitors watcher
	hooks    map[string]http.Handler
	close    func()
}

// watcher tells where alerts fire, and measures.
type watcher interface {
	reconciler.Monitors
	reconciler.Metrics
}

func (f *runFlags) place(ctx context.Context, dir stateDir, look, alert func(), log *slog.Logger) (*place, error) {
	if f.embedded {
		embedded, err := openEmbedded(dir, f.clusters, f.seed, f.restart)
		if err != nil {
			return nil, err
		}
		return &place{
			name: "embedded", planes: reconciler.These(embedded.DataPlanes()...), monitors: embedded,
			hooks: map[string]http.Handler{}, close: func() { _ = embedded.Close() },
		}, nil
	}
	planes, err := f.kube.open(ctx, look, log)
	if err != nil {
		return nil, err
	}
	watch, err := f.monitors.open(alert, log)
	var hooks map[string]http.Handler
	if err == nil {
		hooks, err = f.webhooks.ofMonitors(watch, log)
	}
	if err != nil {
		planes.Close()
		return nil, err
	}
	watch.run(ctx, log)
	return &place{name: f.kube.String(), planes: planes.List, monitors: watch, hooks: hooks, close: planes.Close}, nil
}

// fullSHA is a commit's whole name. A short one could come to mean another commit.
var fullSHA = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// check finds what makes no sense together before anything is opened.
func (f *runFlags) check() error {
	switch {
	case f.repo == "":
		return usagef("--repo is missing: which fleet repository?")
	case !f.embedded && !f.kube.given():
		return usagef("no data plane: say --kubeconfig, --in-cluster, --data-plane-secrets or --embedded-fleet")
	case f.embedded && f.kube.given():
		return usagef("--embedded-fleet is a model and does not go together with real data planes")
	case f.approve != "any" && f.approve != "signed" && f.approve != "github":
		return usagef("--approve is missing: github (approved pull requests), signed, or any (every commit of the branch takes effect)")
	case f.firstCommit != "" && !fullSHA.MatchString(f.firstCommit):
		return usagef("--first-commit %s is no full commit name; `git rev-parse %s` prints it", f.firstCommit, f.firstCommit)
	case f.webhooks.listen != "" && f.webhooks.secretFile == "":
		return usagef("--webhook-listen needs --webhook-secret-file: whoever knows the secret may ask for a look")
	case f.approve == "signed" && f.allowedSigners == "" && len(f.allowedKeys) == 0:
		return usagef("--approve signed needs --allowed-signers or --allowed-keys")
	default:
		return nil
	}
}

func (f *runFlags) source(ctx context.Context, dir stateDir, client *github.Client, log *slog.Logger) (*gitsource.Source, error) {
	cfg := gitsource.Config{
		URL: f.repo, Branch: f.branch, Path: f.path, Dir: dir.git(), SSHKey: f.sshKey, KnownHosts: f.knownHosts,
		AllowFile: f.allowFile, AllowHTTP: f.allowHTTP, Notice: func(text string) { log.Warn("git", "notice", text) },
	}
	switch {
	case f.tokenFile != "":
		cfg.Token = f.token
	case client != nil:
		cfg.Token = func() (string, error) { return client.GitToken(ctx) }
	}
	if f.caFile != "" {
		bundle, err := os.ReadFile(f.caFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		cfg.CABundle = bundle
	}
	return gitsource.New(cfg)
}

// token reads the token that git and GitHub's API are asked with.
func (f *runFlags) token() (string, error) {
	return readSecret("token file", f.tokenFile)
}

// approver returns who proves commits, and the client for GitHub when it is
// GitHub.
func (f *runFlags) approver(log *slog.Logger) (reconciler.Approver, *github.Client, error) {
	switch f.approve {
	case "any":
		return approver.Any{}, nil, nil
	case "github":
		client, err := f.github(log)
		if err != nil {
			return nil, nil, err
		}
		a, err := github.NewApprover(github.ApproverConfig{Client: client, Branch: f.branch})
		return a, client, err
	}
	a, err := approver.NewSigned(approver.SignedConfig{AllowedSigners: f.allowedSigners, AllowedKeys: f.allowedKeys, Now: time.Now})
	return a, nil, err
}

// retain deletes old history once a day.
func retain(ctx context.Context, store *sqlite.Store, keep time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(24 * time.Hour)
	defer ticker.Stop()
	for {
		if _, err := store.Retention(ctx, keep, time.Now()); err != nil && !errors.Is(err, context.Canceled) {
			log.Error("delete old history failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
