package gitsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// sshLogin reads the key and the known hosts. Both are read for each fetch, so
// that they can be rotated.
func (r *remote) sshLogin(address string) (*ssh.ClientConfig, error) {
	key, err := os.ReadFile(r.cfg.SSHKey)
	if err != nil {
		return nil, fmt.Errorf("read SSH key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("read SSH key %s: it cannot be used; it must be a private key without a passphrase", r.cfg.SSHKey)
	}
	hosts, err := knownhosts.NewDB(r.cfg.KnownHosts)
	if err != nil {
		return nil, fmt.Errorf("read known hosts %s: %w", r.cfg.KnownHosts, err)
	}
	algorithms := hosts.HostKeyAlgorithms(address)
	if len(algorithms) == 0 {
		return nil, fmt.Errorf("connect to %s: %s has no key of it; add the server's key (ssh-keyscan shows it; compare it with the one that its operator publishes)",
			address, r.cfg.KnownHosts)
	}
	user := r.endpoint.User
	if user == "" {
		user = "git"
	}
	return &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: hosts.HostKeyCallback(), HostKeyAlgorithms: algorithms,
	}, nil
}

// sshSession runs git's upload-pack at the end of an SSH connection.
func (r *remote) sshSession(ctx context.Context) (session, error) {
	port := r.endpoint.Port
	if port <= 0 {
		port = 22
	}
	address := net.JoinHostPort(r.endpoint.Host, strconv.Itoa(port))
	login, err := r.sshLogin(address)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, r.clean(ctx, "connect", err)
	}
	// The handshake knows no context.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	client, err := sshClient(conn, address, login)
	if err != nil {
		_ = conn.Close()
		return nil, r.sshProblem(ctx, address, err)
	}
	s, err := r.uploadPackOver(ctx, client)
	if err != nil {
		_ = client.Close()
		return nil, r.clean(ctx, "connect", err)
	}
	return s, nil
}

func sshClient(conn net.Conn, address string, login *ssh.ClientConfig) (*ssh.Client, error) {
	c, channels, requests, err := ssh.NewClientConn(conn, address, login)
	if err != nil {
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

func (r *remote) sshProblem(ctx context.Context, address string, err error) error {
	var refused *ssh.ServerAuthError
	switch {
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("connect to %s: its host key is not the one in %s: somebody may be in between; when the server was given a new key, put that one there",
			address, r.cfg.KnownHosts)
	case errors.As(err, &refused) || strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("connect to %s: it does not accept the SSH key %s", address, r.cfg.SSHKey)
	default:
		return r.clean(ctx, "connect", err)
	}
}

func (r *remote) uploadPackOver(ctx context.Context, client *ssh.Client) (session, error) {
	s, err := client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("open SSH session: %w", err)
	}
	said := &complaints{}
	s.Stderr = said
	in, err := s.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open SSH session: %w", err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("open SSH session: %w", err)
	}
	if err := s.Start("git-upload-pack " + quoteForShell(r.endpoint.Path)); err != nil {
		return nil, fmt.Errorf("start git-upload-pack: %w", err)
	}
	return newPipes(ctx, &pipes{in: in, out: out, errors: said, wait: s.Wait, stop: client.Close}, r.cfg.Limits.Bytes), nil
}

// quoteForShell quotes a path for the shell at the other end, as git does.
func quoteForShell(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}
