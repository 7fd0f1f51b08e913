package fleet

import (
	"fmt"
	"slices"
	"strings"
)

// entry is a document and the file in which it lies.
type entry struct {
	*document
	file string
}

func (e entry) position(path string) Position {
	p := e.placeOf(path).position()
	p.File = e.file
	return p
}

// collection is all documents of a repository, and what is wrong with them.
type collection struct {
	all      []entry
	byKind   map[string]map[string]entry
	problems Problems
	// lost tells that documents may exist that could not be read: then nothing
	// is said about what is missing.
	lost bool
}

func newCollection(files []sourceFile) *collection {
	c := &collection{byKind: map[string]map[string]entry{}}
	for _, kind := range kinds() {
		c.byKind[kind] = map[string]entry{}
	}
	for _, f := range files {
		c.lost = c.lost || f.parsed.lost
		for _, p := range f.parsed.problems {
			p.File = f.name
			c.problems = append(c.problems, p)
		}
		for _, doc := range f.parsed.documents {
			c.add(entry{doc, f.name})
		}
	}
	return c
}

func (c *collection) add(e entry) {
	c.all = append(c.all, e)
	if e.meta.Name == "" {
		c.lost = true // others may mean it
		return
	}
	if first, twice := c.byKind[e.kind][e.meta.Name]; twice && e.kind != "Fleet" {
		c.report(e, "metadata.name", advise(
			"rename one of them; the other is at "+first.position("metadata.name").String(),
			"there are two of kind %s with the name %s", e.kind, e.meta.Name,
		))
		return
	}
	c.byKind[e.kind][e.meta.Name] = e
}

func (c *collection) report(e entry, path string, err error) {
	if path != "metadata.name" {
		err = fmt.Errorf("%s%w", prefix(path), err)
	}
	p := problemOf(e.placeOf(path), err)
	p.File = e.file
	c.problems = append(c.problems, p)
}

func (c *collection) names(kind string) []string {
	out := make([]string, 0, len(c.byKind[kind]))
	for name := range c.byKind[kind] {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// mustExist reports a reference to something that is not there.
func (c *collection) mustExist(e entry, path, kind, name string) {
	if _, ok := c.byKind[kind][name]; ok || c.lost || name == "" {
		return
	}
	c.report(e, path, advise(didYouMean(name, c.names(kind)), "there is no %s with the name %s", strings.ToLower(kind), quote(name)))
}

// of returns the documents of a type with their values.
func of[T any](c *collection, visit func(e entry, v *T)) {
	for _, e := range c.all {
		if v, ok := e.value.(*T); ok {
			visit(e, v)
		}
	}
}

// assemble checks all documents against each other and returns the spec, which
// is of use only when there are no problems.
func (c *collection) assemble() *Spec {
	fleet := c.theFleet()
	c.checkReferences()
	c.checkPins()
	c.checkEmergencies(fleet)
	c.checkOrder(fleet)
	c.checkOverlaps()
	if len(c.problems) > 0 || fleet == nil {
		return nil
	}
	return c.spec()
}

// theFleet returns the only document of kind Fleet.
func (c *collection) theFleet() *entry {
	var fleet *entry
	for i, e := range c.all {
		switch {
		case e.kind != "Fleet":
		case fleet == nil:
			fleet = &c.all[i]
		default:
			c.report(e, "metadata.name", advise(
				"keep one of them; the other is at "+fleet.position("metadata.name").String(), "there are two documents of kind Fleet",
			))
		}
	}
	if fleet == nil && !c.lost {
		message := "there is no document of kind Fleet"
		if len(c.all) == 0 && len(c.problems) == 0 {
			message = "the fleet repository is empty: there is no document of kind Fleet"
		}
		c.problems = append(c.problems, Problem{
			Position: Position{File: "."}, Message: message,
			Hint: "add one, as in fleet.yaml of the example repository, or check the folder",
		})
	}
	return fleet
}
