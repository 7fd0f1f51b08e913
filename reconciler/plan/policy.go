package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/schedule"
)

// Policy is a [fleet.Spec] made ready for deciding: windows compiled, cohorts
// and windows indexed by the labels that they ask for.
type Policy struct {
	Spec *fleet.Spec

	products  map[string]*fleet.Product
	cohorts   map[string]int
	stage     []int   // of each cohort
	before    [][]int // cohorts in earlier stages, of each cohort
	windows   []*schedule.Window
	index     *schedule.Index
	keys      []string // label keys that cohort and window selectors read
	byCohort  selectorIndex
	byWindow  selectorIndex
	pins      map[string]int32 // cluster name -> pin
	emergency map[string]int   // product -> emergency
}

// Compile makes a spec ready. It fails when a window cannot be compiled, which
// fleet.Load would have refused.
func Compile(spec *fleet.Spec) (*Policy, error) {
	p := &Policy{
		Spec: spec, products: map[string]*fleet.Product{}, cohorts: map[string]int{},
		pins: map[string]int32{}, emergency: map[string]int{},
	}
	for i := range spec.Products {
		p.products[spec.Products[i].Name] = &spec.Products[i]
	}
	for i := range spec.Cohorts {
		p.cohorts[spec.Cohorts[i].Name] = i
	}
	p.compileOrder()
	for i := range spec.Pins {
		for _, c := range spec.Pins[i].Spec.Clusters {
			p.pins[c] = int32(i)
		}
	}
	for i := range spec.Emergencies {
		p.emergency[spec.Emergencies[i].Spec.Product] = i
	}
	for i := range spec.Windows {
		w := &spec.Windows[i]
		compiled, err := schedule.New(rule(w))
		if err != nil {
			return nil, fmt.Errorf("compile window %s: %w", w.Name, err)
		}
		p.windows = append(p.windows, compiled)
	}
	p.index = schedule.NewIndex(p.windows)
	cohorts := make([]fleet.Selector, len(spec.Cohorts))
	for i := range spec.Cohorts {
		cohorts[i] = spec.Cohorts[i].Spec.Selector
	}
	windows := make([]fleet.Selector, len(spec.Windows))
	for i := range spec.Windows {
		windows[i] = spec.Windows[i].Spec.Selector
	}
	p.byCohort, p.byWindow = newSelectorIndex(cohorts), newSelectorIndex(windows)
	p.keys = slices.Concat(p.byCohort.keys, p.byWindow.keys, []string{fleet.LabelProduct})
	slices.Sort(p.keys)
	p.keys = slices.Compact(p.keys)
	return p, nil
}

func (p *Policy) compileOrder() {
	n := len(p.Spec.Cohorts)
	p.stage, p.before = make([]int, n), make([][]int, n)
	var earlier []int
	for s, stage := range p.Spec.Fleet.Spec.Order {
		var here []int
		for _, name := range stage {
			if c, ok := p.cohorts[name]; ok {
				p.stage[c] = s
				p.before[c] = slices.Clone(earlier)
				here = append(here, c)
			}
		}
		earlier = append(earlier, here...)
	}
}

// emergencyOf returns the emergency that a target comes from, or nil.
func (p *Policy) emergencyOf(t *Target) *fleet.Emergency {
	if t == nil || t.Emergency == "" {
		return nil
	}
	if e, ok := p.emergency[productOf(p, t.Emergency)]; ok && p.Spec.Emergencies[e].Name == t.Emergency {
		return &p.Spec.Emergencies[e]
	}
	return nil
}

func productOf(p *Policy, emergency string) string {
	for i := range p.Spec.Emergencies {
		if p.Spec.Emergencies[i].Name == emergency {
			return p.Spec.Emergencies[i].Spec.Product
		}
	}
	return ""
}

func skips(e *fleet.Emergency, what fleet.EmergencySkip) bool {
	return e != nil && slices.Contains(e.Spec.Skip, what)
}

// pin returns the pin that holds a cluster, or -1; expired tells that it has
// run out.
func (p *Policy) pin(cluster string, now time.Time) (pin int32, expired bool) {
	i, ok := p.pins[cluster]
	if !ok {
		return -1, false
	}
	return i, !now.Before(p.Spec.Pins[i].Spec.Expires.Time)
}

// selectorIndex finds the selectors that may match a cluster without trying
// all of them: each is filed under one value that it asks for.
type selectorIndex struct {
	selectors []fleet.Selector
	keys      []string
	byValue   map[keyValue][]int32
	always    []int32 // selectors that ask for no particular value
}

type keyValue struct{ key, value string }

func newSelectorIndex(selectors []fleet.Selector) selectorIndex {
	ix := selectorIndex{selectors: selectors, byValue: map[keyValue][]int32{}}
	for i, s := range selectors {
		for k := range s.MatchLabels {
			ix.keys = append(ix.keys, k)
		}
		for _, r := range s.MatchExpressions {
			ix.keys = append(ix.keys, r.Key)
		}
		key, values := filed(s)
		if key == "" {
			ix.always = append(ix.always, int32(i))
			continue
		}
		for _, v := range values {
			kv := keyValue{key, v}
			ix.byValue[kv] = append(ix.byValue[kv], int32(i))
		}
	}
	slices.Sort(ix.keys)
	ix.keys = slices.Compact(ix.keys)
	return ix
}

// filed returns the key and the values that a selector is filed under.
func filed(s fleet.Selector) (key string, values []string) {
	for k := range s.MatchLabels {
		if key == "" || k < key {
			key = k
		}
	}
	if key != "" {
		return key, []string{s.MatchLabels[key]}
	}
	for _, r := range s.MatchExpressions {
		if r.Operator == fleet.In {
			return r.Key, slices.Compact(slices.Sorted(slices.Values(r.Values)))
		}
	}
	return "", nil
}

// match appends the numbers of the selectors that match, ascending.
func (ix *selectorIndex) match(value func(string) (string, bool)) []int32 {
	var out []int32
	try := func(candidates []int32) {
		for _, i := range candidates {
			if ix.selectors[i].Matches(value) {
				out = append(out, i)
			}
		}
	}
	try(ix.always)
	for _, k := range ix.keys {
		if v, ok := value(k); ok {
			try(ix.byValue[keyValue{k, v}])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rule returns a window as package schedule reads it.
func rule(w *fleet.Window) schedule.Rule {
	kind := schedule.Blackout
	if w.Spec.Type == fleet.Maintenance {
		kind = schedule.Maintenance
	}
	return schedule.Rule{
		Kind: kind, Cron: w.Spec.Schedule, Duration: time.Duration(w.Spec.Duration),
		From: w.Spec.From, Until: w.Spec.Until, TimeZone: w.Spec.TimeZone,
	}
}
