package kube

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/wavegate-dev/wavegate/reconciler"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// PlanesConfig is where the data planes of a fleet are found.
type PlanesConfig struct {
	// Connections are those that are always there.
	Connections []Connection
	// Secrets, if set, is the API server and the namespace whose Secrets describe
	// more of them; they come and go while this runs.
	Secrets *SecretsConfig
	// Labels are added by data plane, and go before what a connection says.
	Labels map[string]map[string]string
	// Plane has what all data planes share: everything but Name, REST and Labels.
	Plane Config
}

// SecretsConfig is where Secrets describe data planes.
type SecretsConfig struct {
	Connection Connection
	Namespace  string
	// Interval is how often they are listed; 15s without it.
	Interval time.Duration
}

// Planes are the data planes of a fleet.
type Planes struct {
	cfg     PlanesConfig
	secrets clients

	mu    sync.Mutex
	fixed []reconciler.DataPlane
	found map[string]*foundPlane // by the Secret's name
}

type foundPlane struct {
	sum   [sha256.Size]byte
	plane reconciler.DataPlane
}

// NewPlanes connects to what is always there. The caller closes it.
func NewPlanes(cfg PlanesConfig) (*Planes, error) {
	if cfg.Plane.Log == nil {
		cfg.Plane.Log = slog.New(slog.DiscardHandler)
	}
	p := &Planes{cfg: cfg, found: map[string]*foundPlane{}}
	seen := map[string]bool{}
	for _, c := range cfg.Connections {
		if seen[c.Name] {
			return nil, fmt.Errorf("connect data planes: two are called %q; rename a context", c.Name)
		}
		seen[c.Name] = true
		plane, err := p.connect(c)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.fixed = append(p.fixed, plane)
	}
	if s := cfg.Secrets; s != nil {
		var err error
		if p.secrets, err = newClients(s.Connection.REST, defaultReads); err != nil {
			p.Close()
			return nil, fmt.Errorf("connect to the Secrets of data planes: %w", err)
		}
		if s.Interval <= 0 {
			s.Interval = 15 * time.Second
		}
	}
	return p, nil
}

func (p *Planes) connect(c Connection) (*Plane, error) {
	cfg := p.cfg.Plane
	cfg.Name, cfg.REST, cfg.Labels = c.Name, c.REST, map[string]string{}
	maps.Copy(cfg.Labels, c.Labels)
	maps.Copy(cfg.Labels, p.cfg.Labels[c.Name])
	return New(cfg)
}

// List returns the data planes that there are now.
func (p *Planes) List() []reconciler.DataPlane {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Clone(p.fixed)
	for _, name := range slices.Sorted(maps.Keys(p.found)) {
		out = append(out, p.found[name].plane)
	}
	return out
}

// Run follows the Secrets until the context ends. While they cannot be listed the
// data planes stay as they are.
func (p *Planes) Run(ctx context.Context) {
	if p.cfg.Secrets == nil {
		return
	}
	ticker := time.NewTicker(p.cfg.Secrets.Interval)
	defer ticker.Stop()
	failed := false
	for {
		err := p.Refresh(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			p.cfg.Plane.Log.Error("data planes stay as they are", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Refresh reads the Secrets once.
func (p *Planes) Refresh(ctx context.Context) error {
	s := p.cfg.Secrets
	if s == nil {
		return nil
	}
	list, err := p.secrets.CoreV1().Secrets(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list Secrets of namespace %s: %w", s.Namespace, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	there := map[string]bool{}
	for i := range list.Items {
		o := &list.Items[i]
		if !isPlane(o) {
			continue
		}
		there[o.Name] = true
		sum := fingerprint(o)
		old := p.found[o.Name]
		if old != nil && old.sum == sum {
			continue
		}
		plane := p.fromSecret(o)
		if old != nil {
			shut(old.plane)
			if u, lost := plane.(*unreadable); lost {
				u.name = old.plane.Name() // it may have stood in what cannot be read
			}
		}
		p.found[o.Name] = &foundPlane{sum: sum, plane: plane}
		p.changed()
	}
	for name, f := range p.found {
		if !there[name] {
			shut(f.plane)
			delete(p.found, name)
			p.changed()
		}
	}
	return nil
}

func (p *Planes) changed() {
	if f := p.cfg.Plane.Changed; f != nil {
		f()
	}
}

// fromSecret is the data plane that a Secret describes. One that cannot be read is
// a data plane that cannot be reached, and says why: its clusters do not vanish
// because of a typing error.
func (p *Planes) fromSecret(o *corev1.Secret) reconciler.DataPlane {
	c, err := connectionOf(o)
	if err != nil {
		return &unreadable{name: c.Name, err: err}
	}
	plane, err := p.connect(c)
	if err != nil {
		return &unreadable{name: c.Name, err: fmt.Errorf("read Secret %s/%s: %w", o.Namespace, o.Name, errors.New("its connection is invalid"))}
	}
	return plane
}

// Close ends all data planes.
func (p *Planes) Close() {
	for _, d := range p.List() {
		shut(d)
	}
}

func shut(d reconciler.DataPlane) {
	if plane, ok := d.(*Plane); ok {
		plane.Close()
	}
}

// unreadable is a data plane that nobody can say how to reach.
type unreadable struct {
	name string
	err  error
}

func (u *unreadable) Name() string { return u.name }

func (u *unreadable) Observe(context.Context, []fleet.Product, string) (plan.Observation, error) {
	return plan.Observation{}, u.err
}

func (u *unreadable) Act(context.Context, plan.Action) error { return u.err }
