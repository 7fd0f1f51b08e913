package gitsource_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/wavegate-dev/wavegate/gitsource"
	"github.com/wavegate-dev/wavegate/gitsource/gittest"
)

// sshServer runs git's upload-pack for one key.
type sshServer struct {
	url        string
	address    string
	key        string // the client's private key
	knownHosts string
	silent     bool // it says nothing once it runs
	deaf       bool // it does not even shake hands
}

func newSSHServer(t *testing.T, r *gittest.Repo) *sshServer {
	t.Helper()
	dir := t.TempDir()
	s := &sshServer{key: filepath.Join(dir, "id"), knownHosts: filepath.Join(dir, "known_hosts")}
	host, _ := newKey(t)
	user, raw := newKey(t)
	if err := os.WriteFile(s.key, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(user.PublicKey().Marshal()) {
			return nil, errors.New("no")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s.address = listener.Addr().String()
	s.url = "ssh://git@" + s.address + r.Dir
	s.know(t, s.address, host.PublicKey())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			if !s.deaf {
				go s.serve(conn, config, r)
			}
		}
	}()
	return s
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func (s *sshServer) know(t *testing.T, address string, key ssh.PublicKey) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(key))
	if err := os.WriteFile(s.knownHosts, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *sshServer) serve(conn net.Conn, config *ssh.ServerConfig, r *gittest.Repo) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for req := range asked {
			if req.Type != "exec" || len(req.Payload) < 4 {
				_ = req.Reply(false, nil)
				continue
			}
			_ = req.Reply(true, nil)
			go s.run(channel, string(req.Payload[4:]), r)
		}
	}
}

// run does what sshd does: it hands the command to a shell.
func (s *sshServer) run(channel ssh.Channel, command string, r *gittest.Repo) {
	if s.silent {
		_, _ = io.Copy(io.Discard, channel)
		return
	}
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Env, cmd.Stdout, cmd.Stderr = r.Env(), channel, channel.Stderr()
	in, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	}()
	status := uint32(0)
	if err := cmd.Run(); err != nil {
		status = 128
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	_ = channel.Close()
}

func (s *sshServer) source(t *testing.T, change ...func(*gitsource.Config)) *gitsource.Source {
	t.Helper()
	cfg := gitsource.Config{URL: s.url, SSHKey: s.key, KnownHosts: s.knownHosts}
	for _, c := range change {
		c(&cfg)
	}
	source, err := gitsource.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestARepositoryIsReadOverSSH(t *testing.T) {
	eachStore(t, func(t *testing.T, dir string) {
		r := gittest.New(t)
		base := r.Commit("base", gittest.Files{"a": "0"})
		for i := range 70 {
			r.Commit("more", gittest.Files{"a": fmt.Sprint(i + 1)})
		}
		s := newSSHServer(t, r).source(t, inFolder(dir))
		head := mustFetch(t, s)
		commits, err := s.Log(t.Context(), base, head)
		if err != nil || len(commits) != 70 {
			t.Fatalf("%d commits, %v", len(commits), err)
		}
		if next := r.Commit("next", gittest.Files{"a": "next"}); mustFetch(t, s) != next || read(t, s, next, "a") != "next" {
			t.Error("a new commit is not seen")
		}
	})
}

func TestAnSSHServerThatIsNotTheKnownOneIsRefused(t *testing.T) {
	r := gittest.New(t)
	r.Commit("first", gittest.Files{"a": "1"})
	other, raw := newKey(t)
	for _, tt := range []struct {
		name  string
		spoil func(s *sshServer)
		want  string
	}{
		{"its key is another one", func(s *sshServer) { s.know(t, s.address, other.PublicKey()) }, "not the one in"},
		{"its key is not known", func(s *sshServer) { s.know(t, "example.com:22", other.PublicKey()) }, "has no key of it"},
		{"there is no known_hosts file", func(s *sshServer) { s.knownHosts += "-gone" }, "read known hosts"},
		{"it does not accept the key", func(s *sshServer) {
			if err := os.WriteFile(s.key, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "does not accept the SSH key"},
		{"there is no key", func(s *sshServer) { s.key += "-gone" }, "read SSH key"},
		{"the key is none", func(s *sshServer) {
			if err := os.WriteFile(s.key, []byte("nonsense"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "must be a private key"},
		{"it has no such repository", func(s *sshServer) { s.url += "-gone" }, "does not appear to be a git repository"},
		{"the path would run something", func(s *sshServer) { s.url += "'; touch " + filepath.Join(r.Work, "ran") + "; '" }, "does not appear to be a git repository"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newSSHServer(t, r)
			tt.spoil(server)
			_, err := server.source(t).Fetch(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(r.Work, "ran")); err == nil {
		t.Error("a part of the path was run")
	}
}

func TestAnSSHServerThatFallsSilentIsLeft(t *testing.T) {
	for name, spoil := range map[string]func(s *sshServer){
		"before the handshake": func(s *sshServer) { s.deaf = true },
		"after it":             func(s *sshServer) { s.silent = true },
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			r.Commit("first", gittest.Files{"a": "1"})
			server := newSSHServer(t, r)
			spoil(server)
			s := server.source(t, func(c *gitsource.Config) { c.Limits.Timeout = 300 * time.Millisecond })
			if _, err := s.Fetch(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "in time") {
				t.Errorf("error %v", err)
			}
		})
	}
}
