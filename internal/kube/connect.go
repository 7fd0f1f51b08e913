package kube

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Connection is a way to one API server.
type Connection struct {
	// Name becomes the data plane's.
	Name string
	REST *rest.Config
	// Labels become the data plane's.
	Labels map[string]string
}

// FromKubeconfig reads contexts of a kubeconfig file: the current one when none is
// named. Credential plugins (exec) are run only when their command is among the
// allowed ones, because a kubeconfig is otherwise a way to run anything.
func FromKubeconfig(file string, contexts, allowedExec []string) ([]Connection, error) {
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return nil, fmt.Errorf("read kubeconfig %s: %w", file, err)
	}
	if len(contexts) == 0 {
		if config.CurrentContext == "" {
			return nil, fmt.Errorf("read kubeconfig %s: it has no current context; name one of %v", file, slices.Sorted(maps.Keys(config.Contexts)))
		}
		contexts = []string{config.CurrentContext}
	}
	var out []Connection
	for _, name := range contexts {
		if config.Contexts[name] == nil {
			return nil, fmt.Errorf("read kubeconfig %s: it has no context %q; it has %v", file, name, slices.Sorted(maps.Keys(config.Contexts)))
		}
		c, err := connection(config, name, allowedExec)
		if err != nil {
			return nil, fmt.Errorf("read kubeconfig %s: context %s: %w", file, name, err)
		}
		out = append(out, Connection{Name: name, REST: c})
	}
	return out, nil
}

// InCluster is the API server of the Kubernetes cluster that this process runs in.
func InCluster(name string) (Connection, error) {
	c, err := rest.InClusterConfig()
	if err != nil {
		return Connection{}, fmt.Errorf("connect from within Kubernetes: %w", err)
	}
	return Connection{Name: name, REST: c}, nil
}

func connection(config *clientcmdapi.Config, context string, allowedExec []string) (*rest.Config, error) {
	if user := config.AuthInfos[config.Contexts[context].AuthInfo]; user != nil {
		if user.Exec != nil && !slices.Contains(allowedExec, user.Exec.Command) {
			return nil, fmt.Errorf("it logs in with the command %q, which is not allowed; allow it with --allow-exec", user.Exec.Command)
		}
		if user.AuthProvider != nil {
			return nil, fmt.Errorf("it logs in with the auth provider %q, which Kubernetes has removed; use an exec plugin", user.AuthProvider.Name)
		}
	}
	if cluster := config.Clusters[config.Contexts[context].Cluster]; cluster != nil && !isProxy(cluster.ProxyURL) {
		return nil, errors.New("its proxy-url is invalid; write it as in https://proxy.example.com:3128")
	}
	return clientcmd.NewNonInteractiveClientConfig(*config, context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
}

// isProxy reports whether client-go takes a proxy's address, which may be none.
// Its own error would quote the address, and with it a password.
func isProxy(address string) bool {
	u, err := url.Parse(address)
	return address == "" || (err == nil && slices.Contains([]string{"http", "https", "socks5"}, u.Scheme))
}

// errRuns refuses a Secret: whoever may write one would run anything here.
var errRuns = errors.New("it logs in by running a program; give it a token, or a kubeconfig in a file and --allow-exec")

// fromKubeconfigData reads the current context of a kubeconfig that came over the
// network. It may not name files of this machine or commands to run.
func fromKubeconfigData(data []byte) (*rest.Config, error) {
	config, err := clientcmd.Load(data)
	if err != nil {
		return nil, errors.New("it is no kubeconfig") // the error may quote it
	}
	if config.Contexts[config.CurrentContext] == nil {
		return nil, errors.New("it has no current context")
	}
	for _, c := range config.Clusters {
		if c.CertificateAuthority != "" {
			return nil, errors.New("it names a file (certificate-authority); put the data in")
		}
	}
	for _, u := range config.AuthInfos {
		if u.ClientCertificate != "" || u.ClientKey != "" || u.TokenFile != "" {
			return nil, errors.New("it names a file (client-certificate, client-key or tokenFile); put the data in")
		}
		if u.Exec != nil {
			return nil, errRuns
		}
	}
	return connection(config, config.CurrentContext, nil)
}
