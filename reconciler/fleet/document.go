package fleet

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one document of a file: its value, of one of the types Fleet,
// Product, Cohort, Window, Pin and Emergency, without the name of the file.
type document struct {
	kind   string
	meta   Meta
	value  any
	at     place
	places map[string]place
	// broken tells that something is wrong in it: others may refer to it, but
	// what it says cannot be relied upon.
	broken bool
}

// placeOf returns where a field was written, or the nearest that encloses it.
func (d *document) placeOf(path string) place {
	for path != "" {
		if p, ok := d.places[path]; ok {
			return p
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.at
}

// has reports whether a field was written.
func (d *document) has(path string) bool {
	_, ok := d.places[path]
	return ok
}

// envelope is what a document looks like in YAML and in the JSON Schema.
type envelope[S any] struct {
	APIVersion string `json:"apiVersion" jsonschema:"always wavegate.dev/v1alpha1"`
	Kind       string `json:"kind" jsonschema:"what the document describes"`
	Metadata   Meta   `json:"metadata" jsonschema:"the name of the document"`
	Spec       S      `json:"spec" jsonschema:"what is described"`
}

// kinds are the kinds of document, in the order in which messages list them.
func kinds() []string {
	return []string{"Fleet", "Product", "Cohort", "Window", "Pin", "Emergency"}
}

func (l *Loader) parseDocument(p *parsedFile, n *yaml.Node) {
	root := n
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		root = n.Content[0]
	}
	if isEmptyDocument(root) {
		return
	}
	if root.Kind != yaml.MappingNode {
		p.report(placeOf(root), advise("each document begins with apiVersion and kind", "the document is %s, but must be a map", nodeWord(root)))
		p.lost = true
		return
	}
	if bad, err := (&guard{limits: l.limits}).check(root, 0, false); err != nil {
		p.report(placeOf(bad), err)
		p.lost = true
		return
	}
	doc := &document{at: placeOf(root), places: map[string]place{}}
	if !readHeader(p, doc, root) {
		p.lost = true
		return
	}
	d := &decoder{loader: l, file: p, doc: doc, failed: map[string]bool{}}
	switch doc.kind {
	case "Fleet":
		doc.value = decodeAs(d, root, func(m Meta, s FleetSpec) *Fleet { return &Fleet{m, s} })
	case "Product":
		doc.value = decodeAs(d, root, func(m Meta, s ProductSpec) *Product { return &Product{m, s} })
	case "Cohort":
		doc.value = decodeAs(d, root, func(m Meta, s CohortSpec) *Cohort { return &Cohort{m, s} })
	case "Window":
		doc.value = decodeAs(d, root, func(m Meta, s WindowSpec) *Window { return &Window{m, s} })
	case "Pin":
		doc.value = decodeAs(d, root, func(m Meta, s PinSpec) *Pin { return &Pin{m, s} })
	case "Emergency":
		doc.value = decodeAs(d, root, func(m Meta, s EmergencySpec) *Emergency { return &Emergency{m, s} })
	}
	p.documents = append(p.documents, doc)
	if !d.failed["metadata"] && !d.failed["metadata.name"] {
		if err := checkName(doc.meta.Name); err != nil {
			d.report("metadata.name", err)
		}
	}
	d.checkDocument()
}

// asked are the paths that [Meta.At] is asked for.
var asked = regexp.MustCompile(`^spec\.(monitors\[\d+\]|orderBy\[\d+\]\.metric|selector\.metric)$`)

func decodeAs[S, D any](d *decoder, root *yaml.Node, build func(Meta, S) *D) *D {
	var e envelope[S]
	d.decodeStruct(root, root, reflect.ValueOf(&e).Elem(), "")
	at := d.doc.placeOf("metadata.name")
	e.Metadata.Position = at.position()
	e.Metadata.places = map[string]place{}
	for path, at := range d.doc.places {
		if asked.MatchString(path) {
			e.Metadata.places[path] = at
		}
	}
	d.doc.meta = e.Metadata
	return build(e.Metadata, e.Spec)
}

// readHeader finds out what a document is. What is not of this system is
// refused rather than passed over, because a typing error in a blackout's
// apiVersion would look the same.
func readHeader(p *parsedFile, doc *document, root *yaml.Node) bool {
	const other = "begin the name of a file or folder with a dot when it is not part of the fleet"
	version, versionNode := field(root, "apiVersion")
	switch {
	case versionNode == nil:
		p.report(doc.at, advise("write apiVersion: "+APIVersion+", or "+other, "apiVersion is missing"))
		return false
	case version != APIVersion:
		p.report(placeOf(versionNode), advise("write "+APIVersion+", or "+other, "apiVersion %s is unknown", quote(version)))
		return false
	}
	kind, kindNode := field(root, "kind")
	if kindNode == nil {
		p.report(doc.at, advise("write one of "+strings.Join(kinds(), ", "), "kind is missing"))
		return false
	}
	for _, known := range kinds() {
		if kind == known {
			doc.kind = kind
			return true
		}
	}
	p.report(placeOf(kindNode), advise(didYouMean(kind, kinds()), "kind %s is unknown", quote(kind)))
	return false
}

// field returns the first scalar field of that name.
func field(n *yaml.Node, name string) (string, *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value, n.Content[i+1]
		}
	}
	return "", nil
}

// report adds a problem of a field of the document, unless the field could not
// be read at all, which has been reported then.
func (d *decoder) report(path string, err error) {
	for failed := range d.failed {
		if rest, ok := strings.CutPrefix(failed, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return
		}
	}
	d.doc.broken = true
	d.file.report(d.doc.placeOf(path), fmt.Errorf("%s%w", prefix(path), err))
}
