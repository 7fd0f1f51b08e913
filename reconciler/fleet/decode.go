package fleet

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxText bounds one text in bytes. What is written here is repeated in comments
// and chats, which have bounds of their own.
const maxText = 4096

// decoder fills Go values from a tree of YAML nodes and remembers where each of
// them was written.
type decoder struct {
	loader *Loader
	file   *parsedFile
	doc    *document
	failed map[string]bool // paths that have a problem
}

func (d *decoder) fail(n *yaml.Node, path string, err error) {
	d.doc.broken = true
	d.failed[path] = true
	d.file.report(placeOf(n), fmt.Errorf("%s%w", prefix(path), err))
}

// decode fills v, which must be addressable.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	if _, known := d.doc.places[path]; !known {
		d.doc.places[path] = placeOf(n)
	}
	at := n
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && isPlain(n) && kindOfPlain(n.Value) == "empty" {
		d.fail(at, path, advise("give it one, or remove the line", "has no value"))
		return
	}
	switch target := v.Addr().Interface().(type) {
	case *Version:
		decodeText(d, at, n, path, "version ", ":", parseVersion, target)
	case *Duration:
		decodeText(d, at, n, path, "", "", parseDuration, target)
	case *Moment:
		decodeText(d, at, n, path, "", "", parseMoment, target)
	case *Size:
		d.decodeSize(at, n, path, target)
	case *Metric:
		d.decodeMetric(at, n, path, target)
	case *Stage:
		d.decodeStage(at, n, path, target)
	default:
		d.decodeKind(at, n, v, path)
	}
}

func (d *decoder) decodeKind(at, n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := d.text(at, n, path); ok {
			d.setString(at, v, path, s)
		}
	case reflect.Int:
		d.decodeInt(at, n, v, path)
	case reflect.Float64:
		d.decodeFloat(at, n, v, path)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || !isPlain(n) || (n.Value != "true" && n.Value != "false") {
			d.fail(at, path, advise("write true or false", "is %s", nodeWord(n)))
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), path)
	case reflect.Slice:
		d.decodeSlice(at, n, v, path)
	case reflect.Map:
		d.decodeMap(at, n, v, path)
	case reflect.Struct:
		d.decodeStruct(at, n, v, path)
	default:
		panic("fleet: no document has a field of type " + v.Type().String())
	}
}

// text reads a scalar that YAML 1.1 takes for text as well.
func (d *decoder) text(at, n *yaml.Node, path string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.fail(at, path, fmt.Errorf("is %s, but must be text", nodeWord(n)))
		return "", false
	}
	if isPlain(n) {
		if kind := kindOfPlain(n.Value); kind != "" {
			d.fail(at, path, advise("write it in quotes: "+strconv.Quote(n.Value), "%s is %s in YAML, not text", n.Value, kind))
			return "", false
		}
	}
	if len(n.Value) > maxText {
		d.fail(at, path, advise("keep it short: people read it in messages", "has %d bytes, more than %d", len(n.Value), maxText))
		return "", false
	}
	if err := checkVisible(n.Value); err != nil {
		d.fail(at, path, err)
		return "", false
	}
	return n.Value, true
}

func decodeText[T any](d *decoder, at, n *yaml.Node, path, noun, colon string, parse func(string) (T, error), target *T) {
	s, ok := "", false
	if n.Kind == yaml.ScalarNode && isPlain(n) && kindOfPlain(n.Value) == "a number" {
		// Most numbers are no such text at all, and that is the better message.
		if _, err := parse(n.Value); err != nil {
			d.fail(at, path, fmt.Errorf("%s%s%s %w", noun, n.Value, colon, err))
			return
		}
	}
	if s, ok = d.text(at, n, path); !ok {
		return
	}
	value, err := parse(s)
	if err != nil {
		d.fail(at, path, fmt.Errorf("%s%s%s %w", noun, quote(s), colon, err))
		return
	}
	*target = value
}

func (d *decoder) setString(at *yaml.Node, v reflect.Value, path, s string) {
	if words := enumOf(v.Type()); words != nil && !slices.Contains(words, s) {
		d.fail(at, path, advise(didYouMean(s, words), "%s is unknown", quote(s)))
		return
	}
	v.SetString(s)
}

func (d *decoder) decodeInt(at, n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode || !isPlain(n) || !isDecimal(n.Value) {
		d.fail(at, path, advise("write a whole number without quotes, as in 5", "is no whole number"))
		return
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || i > math.MaxInt32 || i < math.MinInt32 {
		d.fail(at, path, fmt.Errorf("%s is out of range: it is more than %d", quote(n.Value), math.MaxInt32))
		return
	}
	v.SetInt(i)
}

func (d *decoder) decodeFloat(at, n *yaml.Node, v reflect.Value, path string) {
	f, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || !isPlain(n) || err != nil || math.IsNaN(f) || math.IsInf(f, 0) || !startsNumber(n.Value) {
		d.fail(at, path, advise("write a number without quotes, as in 50 or 0.75", "is no number"))
		return
	}
	v.SetFloat(f)
}

// startsNumber leaves out what Go takes for a number and YAML does not: 0x1p-2,
// 1_000, infinity.
func startsNumber(s string) bool { return strings.Trim(s, "+-.0123456789eE") == "" }

func (d *decoder) decodeSize(at, n *yaml.Node, path string, target *Size) {
	if n.Kind != yaml.ScalarNode {
		d.fail(at, path, advise(`write 3, or "10%"`, "is %s", nodeWord(n)))
		return
	}
	quoted, isPercent := !isPlain(n), strings.HasSuffix(n.Value, "%")
	if quoted && !isPercent && allDigits(n.Value) {
		d.fail(at, path, advise("write "+trimLong(n.Value)+" without quotes", "%s is text", quote(n.Value)))
		return
	}
	size, err := parseSize(n.Value)
	if err == nil && !isPercent && !isDecimal(n.Value) {
		err = errors.New("begins with a zero")
	}
	if err != nil {
		d.fail(at, path, fmt.Errorf("%s %w", quote(n.Value), err))
		return
	}
	*target = size
}

func (d *decoder) decodeStage(at, n *yaml.Node, path string, target *Stage) {
	if n.Kind == yaml.SequenceNode {
		var names []string
		d.decodeSlice(at, n, reflect.ValueOf(&names).Elem(), path)
		if len(names) == 0 && !d.failed[path] {
			d.fail(at, path, errors.New("the stage is an empty list"))
		}
		*target = names
		return
	}
	if name, ok := d.text(at, n, path); ok {
		*target = Stage{name}
	}
}

func (d *decoder) decodeSlice(at, n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(at, path, advise("write it as a list: [...]", "is %s, but must be a list", nodeWord(n)))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, child := range n.Content {
		d.decode(child, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *decoder) decodeMap(at, n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(at, path, advise("write it as a map: {key: value}", "is %s, but must be a map", nodeWord(n)))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Content)/2))
	d.entries(n, path, func(key string, keyNode, valueNode *yaml.Node) {
		child := childPath(path, key)
		d.doc.places[child] = placeOf(keyNode)
		elem := reflect.New(v.Type().Elem()).Elem()
		d.decode(valueNode, elem, child)
		v.SetMapIndex(reflect.ValueOf(key), elem)
	})
}

func (d *decoder) decodeStruct(at, n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(at, path, advise("write it as a map: {key: value}", "is %s, but must be a map", nodeWord(n)))
		return
	}
	s := d.loader.shapeOf(v.Type())
	given := make([]bool, len(s.fields))
	d.entries(n, path, func(key string, keyNode, valueNode *yaml.Node) {
		i, ok := s.byName[key]
		if !ok {
			d.doc.broken = true
			d.file.report(placeOf(keyNode), advise(didYouMean(key, s.names), "%sunknown field %s", prefix(path), quote(key)))
			return
		}
		given[i] = true
		child := childPath(path, key)
		d.doc.places[child] = placeOf(valueNode)
		d.decode(valueNode, v.Field(s.fields[i].index), child)
	})
	for i, f := range s.fields {
		if !f.required {
			continue
		}
		child := childPath(path, f.name)
		if !given[i] {
			d.fail(at, child, advise(f.description, "is missing"))
		} else if isHollow(v.Field(f.index)) && !d.failed[child] {
			d.fail(at, child, advise(f.description, "is empty"))
		}
	}
}

// isHollow reports whether a required field was given without content.
func isHollow(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	default:
		return false
	}
}

// entries visits the pairs of a map in their order. It refuses keys that are no
// text and keys that come twice.
func (d *decoder) entries(n *yaml.Node, path string, visit func(key string, keyNode, valueNode *yaml.Node)) {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode := n.Content[i]
		if keyNode.Kind != yaml.ScalarNode {
			d.fail(keyNode, path, fmt.Errorf("a key is %s, but must be text", nodeWord(keyNode)))
			continue
		}
		key, ok := d.text(keyNode, keyNode, path)
		if !ok {
			continue
		}
		if first, twice := seen[key]; twice {
			d.doc.broken = true
			d.file.report(placeOf(keyNode), advise(
				fmt.Sprintf("keep one; the other is in line %d", first.Line), "%s%s is given twice", prefix(path), quote(key),
			))
			continue
		}
		seen[key] = keyNode
		visit(key, keyNode, n.Content[i+1])
	}
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// childPath names a field or a key of a map, for messages and for places.
func childPath(path, key string) string {
	switch {
	case strings.ContainsAny(key, "./[]\" \n\t"):
		return path + "[" + quote(key) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}
