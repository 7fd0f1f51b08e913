package gitsource_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/reconciler"
)

// remoteRepo is a real bare repository, served by real git over HTTP.
type remoteRepo struct {
	t          *testing.T
	bare, work string
	url        string
	token      string
	down       atomic.Bool
	handler    atomic.Pointer[http.HandlerFunc] // stands in for git when set
	bytes      atomic.Int64
}

func newRemoteRepo(t *testing.T) *remoteRepo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine; gitsource is tested against the real one")
	}
	dir := t.TempDir()
	r := &remoteRepo{t: t, bare: filepath.Join(dir, "fleet.git"), work: filepath.Join(dir, "work")}
	r.git(dir, "init", "-q", "--bare", "-b", "main", r.bare)
	r.git(dir, "init", "-q", "-b", "main", r.work)
	r.git(r.bare, "config", "uploadpack.allowAnySHA1InWant", "false")
	path := strings.TrimSpace(r.git(dir, "--exec-path"))
	backend := &cgi.Handler{
		Path: filepath.Join(path, "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=" + os.DevNull},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, password, _ := req.BasicAuth()
		switch h := r.handler.Load(); {
		case r.down.Load():
			http.Error(w, "down", http.StatusServiceUnavailable)
		case r.token != "" && password != r.token:
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "no", http.StatusUnauthorized)
		case h != nil:
			(*h)(w, req)
		default:
			backend.ServeHTTP(&countingWriter{w, &r.bytes}, req)
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/fleet.git"
	return r
}

type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.n.Add(int64(len(p)))
	return w.ResponseWriter.Write(p)
}

func (r *remoteRepo) git(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// commit writes files (name, content, ...), pushes, and returns the commit.
func (r *remoteRepo) commit(message string, files ...string) string {
	r.t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(r.work, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git(r.work, "add", "-A")
	r.git(r.work, "commit", "-q", "--allow-empty", "-m", message)
	r.git(r.work, "push", "-q", "--force", r.bare, "HEAD:main")
	return strings.TrimSpace(r.git(r.work, "rev-parse", "HEAD"))
}

func (r *remoteRepo) source(change func(*gitsource.Config)) *gitsource.Source {
	r.t.Helper()
	cfg := gitsource.Config{URL: r.url}
	if change != nil {
		change(&cfg)
	}
	s, err := gitsource.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func mustFetch(t *testing.T, s *gitsource.Source) string {
	t.Helper()
	head, err := s.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func read(t *testing.T, s *gitsource.Source, commit, name string) string {
	t.Helper()
	tree, err := s.Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// eachStore runs a story with the cache in memory and on disk.
func eachStore(t *testing.T, story func(t *testing.T, dir string)) {
	t.Run("in memory", func(t *testing.T) { story(t, "") })
	t.Run("on disk", func(t *testing.T) { story(t, t.TempDir()) })
}

func TestABranchIsFollowedCommitByCommit(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := newRemoteRepo(t)
		big := strings.Repeat("0123456789abcdef", 1<<12)
		for i := range 20 {
			r.commit("old", "big", fmt.Sprint(i, big), "a.yaml", fmt.Sprint(i))
		}
		first := r.commit("first", "a.yaml", "one", "d/b.yaml", "two")
		s := r.source(func(c *gitsource.Config) { c.Dir = dir })
		if got := mustFetch(t, s); got != first {
			t.Fatalf("head %s, want %s", got, first)
		}
		if got := read(t, s, first, "d/b.yaml"); got != "two" {
			t.Errorf("read %q", got)
		}
		second := r.commit("second", "a.yaml", "three")
		third := r.commit("third", "d/b.yaml", "four")
		before := r.bytes.Load()
		if got := mustFetch(t, s); got != third {
			t.Fatalf("head %s, want %s", got, third)
		}
		if n := r.bytes.Load() - before; n > 8<<10 {
			t.Errorf("two small commits took %d bytes: more than what is new was fetched", n)
		}
		commits, err := s.Log(t.Context(), first, third)
		if err != nil || len(commits) != 2 || commits[0].SHA != second || commits[1].SHA != third {
			t.Fatalf("log %v, %v", commits, err)
		}
		if c := commits[0]; c.Message != "second\n" || c.Committer.Email != "ada@example.com" || len(c.Parents) != 1 || c.Parents[0] != first {
			t.Errorf("commit %+v", c)
		}
		changes, err := s.Changes(t.Context(), first, third)
		if err != nil || len(changes) != 2 || changes[0].Path != "a.yaml" || changes[1].Path != "d/b.yaml" || changes[0].Before == changes[0].After {
			t.Errorf("changes %v, %v", changes, err)
		}
		tree, err := s.Tree(t.Context(), third)
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(tree, "a.yaml", "d/b.yaml", "big"); err != nil {
			t.Error(err)
		}
	})
}

// TestARevertBringsBackWhatTheServerLeftOut is the trap of the package comment.
func TestARevertBringsBackWhatTheServerLeftOut(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := newRemoteRepo(t)
		for i := range 30 {
			r.commit("history", fmt.Sprintf("f%d", i), strings.Repeat(fmt.Sprint(i), 2000))
		}
		r.commit("v1", "cohort.yaml", "kafka: 7.6.0 "+strings.Repeat("x", 3000))
		r.commit("v2", "cohort.yaml", "kafka: 7.6.1 "+strings.Repeat("y", 3000))
		r.git(r.bare, "repack", "-adbq")
		s := r.source(func(c *gitsource.Config) { c.Dir = dir })
		mustFetch(t, s)
		revert := r.commit("revert", "cohort.yaml", "kafka: 7.6.0 "+strings.Repeat("x", 3000))
		if got := mustFetch(t, s); got != revert {
			t.Fatalf("head %s, want %s", got, revert)
		}
		if got := read(t, s, revert, "cohort.yaml"); !strings.HasPrefix(got, "kafka: 7.6.0") {
			t.Errorf("read %.20q", got)
		}
	})
}

func TestHistoryIsFetchedDeeperWhenItIsAskedFor(t *testing.T) {
	r := newRemoteRepo(t)
	base := r.commit("base", "a", "0")
	for i := range 100 {
		r.commit("more", "a", fmt.Sprint(i+1))
	}
	s := r.source(nil)
	head := mustFetch(t, s)
	commits, err := s.Log(t.Context(), base, head)
	if err != nil || len(commits) != 100 {
		t.Fatalf("%d commits, %v", len(commits), err)
	}
}

func TestAForcedBranchIsNoticed(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := newRemoteRepo(t)
		base := r.commit("base", "a", "0")
		s := r.source(func(c *gitsource.Config) { c.Dir = dir })
		mustFetch(t, s)
		r.git(r.work, "checkout", "-q", "--orphan", "other")
		other := r.commit("other", "a", "1")
		if got := mustFetch(t, s); got != other {
			t.Fatalf("head %s, want %s", got, other)
		}
		if _, err := s.Log(t.Context(), base, other); !errors.Is(err, reconciler.ErrUnrelated) {
			t.Errorf("error %v, want one that says that they are unrelated", err)
		}
	})
}

func TestWhatIsThereStaysWhenTheServerFails(t *testing.T) {
	endless := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for req.Context().Err() == nil {
			if _, err := w.Write([]byte("0008NAK\n")); err != nil {
				return
			}
		}
	})
	nonsense := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = w.Write([]byte("this is not git"))
	})
	for _, tt := range []struct {
		name    string
		down    bool
		handler *http.HandlerFunc
		want    string
	}{
		{"it is down", true, nil, "127.0.0.1"},
		{"it speaks nonsense", false, &nonsense, "list branches"},
		{"it never ends its answer", false, &endless, "list branches"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRemoteRepo(t)
			first := r.commit("first", "a", "1")
			s := r.source(func(c *gitsource.Config) { c.Limits = gitsource.Limits{Timeout: 3 * time.Second, Bytes: 1 << 20} })
			mustFetch(t, s)
			r.down.Store(tt.down)
			r.handler.Store(tt.handler)
			_, err := s.Fetch(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if got := read(t, s, first, "a"); got != "1" {
				t.Errorf("read %q", got)
			}
			r.down.Store(false)
			r.handler.Store(nil)
			if second := r.commit("second", "a", "2"); mustFetch(t, s) != second {
				t.Error("it does not come back")
			}
		})
	}
}

func TestABranchThatIsNotThereIsNamed(t *testing.T) {
	r := newRemoteRepo(t)
	s := r.source(nil)
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("of an empty repository: %v", err)
	}
	r.commit("first", "a", "1")
	mustFetch(t, s)
	r.git(r.bare, "branch", "-m", "main", "trunk")
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), `no branch "main"`) || !strings.Contains(err.Error(), "trunk") {
		t.Errorf("of a renamed branch: %v", err)
	}
}

func TestATokenIsRotatedAndNeverShown(t *testing.T) {
	r := newRemoteRepo(t)
	r.commit("first", "a", "1")
	r.token = "new-secret-token"
	token := "old-secret-token"
	s := r.source(func(c *gitsource.Config) { c.Token = func() (string, error) { return token, nil } })
	_, err := s.Fetch(t.Context())
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "credentials") {
		t.Fatalf("error %v", err)
	}
	token = "new-secret-token"
	mustFetch(t, s)
}

func TestATokenDoesNotFollowARedirect(t *testing.T) {
	r := newRemoteRepo(t)
	r.commit("first", "a", "1")
	asked := false
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _, has := req.BasicAuth()
		asked = asked || has
	}))
	defer thief.Close()
	redirect := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, thief.URL+req.URL.Path, http.StatusFound)
	})
	r.handler.Store(&redirect)
	s := r.source(func(c *gitsource.Config) { c.Token = func() (string, error) { return "secret", nil } })
	if _, err := s.Fetch(t.Context()); err == nil {
		t.Error("the redirect was followed")
	}
	if asked {
		t.Error("the token went to another host")
	}
}

func TestLimitsBoundWhatAServerMaySend(t *testing.T) {
	r := newRemoteRepo(t)
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(i * i >> 3)
	}
	r.commit("big", "big", string(noise), "small", "1")
	for _, tt := range []struct {
		name   string
		limits gitsource.Limits
		want   string
	}{
		{"bytes", gitsource.Limits{Bytes: 1000}, "larger than allowed"},
		{"objects", gitsource.Limits{Objects: 2}, "objects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := r.source(func(c *gitsource.Config) { c.Limits = tt.limits })
			if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	s := r.source(func(c *gitsource.Config) { c.Limits.FileBytes = 1000 })
	tree, err := s.Tree(t.Context(), mustFetch(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(tree, "big"); err == nil || !strings.Contains(err.Error(), "are allowed") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestNothingOfTheRepositoryRuns(t *testing.T) {
	r := newRemoteRepo(t)
	mark := filepath.Join(t.TempDir(), "ran")
	if err := os.Symlink("/etc/passwd", filepath.Join(r.work, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	head := r.commit("tricks", ".gitattributes", "*.yaml filter=evil", "a.yaml", "plain",
		".git-hooks/post-checkout", "#!/bin/sh\ntouch "+mark, ".lfsconfig", "[lfs]\nurl = http://127.0.0.1:1/")
	r.git(r.work, "config", "filter.evil.smudge", "touch "+mark)
	s := r.source(func(c *gitsource.Config) { c.Dir = t.TempDir() })
	mustFetch(t, s)
	tree, err := s.Tree(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, head, "a.yaml"); got != "plain" {
		t.Errorf("read %q", got)
	}
	info, err := fs.Stat(tree, "link.yaml")
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("a link appears as %v, %v", info, err)
	}
	if _, err := fs.ReadFile(tree, "link.yaml"); err == nil {
		t.Error("the link was followed")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("something of the repository ran")
	}
}

func TestTheCacheOnDiskSurvivesARestartAndDamage(t *testing.T) {
	r := newRemoteRepo(t)
	head := r.commit("first", "a", "1", "b", strings.Repeat("two", 1000))
	dir := t.TempDir()
	mustFetch(t, r.source(func(c *gitsource.Config) { c.Dir = dir }))
	r.down.Store(true)
	if got := read(t, r.source(func(c *gitsource.Config) { c.Dir = dir }), head, "a"); got != "1" {
		t.Errorf("read %q after a restart without a server", got)
	}
	r.down.Store(false)
	packs, err := filepath.Glob(filepath.Join(dir, "repo", "objects", "pack", "*"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("no packs: %v", err)
	}
	for _, p := range packs {
		if err := os.Chmod(p, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(p, 20); err != nil {
			t.Fatal(err)
		}
	}
	var notice string
	s := r.source(func(c *gitsource.Config) { c.Dir = dir; c.Notice = func(text string) { notice = text } })
	if mustFetch(t, s) != head || read(t, s, head, "a") != "1" {
		t.Error("it does not recover from a damaged cache")
	}
	if !strings.Contains(notice, "damaged") {
		t.Errorf("notice %q", notice)
	}
}

func TestOnlyKnownWaysLeadToARepository(t *testing.T) {
	for url, want := range map[string]string{
		"":                                  "no repository",
		"ext::sh -c touch% /tmp/x":          "remote helpers",
		"git://example.com/a.git":           "not allowed",
		"ftp://example.com/a.git":           "not allowed",
		"http://example.com/a.git":          "not encrypted",
		"/srv/a.git":                        "local repository",
		"file:///srv/a.git":                 "local repository",
		"-u/x:y":                            "dash",
		"https://user:secret@example.com/a": "password",
		"example":                           "no URL",
		"ssh://git@example.com/a.git":       "private key",
		"git@example.com:a.git":             "private key",
	} {
		_, err := gitsource.New(gitsource.Config{URL: url})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v, want one with %q", url, err, want)
		}
	}
}

func TestASignatureIsTakenOutAsGitSignedIt(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed: install the OpenSSH client")
	}
	r := newRemoteRepo(t)
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v %s", err, out)
	}
	r.git(r.work, "config", "gpg.format", "ssh")
	r.git(r.work, "config", "user.signingkey", key+".pub")
	r.git(r.work, "config", "commit.gpgsign", "true")
	head := r.commit("signed", "a", "1")
	s := r.source(nil)
	mustFetch(t, s)
	commits, err := s.Log(context.Background(), "", head)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(commits[0].Signature, "-----BEGIN SSH SIGNATURE-----") || strings.Contains(string(commits[0].Payload), "gpgsig") {
		t.Errorf("signature %.40q, payload %q", commits[0].Signature, commits[0].Payload)
	}
	dir := t.TempDir()
	sig := filepath.Join(dir, "sig")
	if err := os.WriteFile(sig, []byte(commits[0].Signature), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", sig)
	verify.Stdin = strings.NewReader(string(commits[0].Payload))
	if out, err := verify.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen does not accept signature and payload: %v %s", err, out)
	}
}
