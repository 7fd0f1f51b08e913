package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// serverConfig is one kube-apiserver.
type serverConfig struct {
	dir, etcd, prefix, name, kubeconfig string
}

// tokens are the users of every control plane: admin is in system:masters, which
// priority and fairness exempts; wavegate has no rights but those given to it.
const tokens = `admin-token,admin,admin,"system:masters"
wavegate-token,wavegate,wavegate,"wavegate"
`

// startServer starts a kube-apiserver, writes its kubeconfig, and returns the
// configuration that its controllers use.
func startServer(ctx context.Context, c serverConfig) (*rest.Config, error) {
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	listener, completed, err := c.options(ctx)
	if err != nil {
		return nil, err
	}
	config, err := app.NewConfig(*completed)
	if err != nil {
		return nil, err
	}
	cc, err := config.Complete()
	if err != nil {
		return nil, err
	}
	server, err := app.CreateServerChain(cc)
	if err != nil {
		return nil, err
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return nil, err
	}
	go func() {
		if err := prepared.Run(ctx); err != nil && ctx.Err() == nil {
			fail(err)
		}
	}()
	loopback := rest.CopyConfig(server.GenericAPIServer.LoopbackClientConfig)
	loopback.QPS = -1
	loopback.ContentType = "application/vnd.kubernetes.protobuf"
	loopback.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	if err := waitReady(ctx, loopback); err != nil {
		return nil, err
	}
	return loopback, c.writeKubeconfig(listener.Addr().(*net.TCPAddr).Port)
}

// options are the server's, with a registry of components of its own: several
// servers share this process.
func (c serverConfig) options(ctx context.Context) (net.Listener, *options.CompletedOptions, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, nil, err
	}
	signingKey := filepath.Join(c.dir, "service-accounts.key")
	if err := writeKey(signingKey); err != nil {
		return nil, nil, err
	}
	tokenFile := filepath.Join(c.dir, "tokens.csv")
	if err := os.WriteFile(tokenFile, []byte(tokens), 0o600); err != nil {
		return nil, nil, err
	}
	gates := utilfeature.DefaultMutableFeatureGate.DeepCopy()
	version := compatibility.DefaultKubeEffectiveVersionForTest()
	version.SetEmulationVersion(gates.EmulationVersion())
	version.SetMinCompatibilityVersion(gates.MinCompatibilityVersion())
	registry := basecompatibility.NewComponentGlobalsRegistry()
	if err := registry.Register(basecompatibility.DefaultKubeComponent, version, gates); err != nil {
		return nil, nil, err
	}
	o := options.NewServerRunOptions()
	o.GenericServerRunOptions.ComponentGlobalsRegistry = registry
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, f := range o.Flags().FlagSets {
		flags.AddFlagSet(f)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	o.SecureServing.Listener, o.SecureServing.BindPort = listener, listener.Addr().(*net.TCPAddr).Port
	o.SecureServing.ExternalAddress = net.ParseIP("127.0.0.1")
	err = flags.Parse([]string{
		"--etcd-servers=" + c.etcd, "--etcd-prefix=" + c.prefix,
		"--cert-dir=" + c.dir, "--bind-address=127.0.0.1",
		"--service-cluster-ip-range=10.0.0.0/16",
		"--service-account-issuer=https://rig.test",
		"--service-account-signing-key-file=" + signingKey, "--service-account-key-file=" + signingKey,
		"--token-auth-file=" + tokenFile, "--authorization-mode=RBAC",
		"--disable-admission-plugins=ServiceAccount", // no controller creates the default accounts
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
	})
	if err != nil {
		return nil, nil, err
	}
	if err := registry.Set(); err != nil {
		return nil, nil, err
	}
	completed, err := o.Complete(ctx)
	if err != nil {
		return nil, nil, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, nil, utilerrors.NewAggregate(errs)
	}
	return listener, &completed, nil
}

func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func waitReady(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for {
		answer, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil && string(answer) == "ok" {
			if _, err := client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{}); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until it is ready: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// writeKubeconfig writes a context for each user; that of wavegate is the
// current one.
func (c serverConfig) writeKubeconfig(port int) error {
	cert, err := os.ReadFile(filepath.Join(c.dir, "apiserver.crt"))
	if err != nil {
		return err
	}
	k := clientcmdapi.NewConfig()
	k.Clusters[c.name] = &clientcmdapi.Cluster{Server: fmt.Sprintf("https://127.0.0.1:%d", port), CertificateAuthorityData: cert}
	for user, ctxName := range map[string]string{"admin": c.name + "-admin", "wavegate": c.name} {
		k.AuthInfos[ctxName] = &clientcmdapi.AuthInfo{Token: user + "-token"}
		k.Contexts[ctxName] = &clientcmdapi.Context{Cluster: c.name, AuthInfo: ctxName}
	}
	k.CurrentContext = c.name
	return clientcmd.WriteToFile(*k, c.kubeconfig)
}
