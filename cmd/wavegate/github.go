package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wavegate-dev/wavegate/internal/github"
)

// githubRepo is a repository at GitHub, as the address that git fetches it from
// names it.
type githubRepo struct{ base, owner, name string }

// parseGitHub reads https://github.com/acme/fleet.git, and the same at an
// Enterprise Server.
func parseGitHub(repo string) (githubRepo, error) {
	u, err := url.Parse(repo)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return githubRepo{}, usagef("--approve github needs a repository at GitHub, as in https://github.com/acme/fleet.git")
	}
	owner, name, ok := strings.Cut(strings.Trim(strings.TrimSuffix(u.Path, ".git"), "/"), "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return githubRepo{}, usagef("--repo %s names no repository at GitHub; write it as in https://github.com/acme/fleet.git", u.Redacted())
	}
	r := githubRepo{owner: owner, name: name}
	if u.Host != "github.com" {
		r.base = u.Scheme + "://" + u.Host
	}
	return r, nil
}

// appFlags name a GitHub App.
type appFlags struct {
	id, installation int64
	keyFile          string
}

func (a *appFlags) add(flags *pflag.FlagSet) {
	flags.Int64Var(&a.id, "github-app-id", 0, "`number` of the GitHub App to act as, instead of a token")
	flags.Int64Var(&a.installation, "github-app-installation", 0, "`number` of the app's installation")
	flags.StringVar(&a.keyFile, "github-app-key-file", "", "`file` with the app's private key; read anew when it changes")
}

func (a *appFlags) given() bool { return a.id != 0 || a.installation != 0 || a.keyFile != "" }

func (a *appFlags) key() ([]byte, error) {
	data, err := os.ReadFile(a.keyFile)
	if err != nil {
		return nil, fmt.Errorf("read key of the GitHub App: %w", err)
	}
	return data, nil
}

// github returns the client for the repository that is watched. It uses the token
// that git fetches with.
func (f *runFlags) github(log *slog.Logger) (*github.Client, error) {
	repo, err := parseGitHub(f.repo)
	if err != nil {
		return nil, err
	}
	cfg := github.Config{BaseURL: repo.base, Owner: repo.owner, Repo: repo.name, Now: time.Now, Log: log}
	switch app := f.app; {
	case app.given() && f.tokenFile != "":
		return nil, usagef("give either --token-file or a GitHub App")
	case app.given():
		cfg.App = &github.App{ID: app.id, InstallationID: app.installation, PrivateKey: app.key}
	case f.tokenFile == "":
		return nil, usagef("--approve github needs --token-file, or a GitHub App: it reads the repository, its pull requests and their reviews")
	default:
		cfg.Token = f.token
	}
	if f.caFile != "" {
		if cfg.CA, err = os.ReadFile(f.caFile); err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
	}
	return github.New(cfg)
}

// githubWebhook makes GitHub's webhooks cause a look at once.
func (w *webhookFlags) githubWebhook(wake func(), log *slog.Logger) (http.Handler, error) {
	return github.NewWebhook(github.WebhookConfig{Secret: w.secret, Poke: wake, Now: time.Now, Log: log})
}
