package gitsource_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
)

// newSource returns a source of a served repository.
func newSource(t *testing.T, server *gittest.Server, change ...func(*gitsource.Config)) *gitsource.Source {
	t.Helper()
	cfg := gitsource.Config{URL: server.URL}
	for _, c := range change {
		c(&cfg)
	}
	s, err := gitsource.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func inFolder(dir string) func(*gitsource.Config) {
	return func(c *gitsource.Config) { c.Dir = dir }
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
	data, err := fs.ReadFile(treeAt(t, s, commit), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// eachStore runs a story with the cache in memory and on disk.
func eachStore(t *testing.T, story func(t *testing.T, dir string)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { story(t, "") })
	t.Run("on disk", func(t *testing.T) { story(t, t.TempDir()) })
}

// noise is text that does not become small.
func noise(seed, n int) string {
	var b strings.Builder
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for b.Len() < n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		fmt.Fprintf(&b, "%016x\n", x)
	}
	return b.String()[:n]
}

func sent(server *gittest.Server) int {
	n := 0
	for _, req := range server.Requests() {
		n += req.Sent
	}
	return n
}

func TestABranchIsFollowedCommitByCommit(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := gittest.New(t)
		for i := range 20 {
			r.Commit("old", gittest.Files{"big": noise(i, 60_000), "a.yaml": fmt.Sprint(i)})
		}
		first := r.Commit("first", gittest.Files{"a.yaml": "one", "d/b.yaml": "two"})
		server := r.Serve()
		s := newSource(t, server, inFolder(dir))
		if got := mustFetch(t, s); got != first {
			t.Fatalf("head %s, want %s", got, first)
		}
		if n := sent(server); n > 120_000 {
			t.Errorf("the first fetch took %d bytes: more than the newest commit was fetched", n)
		}
		second := r.Commit("second", gittest.Files{"a.yaml": "three"})
		third := r.Commit("third", gittest.Files{"d/b.yaml": "four"})
		if got := mustFetch(t, s); got != third {
			t.Fatalf("head %s, want %s", got, third)
		}
		if n := sent(server); n > 8<<10 {
			t.Errorf("two small commits took %d bytes: more than what is new was fetched", n)
		}
		commits, err := s.Log(t.Context(), first, third)
		if err != nil || shas(commits) != second+" "+third {
			t.Fatalf("log %s, %v", shas(commits), err)
		}
		for commit, want := range map[string]string{first: "two", second: "two", third: "four"} {
			if got := read(t, s, commit, "d/b.yaml"); got != want {
				t.Errorf("commit %s: read %q, want %q", commit, got, want)
			}
		}
		server.Requests()
		if got := mustFetch(t, s); got != third || len(server.Requests()) != 1 {
			t.Errorf("head %s when nothing is new, want %s after one request", got, third)
		}
	})
}

func TestABranchThatIsNotThereIsNamed(t *testing.T) {
	r := gittest.New(t)
	s := newSource(t, r.Serve())
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("of an empty repository: %v", err)
	}
	head := r.Commit("first", gittest.Files{"a": "1"})
	mustFetch(t, s)
	r.Git("branch", "-m", "main", "trunk")
	if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), `no branch "main"`) || !strings.Contains(err.Error(), "trunk") {
		t.Errorf("of a renamed branch: %v", err)
	}
	if got := read(t, s, head, "a"); got != "1" {
		t.Errorf("read %q", got)
	}
	trunk := newSource(t, r.Serve(), func(c *gitsource.Config) { c.Branch = "trunk" })
	if got := mustFetch(t, trunk); got != head {
		t.Errorf("head of trunk %s, want %s", got, head)
	}
}

func TestATokenDoesNotFollowARedirect(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	asked := 0
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(thief.Close)
	server := r.Serve()
	server.RedirectTo(thief.URL)
	server.Fail(gittest.Redirect)
	if _, err := newSource(t, server, withToken).Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "redirects to "+thief.URL) {
		t.Errorf("error %v", err)
	}
	if asked > 0 {
		t.Error("the redirect was followed")
	}
	if got := server.Requests(); len(got) == 0 || got[0].Authorization == "" {
		t.Error("the token did not even reach the server that it is for")
	}
}

func TestLimitsBoundWhatAServerMaySend(t *testing.T) {
	r := gittest.New(t)
	r.Commit("big", gittest.Files{"big": noise(1, 300_000), "zeros": strings.Repeat("0", 300_000), "small": "1"})
	over := map[string]string{"http": r.Serve().URL, "file": r.Dir, "ssh": ""}
	for _, tt := range []struct {
		name   string
		limits gitsource.Limits
		want   string
	}{
		{"bytes", gitsource.Limits{Bytes: 1000}, "larger than allowed"},
		{"objects", gitsource.Limits{Objects: 2}, "5 objects, 2 are allowed"},
		{"bytes of an object", gitsource.Limits{ObjectBytes: 100_000}, "an object has 300000 bytes, 100000 are allowed"},
		{"bytes of all objects", gitsource.Limits{Unpacked: 400_000}, "more than the 400000 bytes"},
	} {
		for name, url := range over {
			t.Run(tt.name+" over "+name, func(t *testing.T) {
				eachStore(t, func(t *testing.T, dir string) {
					cfg := gitsource.Config{URL: url, AllowFile: true, Dir: dir, Limits: tt.limits}
					if name == "ssh" {
						server := newSSHServer(t, r)
						cfg.URL, cfg.SSHKey, cfg.KnownHosts = server.url, server.key, server.knownHosts
					}
					s, err := gitsource.New(cfg)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := s.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
						t.Errorf("error %v, want one with %q", err, tt.want)
					}
				})
			})
		}
	}
}

func TestNothingOfTheRepositoryRuns(t *testing.T) {
	r := gittest.New(t)
	mark := filepath.Join(t.TempDir(), "ran")
	for _, hook := range []string{"post-checkout", "pre-receive", "post-update", "reference-transaction", "post-upload-pack"} {
		name := filepath.Join(r.Dir, "hooks", hook)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	head := r.Commit("tricks", gittest.Files{
		".gitattributes": "*.yaml filter=evil\n", "a.yaml": "plain", ".gitmodules": "[submodule \"x\"]\npath = x\nurl = ext::touch " + mark + "\n",
		".githooks/post-checkout": "#!/bin/sh\ntouch " + mark, ".lfsconfig": "[lfs]\nurl = http://127.0.0.1:1/",
	})
	r.Git("config", "filter.evil.smudge", "touch "+mark)
	r.Git("config", "core.fsmonitor", "touch "+mark)
	r.Git("config", "uploadpack.packObjectsHook", "touch "+mark)
	if err := os.RemoveAll(mark); err != nil { // the commit itself may have run hooks
		t.Fatal(err)
	}
	for name, cfg := range map[string]gitsource.Config{
		"over HTTP":       {URL: r.Serve().URL, Dir: t.TempDir()},
		"on this machine": {URL: r.Dir, AllowFile: true, Dir: t.TempDir()},
	} {
		s, err := gitsource.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		mustFetch(t, s)
		if got := read(t, s, head, "a.yaml"); got != "plain" {
			t.Errorf("%s: read %q", name, got)
		}
		if _, err := os.Stat(mark); err == nil {
			t.Errorf("%s: something of the repository ran", name)
		}
	}
}

func TestOnlyKnownWaysLeadToARepository(t *testing.T) {
	for url, want := range map[string]string{
		"":                                  "no repository",
		"ext::sh -c touch% /tmp/x":          "remote helpers",
		"fd::17":                            "remote helpers",
		"git://example.com/a.git":           "not allowed",
		"ftp://example.com/a.git":           "not allowed",
		"git+ssh://example.com/a.git":       "not allowed",
		"http://example.com/a.git":          "not encrypted",
		"http://127.0.0.1.example.com/a":    "not encrypted",
		"/srv/a.git":                        "local repository",
		"file:///srv/a.git":                 "local repository",
		"FILE:///srv/a.git":                 "local repository",
		"-u/x:y":                            "dash",
		"https://user:secret@example.com/a": "password",
		"https://token@example.com/a":       "token",
		"https://example.com/a?token=x":     "after ? or #",
		"example":                           "no URL",
		"ssh://git@example.com/a.git":       "private key",
		"git@example.com:a.git":             "private key",
	} {
		_, err := gitsource.New(gitsource.Config{URL: url})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v, want one with %q", url, err, want)
		}
	}
	for _, cfg := range []gitsource.Config{
		{URL: "https://example.com/a.git"},
		{URL: "http://localhost:8080/a.git"},
		{URL: "http://[::1]/a.git"},
		{URL: "http://example.com/a.git", AllowHTTP: true},
		{URL: "git@example.com:a.git", SSHKey: "key", KnownHosts: "known_hosts"},
		{URL: "ssh://git@example.com:22/a.git", SSHKey: "key", KnownHosts: "known_hosts"},
		{URL: "file:///srv/a.git", AllowFile: true},
	} {
		if _, err := gitsource.New(cfg); err != nil {
			t.Errorf("%s: %v", cfg.URL, err)
		}
	}
}

func TestASignatureIsTakenOutAsGitSignedIt(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed: install the OpenSSH client (Debian: apt-get install openssh-client) to run this test")
	}
	r := gittest.New(t)
	dir := t.TempDir()
	key, sig := filepath.Join(dir, "key"), filepath.Join(dir, "sig")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v %s", err, out)
	}
	head := r.Sign("signed", gittest.Files{"a": "1"}, "gpg.format=ssh", "user.signingkey="+key)
	s := newSource(t, r.Serve())
	mustFetch(t, s)
	commits, err := s.Log(t.Context(), "", head)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sig, []byte(commits[0].Signature), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", sig)
	verify.Stdin = strings.NewReader(string(commits[0].Payload))
	if out, err := verify.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen does not accept signature and payload: %v %s", err, out)
	}
}
