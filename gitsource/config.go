package gitsource

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config says what is read and how.
type Config struct {
	// URL is https://, ssh:// or user@host:path; http:// is for loopback, or
	// with AllowHTTP; a path or file:// needs AllowFile.
	URL string
	// Branch is the watched branch; main without it.
	Branch string
	// Path is the folder of the repository that Tree returns; all of it without.
	Path string
	// Dir keeps the cache on disk; without it, it is kept in memory.
	Dir string

	// Token returns the token for HTTPS. It is asked for each fetch, so that it
	// can be rotated.
	Token func() (string, error)
	// User goes with the token; "git" without it, which all forges accept.
	User string
	// CABundle holds PEM certificates that are trusted besides the system's.
	CABundle []byte
	// SSHKey is the path of a private key, KnownHosts of the file with the
	// hosts' keys. Both are required for SSH: hosts are always checked.
	SSHKey, KnownHosts string

	AllowHTTP, AllowFile bool
	Limits               Limits
	// Notice is told when the cache was damaged and is fetched anew.
	Notice func(string)
}

// Limits bound what a server may send.
type Limits struct {
	// Bytes of one answer; 512 MiB without it.
	Bytes int64
	// Objects of one answer; 2,000,000 without it.
	Objects uint32
	// ObjectBytes of one object and Unpacked of all objects of one answer
	// together, when they are unpacked; 256 MiB and 4 GiB without it.
	ObjectBytes, Unpacked int64
	// FileBytes of a file that is read; 16 MiB without it.
	FileBytes int64
	// Timeout of a whole fetch; 2 minutes without it.
	Timeout time.Duration
	// Depth is how many commits of history are looked through for one that is
	// asked for; 4,096 without it.
	Depth int
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 512 << 20
	}
	if l.Objects == 0 {
		l.Objects = 2_000_000
	}
	if l.ObjectBytes <= 0 {
		l.ObjectBytes = 256 << 20
	}
	if l.Unpacked <= 0 {
		l.Unpacked = 4 << 30
	}
	if l.FileBytes <= 0 {
		l.FileBytes = 16 << 20
	}
	if l.Timeout <= 0 {
		l.Timeout = 2 * time.Minute
	}
	if l.Depth <= 0 {
		l.Depth = 4096
	}
	return l
}

// scheme is how the repository is reached.
type scheme string

const (
	schemeHTTPS scheme = "https"
	schemeHTTP  scheme = "http"
	schemeSSH   scheme = "ssh"
	schemeFile  scheme = "file"
)

// schemeOf decides how a URL is reached, and refuses everything that is not on
// the list: git's other transports run programs.
func schemeOf(cfg *Config) (scheme, error) {
	raw := cfg.URL
	if raw == "" {
		return "", errors.New("configure git: no repository URL")
	}
	name, rest, found := strings.Cut(raw, "://")
	if !found {
		return schemeOfPath(cfg, raw)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("configure git: the repository URL cannot be read")
	}
	scheme := strings.ToLower(name)
	if _, secret := u.User.Password(); secret || (u.User != nil && scheme != "ssh") {
		return "", errors.New("configure git: the repository URL holds a password or token; give the token separately")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("configure git: the repository URL has a part after ? or #; leave it out, and give a token separately")
	}
	switch scheme {
	case "https":
		return schemeHTTPS, nil
	case "http":
		if host := u.Hostname(); !cfg.AllowHTTP && host != "localhost" && host != "127.0.0.1" && host != "::1" {
			return "", fmt.Errorf("configure git: %s is not encrypted; use https, or allow plain http explicitly", redact(raw))
		}
		return schemeHTTP, nil
	case "ssh":
		return schemeSSH, nil
	case "file":
		if !cfg.AllowFile {
			return "", fmt.Errorf("configure git: %s is a local repository; allow local repositories explicitly", redact(raw))
		}
		if !strings.HasPrefix(rest, "/") {
			return "", fmt.Errorf("configure git: %s names no absolute path", redact(raw))
		}
		return schemeFile, nil
	default:
		return "", fmt.Errorf("configure git: scheme %q is not allowed; use https or ssh", name)
	}
}

func schemeOfPath(cfg *Config, raw string) (scheme, error) {
	host, _, scp := strings.Cut(raw, ":")
	switch {
	case strings.Contains(raw, "::"):
		return "", errors.New("configure git: remote helpers (name::address) are not allowed; use https or ssh")
	case strings.HasPrefix(raw, "-"):
		return "", errors.New("configure git: the repository URL begins with a dash")
	case scp && strings.Contains(host, "@") && !strings.Contains(host, "/"):
		return schemeSSH, nil
	case strings.HasPrefix(raw, "/") && cfg.AllowFile:
		return schemeFile, nil
	case strings.HasPrefix(raw, "/"):
		return "", fmt.Errorf("configure git: %s is a local repository; allow local repositories explicitly", raw)
	default:
		return "", fmt.Errorf("configure git: %q is no URL; write https://host/path or git@host:path", redact(raw))
	}
}

// redact returns a URL without anything secret.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		if i := strings.LastIndex(raw, "@"); i >= 0 {
			return raw[i+1:]
		}
		return raw
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
