package approver

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
	"github.com/wavegate-dev/wavegate/reconciler/admission"
)

// grace is who commits in repositories of gittest.
const grace = "grace@example.com"

// newest reads the newest commit of a repository as the service does.
func newest(t *testing.T, repo *gittest.Repo) admission.Commit {
	t.Helper()
	source, err := gitsource.New(gitsource.Config{URL: repo.Dir, AllowFile: true})
	if err != nil {
		t.Fatal(err)
	}
	head, err := source.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commits, err := source.Log(t.Context(), "", head)
	if err != nil || len(commits) != 1 {
		t.Fatal(commits, err)
	}
	return commits[0]
}

func now(t *testing.T, cfg SignedConfig) *Signed {
	t.Helper()
	cfg.Now = time.Now
	s, err := NewSigned(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGitSignsWithSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed: install it (Debian: apt-get install openssh-client) to run this test")
	}
	repo, key := gittest.New(t), newSSHKey(t)
	settings := []string{"gpg.format=ssh", "user.signingkey=" + key.save(t)}
	repo.Sign("kafka 7.6.1 to canary\n\nwith more to say", gittest.Files{"a.yaml": "a"}, settings...)
	c := newest(t, repo)
	mustBe(t, judged(t, now(t, SignedConfig{AllowedSigners: file(t, grace+" "+key.line())}), c))
	mustBe(t, judged(t, now(t, SignedConfig{AllowedSigners: file(t, "ada@example.com "+key.line())}), c), "not an identity")

	repo.Amend("kafka 7.6.1 to canary", gittest.Files{"a.yaml": "b"})
	mustBe(t, judged(t, now(t, SignedConfig{AllowedSigners: file(t, grace+" "+key.line())}), newest(t, repo)), "it is not signed")
}

// gpg runs GnuPG with its own home and returns what it says.
func gpg(t *testing.T, home string, args ...string) string {
	t.Helper()
	cmd := exec.Command("gpg", append([]string{"--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

func TestGitSignsWithGnuPG(t *testing.T) {
	for _, program := range []string{"gpg", "gpgconf"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: install it (Debian: apt-get install gnupg) to run this test", program)
		}
	}
	// Not t.TempDir: the path of the agent's socket must be short.
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	t.Setenv("GNUPGHOME", home)
	t.Cleanup(func() {
		kill := exec.Command("gpgconf", "--kill", "gpg-agent")
		kill.Env = append(os.Environ(), "GNUPGHOME="+home)
		if out, err := kill.CombinedOutput(); err != nil {
			t.Errorf("end gpg-agent: %v\n%s", err, out)
		}
	})
	gpg(t, home, "--quick-generate-key", "Grace <"+grace+">", "default", "default", "1d")
	public := gpg(t, home, "--armor", "--export", grace)
	signed := now(t, SignedConfig{AllowedKeys: []string{file(t, public)}})

	program := file(t, "#!/bin/sh\nGNUPGHOME='"+home+"' exec gpg \"$@\"\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	repo := gittest.New(t)
	repo.Sign("kafka 7.6.1 to canary", gittest.Files{"a.yaml": "a"}, "gpg.program="+program, "user.signingkey="+grace)
	c := newest(t, repo)
	mustBe(t, judged(t, signed, c))
	c.Payload = append(c.Payload, "and more"...)
	mustBe(t, judged(t, signed, c), "is not valid")

	// A hash that can be forged proves nothing, whoever signs.
	weak := newest(t, repo)
	in := file(t, string(weak.Payload))
	weak.Signature = gpg(t, home, "--armor", "--digest-algo", "SHA1", "--output", "-", "--detach-sign", in)
	mustBe(t, judged(t, signed, weak), "SHA-1")

	if e := judged(t, allowing(t, "ada@example.com "+newSSHKey(t).line(), ""), newest(t, repo)); !strings.Contains(e.Reason, "not among the allowed keys") {
		t.Errorf("without any OpenPGP key: %+v", e)
	}
}
