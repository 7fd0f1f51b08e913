package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// vault is an API server that has Secrets of the namespace fleet and nothing else.
type vault struct {
	mu      sync.Mutex
	secrets map[string]*corev1.Secret
	down    bool
	asked   int
}

func (v *vault) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	status, body := http.StatusOK, any(nil)
	switch {
	case r.Method != http.MethodGet || r.URL.Path != "/api/v1/namespaces/fleet/secrets":
		status, body = http.StatusNotFound, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: 404}
	case v.down:
		status, body = http.StatusForbidden, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: metav1.StatusReasonForbidden, Code: 403, Message: "secrets is forbidden"}
	default:
		list := corev1.SecretList{TypeMeta: metav1.TypeMeta{Kind: "SecretList", APIVersion: "v1"}}
		for _, name := range slices.Sorted(maps.Keys(v.secrets)) {
			list.Items = append(list.Items, *v.secrets[name])
		}
		body = list
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(data)), Request: r,
	}, nil
}

func (v *vault) set(s *corev1.Secret) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets[s.Name] = s
}

func (v *vault) remove(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.secrets, name)
}

func (v *vault) fail(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
}

func (v *vault) connection() Connection {
	return Connection{Name: "home", REST: &rest.Config{Host: "http://home.example.com", Transport: v}}
}

// planesOf follows the Secrets of a vault.
func planesOf(t *testing.T, v *vault, change func(*PlanesConfig)) *Planes {
	t.Helper()
	v.secrets = map[string]*corev1.Secret{}
	cfg := PlanesConfig{
		Secrets: &SecretsConfig{Connection: v.connection(), Namespace: "fleet"},
		Plane:   Config{Now: func() time.Time { return noon }},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := NewPlanes(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func namesOf(planes []reconciler.DataPlane) string {
	var names []string
	for _, p := range planes {
		names = append(names, p.Name())
	}
	return strings.Join(names, " ")
}

func good(name, plane, token string) *corev1.Secret {
	return secret(name, map[string]string{PlaneLabel: plane}, map[string]string{"kubeconfig": remote(`"token":"`+token+`"`, "")})
}

func ended(d reconciler.DataPlane) bool { return d.(*Plane).ctx.Err() != nil }

func TestDataPlanesComeChangeAndGoWithTheirSecrets(t *testing.T) {
	v := &vault{}
	told := 0
	p := planesOf(t, v, func(c *PlanesConfig) { c.Plane.Changed = func() { told++ } })
	step := func(want string, news int) []reconciler.DataPlane {
		t.Helper()
		told = 0
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		list := p.List()
		if namesOf(list) != want || told != news {
			t.Fatalf("data planes %q, told of %d changes; want %q and %d", namesOf(list), told, want, news)
		}
		return list
	}
	step("", 0)

	v.set(good("b", "us-1", hush))
	v.set(good("a", "eu-1", hush))
	v.set(secret("c", nil, map[string]string{"kubeconfig": remote("", "")}))
	both := step("eu-1 us-1", 2)

	again := step("eu-1 us-1", 0)
	if again[0] != both[0] || again[1] != both[1] {
		t.Error("a data plane is another although its Secret has not changed")
	}

	v.set(good("a", "eu-1", "other"))
	changed := step("eu-1 us-1", 1)
	if changed[0] == both[0] || changed[1] != both[1] {
		t.Error("not just the data plane whose Secret has changed is another")
	}
	if !ended(both[0]) || ended(changed[0]) || ended(changed[1]) {
		t.Error("not just the data plane that was replaced has ended")
	}

	v.set(good("a", "eu-2", "other"))
	step("eu-2 us-1", 1)

	v.remove("b")
	step("eu-2", 1)
	if !ended(changed[1]) {
		t.Error("the data plane whose Secret is gone goes on")
	}

	last := p.List()[0]
	p.Close()
	if !ended(last) {
		t.Error("a data plane outlives its fleet")
	}
}

// A typing error in a Secret makes its data plane unreachable: it does not make
// its clusters vanish.
func TestADataPlaneWhoseSecretCannotBeReadStays(t *testing.T) {
	argo := func(data map[string]string) *corev1.Secret { return secret("a", asArgo, data) }
	for name, c := range map[string]struct{ before, after *corev1.Secret }{
		"a kubeconfig is broken": {
			good("a", "eu-1", hush), secret("a", asPlane, map[string]string{"kubeconfig": "{" + hush}),
		},
		"a kubeconfig is gone": {
			good("a", "eu-1", hush), secret("a", asPlane, nil),
		},
		"a kubeconfig logs in with a command": {
			good("a", "eu-1", hush),
			secret("a", asPlane, map[string]string{"kubeconfig": remote(`"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"hunter2"}`, "")}),
		},
		"a kubeconfig's certificate is none": {
			good("a", "eu-1", hush),
			secret("a", asPlane, map[string]string{"kubeconfig": remote(`"client-certificate-data":"aHVudGVyMg==","client-key-data":"aHVudGVyMg=="`, "")}),
		},
		"Argo CD's config is broken": {
			argo(map[string]string{"name": "eu-1", "server": "https://eu.example.com", "config": "{}"}),
			argo(map[string]string{"name": "eu-1", "server": "https://eu.example.com", "config": hush}),
		},
		"Argo CD's Secret has lost all its keys, and the name with them": {
			argo(map[string]string{"name": "eu-1", "server": "https://eu.example.com", "config": "{}"}), argo(nil),
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := &vault{}
			p := planesOf(t, v, nil)
			v.set(c.before)
			if err := p.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			was := p.List()
			v.set(c.after)
			if err := p.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := p.List()
			if namesOf(was) != "eu-1" || namesOf(now) != "eu-1" || was[0] == now[0] {
				t.Fatalf("data planes %q and then %q; want another eu-1", namesOf(was), namesOf(now))
			}
			if !ended(was[0]) {
				t.Error("the data plane goes on as the Secret was before")
			}
			_, observed := now[0].Observe(t.Context(), nil, "")
			acted := now[0].Act(t.Context(), plan.Action{Kind: plan.Step, DataPlane: "eu-1"})
			for _, err := range []error{observed, acted} {
				if err == nil || !strings.Contains(err.Error(), "fleet/a") {
					t.Fatalf("error %v; want one that names the Secret", err)
				}
				if strings.Contains(err.Error(), hush) {
					t.Errorf("error %q quotes the Secret", err)
				}
			}
			v.set(c.before)
			if err := p.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if mended := p.List(); namesOf(mended) != "eu-1" || ended(mended[0]) {
				t.Errorf("data planes %q once the Secret is mended; want eu-1", namesOf(mended))
			}
		})
	}
}

func TestDataPlanesStayAsTheyAreWhileTheirSecretsCannotBeListed(t *testing.T) {
	v := &vault{}
	p := planesOf(t, v, nil)
	v.set(good("a", "eu-1", hush))
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	was := p.List()
	v.fail(true)
	if err := p.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "namespace fleet") {
		t.Errorf("error %v; want one that names the namespace", err)
	}
	if now := p.List(); len(now) != 1 || now[0] != was[0] || ended(was[0]) {
		t.Error("the data planes are others because nobody could list them")
	}
}

func TestSecretsAreReadAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{}
		var log bytes.Buffer
		p := planesOf(t, v, func(c *PlanesConfig) {
			c.Secrets.Interval = time.Minute
			c.Plane.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.Run(ctx) }()
		after := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := namesOf(p.List()); got != want {
				t.Fatalf("data planes %q; want %q", got, want)
			}
		}
		after(0, "")
		v.set(good("a", "eu-1", hush))
		after(30*time.Second, "")
		after(31*time.Second, "eu-1")
		v.fail(true)
		v.remove("a")
		after(10*time.Minute, "eu-1")
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "stay as they are") {
			t.Errorf("%d lines of log; a problem that lasts is one\n%s", lines, &log)
		}
		v.fail(false)
		after(time.Minute, "")
		cancel()
		<-done
		asked := v.asked
		time.Sleep(time.Hour)
		if v.asked != asked {
			t.Error("the Secrets are still read after the end")
		}
	})
}

func TestAFleetWithoutALogGoesOnWhenItsSecretsCannotBeListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{}
		p := planesOf(t, v, nil)
		v.fail(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		p.Run(ctx)
		if want := int(time.Hour / (15 * time.Second)); v.asked < want || v.asked > want+1 {
			t.Errorf("asked %d times in an hour; want every 15 seconds, %d", v.asked, want)
		}
	})
}

func TestDataPlanesThatAreAlwaysThere(t *testing.T) {
	at := func(name string, labels map[string]string) Connection {
		return Connection{Name: name, REST: &rest.Config{Host: "http://" + name}, Labels: labels}
	}
	now := func() time.Time { return noon }
	p, err := NewPlanes(PlanesConfig{
		Connections: []Connection{at("us", map[string]string{"cloud": "gcp", "tier": "1"}), at("eu", nil)},
		Labels:      map[string]map[string]string{"us": {"cloud": "aws"}},
		Plane:       Config{Now: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Refresh(t.Context()); err != nil {
		t.Errorf("error %v; without Secrets there is nothing to read", err)
	}
	p.Run(t.Context()) // has nothing to follow, and returns
	if got := namesOf(p.List()); got != "us eu" {
		t.Errorf("data planes %q; want them in the order in which they are configured", got)
	}
	if got := p.List()[0].(*Plane).cfg.Labels; !maps.Equal(got, map[string]string{"cloud": "aws", "tier": "1"}) {
		t.Errorf("labels %v; what is configured goes before what the connection says", got)
	}
	if _, err := NewPlanes(PlanesConfig{Connections: []Connection{at("eu", nil), at("eu", nil)}, Plane: Config{Now: now}}); err == nil || !strings.Contains(err.Error(), `two are called "eu"`) {
		t.Errorf("error %v; want one that tells that two have one name", err)
	}
	if _, err := NewPlanes(PlanesConfig{Connections: []Connection{at("", nil)}, Plane: Config{Now: now}}); err == nil || !strings.Contains(err.Error(), "name is missing") {
		t.Errorf("error %v; want one that tells that the name is missing", err)
	}
	if _, err := NewPlanes(PlanesConfig{Connections: []Connection{at("eu", nil)}}); err == nil || !strings.Contains(err.Error(), "Now is missing") {
		t.Errorf("error %v; want one that tells that the clock is missing", err)
	}
}
