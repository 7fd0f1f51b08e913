package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/internal/slack"
)

// slackFlags say which channel is told.
type slackFlags struct{ tokenFile, channel string }

func (s *slackFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&s.tokenFile, "slack-token-file", "", "`file` with the token of a Slack bot; read at each call")
	flags.StringVar(&s.channel, "slack-channel", "", "`ID` of the Slack channel that is told what starts, ends, pauses and goes on")
}

// open returns the reporter, or nil when no channel is to be told. client may be
// nil; with it messages lead to pull requests.
func (s *slackFlags) open(ctx context.Context, client *github.Client, repo string, log *slog.Logger) (*slack.Reporter, error) {
	switch {
	case s.tokenFile == "" && s.channel == "":
		return nil, nil
	case s.tokenFile == "" || s.channel == "":
		return nil, usagef("Slack needs both --slack-token-file and --slack-channel")
	}
	cfg := slack.Config{Channel: s.channel, Now: time.Now, Log: log, Token: func() (string, error) {
		return readSecret("Slack token", s.tokenFile)
	}}
	if client != nil {
		cfg.Link = func(commit string) string {
			pulls, err := client.PullsWith(ctx, commit)
			if err != nil || len(pulls) == 0 {
				return ""
			}
			return strings.TrimSuffix(repo, ".git") + fmt.Sprintf("/pull/%d", pulls[0].Number)
		}
	}
	return slack.New(cfg)
}
