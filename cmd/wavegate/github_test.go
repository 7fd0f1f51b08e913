package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/internal/githubtest"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

const githubFleet = `apiVersion: wavegate.dev/v1alpha1
kind: Fleet
metadata: {name: acme}
spec:
  order: [canary]
  approvals: {required: 1}
---
apiVersion: wavegate.dev/v1alpha1
kind: Product
metadata: {name: kafka}
spec: {image: registry.example.com/kafka, workload: {kind: StatefulSet}}
---
apiVersion: wavegate.dev/v1alpha1
kind: Cohort
metadata: {name: canary}
spec:
  selector: {matchLabels: {tier: canary}}
  versions: {kafka: 7.6.0}
`

// TestOnlyApprovedPullRequestsOfGitHubTakeEffect runs the real binary against a
// GitHub-compatible server over a real git repository.
func TestOnlyApprovedPullRequestsOfGitHubTakeEffect(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine")
	}
	dir := t.TempDir()
	srv, err := githubtest.Start(githubtest.Config{
		Dir: filepath.Join(dir, "github"), Now: time.Now, OnViolation: func(err error) { t.Error(err) },
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	t.Cleanup(func() { _ = srv.Close() })
	const repo = "acme/fleet"
	must(srv.AddRepo(repo, githubtest.Files{"fleet.yaml": githubFleet}))
	for login, p := range map[string]githubtest.Permission{"ada": githubtest.Write, "grace": githubtest.Write, "wavegate": githubtest.Write} {
		srv.AddUser(login)
		must(srv.Grant(repo, login, p))
	}
	token := srv.Token("wavegate")
	tokenFile := filepath.Join(dir, "token")
	must(os.WriteFile(tokenFile, []byte(token+"\n"), 0o600))
	bin, state := filepath.Join(dir, "wavegate"), filepath.Join(dir, "state")
	run(t, ".", "go", "build", "-o", bin, ".")
	cycle := func() report.Status {
		t.Helper()
		run(t, dir, bin, "run", "--once", "--state", state, "--repo", srv.URL+"/"+repo+".git", "--token-file", tokenFile,
			"--approve", "github", "--embedded-fleet", "--clusters", "12")
		out, err := exec.Command(bin, "status", "-o", "json", "--state", state).Output()
		must(err)
		var s report.Status
		must(json.Unmarshal(out, &s))
		return s
	}
	// pull opens a pull request that moves the canaries to a version.
	pull := func(version string) int {
		t.Helper()
		branch := "kafka-" + version
		_, err := srv.As("ada").Push(repo, branch, githubtest.Change{
			Write:   githubtest.Files{"fleet.yaml": strings.Replace(githubFleet, "kafka: 7.6.0", "kafka: "+version, 1)},
			Message: "kafka " + version,
		})
		must(err)
		n, err := srv.As("ada").OpenPull(repo, branch, "main", "kafka "+version, "")
		must(err)
		return n
	}

	first := cycle()
	approved := pull("7.6.1")
	_, err = srv.As("grace").Approve(repo, approved)
	must(err)
	merged, err := srv.As("ada").Merge(repo, approved, githubtest.Squash)
	must(err)
	s := cycle()
	if s.Commit != merged || s.Frozen != nil {
		t.Fatalf("after an approved merge of %s, in force is %q (at first %q), frozen %+v", merged, s.Commit, first.Commit, s.Frozen)
	}
	unapproved := pull("7.6.2")
	if _, err := srv.As("ada").Merge(repo, unapproved, githubtest.Squash); err != nil {
		t.Fatal(err)
	}
	s = cycle()
	if s.Commit != merged || s.Frozen == nil || !strings.Contains(s.Frozen.Reason, "approv") {
		t.Fatalf("after an unapproved merge, in force is %q, frozen %+v", s.Commit, s.Frozen)
	}
	_, err = srv.As("grace").Approve(repo, unapproved)
	must(err)
	if s = cycle(); s.Commit == merged || s.Frozen != nil {
		t.Fatalf("after it was approved, in force is %q, frozen %+v", s.Commit, s.Frozen)
	}
	srv.Break(githubtest.Fault{Effect: githubtest.Status(502)})
	if again := cycle(); again.Commit != s.Commit {
		t.Errorf("while GitHub is down, in force is %q; want %q", again.Commit, s.Commit)
	}
}
