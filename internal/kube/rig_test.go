package kube_test

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/wavegate-dev/wavegate/internal/kubetest"
)

//go:embed rbac.yaml
var rbac string

// readyDelay is how long a pod on the rig takes to become ready.
const readyDelay = 700 * time.Millisecond

var shared = kubetest.Shared{Config: kubetest.Config{Planes: 2, ReadyDelay: readyDelay}}

func TestMain(m *testing.M) {
	// These tests wait more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code := m.Run()
	shared.Stop()
	os.Exit(code)
}

// controlPlane is one of the rig's, with an admin's hands.
type controlPlane struct {
	admin       kubernetes.Interface
	adminConfig *rest.Config
	// user is how Wavegate reaches it: as a user with the rights of rbac.yaml.
	user *rest.Config
}

var prepared sync.Map // kubeconfig -> error

// plane returns the n-th control plane, with Wavegate's rights in it.
func plane(t testing.TB, n int) *controlPlane {
	t.Helper()
	file := shared.Get(t).Kubeconfigs[n]
	load := func(context string) *rest.Config {
		c, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			&clientcmd.ClientConfigLoadingRules{ExplicitPath: file},
			&clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	user := load(fmt.Sprintf("plane-%d", n))
	adminConfig := load(fmt.Sprintf("plane-%d-admin", n))
	adminConfig.QPS = -1
	admin, err := kubernetes.NewForConfig(adminConfig)
	if err != nil {
		t.Fatal(err)
	}
	once, _ := prepared.LoadOrStore(file, sync.OnceValue(func() error {
		return kubetest.Grant(context.Background(), admin, "wavegate", rbac, "wavegate-data-plane-secrets")
	}))
	if err := once.(func() error)(); err != nil {
		t.Fatal(err)
	}
	return &controlPlane{admin: admin, adminConfig: adminConfig, user: user}
}

// allow gives Wavegate's user a right in the test's namespace.
func (w *world) allow(t testing.TB, rule rbacv1.PolicyRule) {
	t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "more"}, Rules: []rbacv1.PolicyRule{rule}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "more"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "more"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: "wavegate", APIGroup: rbacv1.GroupName}},
	}
	if _, err := w.admin.RbacV1().Roles(w.ns).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.RbacV1().RoleBindings(w.ns).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// namespace makes a namespace of the test's own.
func (c *controlPlane) namespace(t testing.TB) string {
	t.Helper()
	ns, err := c.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// breakImage makes pods with an image never become ready.
func (c *controlPlane) breakImage(t testing.TB, image string) {
	t.Helper()
	maps := c.admin.CoreV1().ConfigMaps("kube-system")
	key := strings.NewReplacer("/", "_", ":", "_").Replace(image)
	for {
		m, err := maps.Get(t.Context(), "broken-images", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			_, err = maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "broken-images"}, Data: map[string]string{key: image}}, metav1.CreateOptions{})
		} else if err == nil {
			if m.Data == nil {
				m.Data = map[string]string{}
			}
			m.Data[key] = image
			_, err = maps.Update(t.Context(), m, metav1.UpdateOptions{})
		}
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

// wire is a TCP connection to an API server that can be cut.
type wire struct {
	to string

	mu       sync.Mutex
	cut      bool
	listener net.Listener
	conns    map[net.Conn]struct{}
}

// through returns a way to a control plane that can be cut.
func (c *controlPlane) through(t testing.TB) (*rest.Config, *wire) {
	t.Helper()
	u, err := url.Parse(c.user.Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{to: u.Host, listener: l, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { _ = l.Close(); w.set(true) })
	go w.serve()
	config := rest.CopyConfig(c.user)
	config.Host = "https://" + l.Addr().String()
	return config, w
}

func (w *wire) serve() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		if w.cut {
			w.mu.Unlock()
			_ = in.Close()
			continue
		}
		out, err := net.Dial("tcp", w.to)
		if err != nil {
			w.mu.Unlock()
			_ = in.Close()
			continue
		}
		w.conns[in], w.conns[out] = struct{}{}, struct{}{}
		w.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
				_ = pair[1].Close()
			}()
		}
	}
}

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			_ = c.Close()
		}
		clear(w.conns)
	}
}
