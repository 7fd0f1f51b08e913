package datadog

import (
	"context"
	"fmt"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Problem is something that keeps a monitor from being relied upon.
type Problem struct {
	// Product and Monitor name it in the fleet repository.
	Product, Monitor string
	// Message says what is wrong and, where that is not plain, what to do.
	Message string
}

// String is the problem in one line.
func (p Problem) String() string { return p.Product + "/" + p.Monitor + ": " + p.Message }

// Check asks Datadog about the monitors of the products and returns what would
// keep them from being relied upon: a query that matches nothing or cannot be
// read, groups that are muted, have no data or lack the cluster tag. A monitor
// that fires is no problem here. It calls Datadog once for each distinct query
// and keeps nothing.
func (m *Monitors) Check(ctx context.Context, products []fleet.Product) []Problem {
	var problems []Problem
	answers := map[string]*answer{}
	failures := map[string]error{}
	var fatal error
	for _, query := range queriesOf(products) {
		if fatal != nil {
			failures[query] = fatal
			continue
		}
		asOf := m.cfg.Now()
		groups, _, err := m.client.groups(ctx, query)
		if err != nil {
			failures[query] = err
			if blameOf(err) == thisServer {
				fatal = err // the next one would fail in the same way
			}
			continue
		}
		answers[query] = newAnswer(asOf, groups, nil)
	}
	eachMonitor(products, func(product string, mon *fleet.Monitor) {
		report := func(format string, args ...any) {
			problems = append(problems, Problem{product, mon.Name, fmt.Sprintf(format, args...)})
		}
		query, tag := mon.Datadog.Query, mon.Datadog.ClusterTag
		if why := refuse(mon.Datadog); why != "" {
			report("%s", why)
			return
		}
		if err := failures[query]; err != nil {
			report("it cannot be read: %v", err)
			return
		}
		v := judge(answers[query], query, tag, m.cfg.AppURL)
		if v.blind != "" {
			report("%s", v.blind)
			return
		}
		if len(v.troubles) > 0 {
			report("%s", list(v.troubles, 10))
		}
		if len(v.unmapped) > 0 {
			report("%s without the tag %s: %s", plural(len(v.unmapped), "group"), tag, list(v.unmapped, 10))
		}
	})
	return problems
}
