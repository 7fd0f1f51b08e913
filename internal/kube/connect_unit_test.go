package kube

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// kubeconfig has a context for each way to log in.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: token
clusters:
- name: eu
  cluster: {server: "https://eu.example.com:6443", insecure-skip-tls-verify: true}
- name: us
  cluster: {server: "https://us.example.com:6443", tls-server-name: api.us}
- name: proxied
  cluster: {server: "https://eu.example.com:6443", proxy-url: "socks5://ann:top-secret@proxy.example.com:1080"}
- name: behind
  cluster: {server: "https://eu.example.com:6443", proxy-url: "ftp://ann:top-secret@proxy.example.com"}
users:
- name: token
  user: {token: top-secret}
- name: aws
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, get-token], interactiveMode: Never}}
- name: script
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login.sh, interactiveMode: Never}}
- name: removed
  user: {auth-provider: {name: gcp}}
contexts:
- {name: token, context: {cluster: eu, user: token}}
- {name: nobody, context: {cluster: us, user: ""}}
- {name: aws, context: {cluster: us, user: aws}}
- {name: script, context: {cluster: us, user: script}}
- {name: removed, context: {cluster: us, user: removed}}
- {name: proxied, context: {cluster: proxied, user: token}}
- {name: behind, context: {cluster: behind, user: token}}
- {name: astray, context: {cluster: gone, user: token}}
`

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestContextsOfAKubeconfig(t *testing.T) {
	file := configFile(t, kubeconfig)
	script := filepath.Join(filepath.Dir(file), "login.sh")
	noCurrent := configFile(t, strings.Replace(kubeconfig, "current-context: token\n", "", 1))
	for name, c := range map[string]struct {
		file     string
		contexts []string
		allowed  []string
		want     []string // name and host
		fails    []string // parts of the error
	}{
		"the current one when none is named":            {want: []string{"token https://eu.example.com:6443"}},
		"those that are named, in that order":           {contexts: []string{"nobody", "token"}, want: []string{"nobody https://us.example.com:6443", "token https://eu.example.com:6443"}},
		"one that does not exist":                       {contexts: []string{"token", "tokn"}, fails: []string{`no context "tokn"`, "astray aws behind nobody proxied removed script token"}},
		"no current one, and none is named":             {file: noCurrent, fails: []string{"no current context", "astray aws behind nobody proxied removed script token"}},
		"no current one, and one is named":              {file: noCurrent, contexts: []string{"token"}, want: []string{"token https://eu.example.com:6443"}},
		"a command that is not allowed":                 {contexts: []string{"aws"}, fails: []string{`command "aws"`, "not allowed", "--allow-exec"}},
		"another command is allowed":                    {contexts: []string{"aws"}, allowed: []string{"gke-gcloud-auth-plugin", "aws-iam"}, fails: []string{`command "aws"`}},
		"a command that is allowed":                     {contexts: []string{"aws"}, allowed: []string{"aws"}, want: []string{"aws https://us.example.com:6443"}},
		"a script beside the file, allowed by its name": {contexts: []string{"script"}, allowed: []string{"login.sh", "./login.sh"}, fails: []string{script}},
		"a script beside the file, allowed by its path": {contexts: []string{"script"}, allowed: []string{script}, want: []string{"script https://us.example.com:6443"}},
		"a command of a context that is not named":      {contexts: []string{"token"}, want: []string{"token https://eu.example.com:6443"}},
		"a way to log in that Kubernetes has removed":   {contexts: []string{"removed"}, allowed: []string{"gcp"}, fails: []string{`auth provider "gcp"`, "exec plugin"}},
		"a context whose cluster is missing":            {contexts: []string{"astray"}, fails: []string{"context astray"}},
		"a proxy":                                       {contexts: []string{"proxied"}, want: []string{"proxied https://eu.example.com:6443"}},
		"a proxy that is none":                          {contexts: []string{"behind"}, fails: []string{"proxy-url is invalid"}},
		"a file that is not there":                      {file: filepath.Join(t.TempDir(), "none"), fails: []string{"read kubeconfig", "no such file"}},
		"a file that is no kubeconfig":                  {file: configFile(t, "kind: [\n"), fails: []string{"read kubeconfig"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.file == "" {
				c.file = file
			}
			found, err := FromKubeconfig(c.file, c.contexts, c.allowed)
			if len(c.fails) > 0 {
				if err == nil {
					t.Fatalf("%d connections and no error; want one that says %q", len(found), c.fails)
				}
				for _, part := range c.fails {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q does not say %q", err, part)
					}
				}
				if strings.Contains(err.Error(), "top-secret") {
					t.Errorf("error %q quotes a token", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.Name+" "+f.REST.Host)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("connections %q; want %q", got, c.want)
			}
		})
	}
}

func TestAConnectionHasWhatTheKubeconfigSays(t *testing.T) {
	found, err := FromKubeconfig(configFile(t, kubeconfig), []string{"token", "aws"}, []string{"aws"})
	if err != nil {
		t.Fatal(err)
	}
	if c := found[0].REST; c.BearerToken != "top-secret" || !c.Insecure || c.ExecProvider != nil {
		t.Error("the context token does not log in with its token and its own TLS settings")
	}
	if c := found[1].REST; c.BearerToken != "" || c.ServerName != "api.us" || c.ExecProvider == nil || !slices.Equal(c.ExecProvider.Args, []string{"eks", "get-token"}) {
		t.Error("the context aws does not log in with its command, or takes over what belongs to another context")
	}
}

func TestOutsideOfKubernetesThereIsNoClusterAroundUs(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if _, err := InCluster("here"); err == nil || !strings.Contains(err.Error(), "connect from within Kubernetes") {
		t.Errorf("error %v; want one that says from where", err)
	}
}
