package prometheus

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Problem is one thing because of which a monitor would not work now.
type Problem struct {
	// Product and Monitor name the monitor. They are empty when the problem is a
	// server's own.
	Product, Monitor string
	// Source is the server that was asked, such as "Prometheus eu"; empty when
	// there is none to ask.
	Source string
	// Message says what is wrong.
	Message string
	// Hint says what to do about it, when that is not plain from the message.
	Hint string
}

// String renders the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Monitor != "" {
		fmt.Fprintf(&b, "monitor %s of product %s: ", p.Monitor, p.Product)
	}
	b.WriteString(strings.TrimSpace(p.Source + " " + p.Message))
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Check asks all servers now, and returns what would keep the monitors of the
// products from being relied upon: a rule that does not exist, is not healthy,
// was not evaluated, is evaluated less often than its monitor's maxAge allows,
// fires without saying where, or is silenced. The order is that of the products.
// It does not need Run, and does not change what Signals returns.
func (m *Monitors) Check(ctx context.Context, products []fleet.Product) []Problem {
	states := make([]state, len(m.sources))
	var wg sync.WaitGroup
	for i, s := range m.sources {
		wg.Go(func() {
			a, err := s.ask(ctx)
			states[i] = state{s, a, err}
		})
	}
	wg.Wait()
	var problems []Problem
	var heard []state
	for _, s := range states {
		if s.failed != nil {
			problems = append(problems, Problem{Source: s.source.name, Message: "does not answer: " + s.failed.Error()})
			continue
		}
		heard = append(heard, s)
	}
	now := m.cfg.Now()
	for i := range products {
		p := &products[i]
		for j := range p.Spec.Monitors {
			mon := &p.Spec.Monitors[j]
			if mon.Prometheus == nil {
				continue
			}
			add := func(f finding) {
				problems = append(problems, Problem{Product: p.Name, Monitor: mon.Name, Source: f.source, Message: f.text, Hint: f.hint})
			}
			if !m.served(p.Name) {
				add(unserved(p.Name))
			}
			for k := range heard {
				s := &heard[k]
				if !s.source.serves(p.Name) {
					continue
				}
				r := s.newest.read(mon.Prometheus.Alert)
				for _, f := range append(s.faults(&r, mon, now), s.hushedEverywhere(&r, mon)...) {
					add(f)
				}
				if maxAge := time.Duration(mon.MaxAge); r.interval > maxAge {
					add(finding{
						s.source.name,
						fmt.Sprintf("evaluates rule %s every %s, and the monitor is unknown after %s", mon.Prometheus.Alert, r.interval, maxAge),
						"set maxAge to more than twice the interval, or evaluate more often",
					})
				}
			}
		}
	}
	return problems
}

// served reports whether any source serves a product.
func (m *Monitors) served(product string) bool {
	for _, s := range m.sources {
		if s.serves(product) {
			return true
		}
	}
	return false
}
