package fleet

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"reflect"
	"testing"
	"testing/fstest"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
	sigs "sigs.k8s.io/yaml"
)

// FuzzLoad asks of every input: Load neither panics nor hangs, says the same
// twice, says where, and never understands a document otherwise than
// sigs.k8s.io/yaml, which Kubernetes reads with.
func FuzzLoad(f *testing.F) {
	err := fs.WalkDir(fleetrepoexample.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(name) {
			return err
		}
		data, err := fs.ReadFile(fleetrepoexample.FS, name)
		f.Add(data)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	const head = "apiVersion: wavegate.dev/v1alpha1\nkind: "
	for _, seed := range []string{
		head + "Pin\nmetadata: {name: a}\nspec: {clusters: [lkc-42], owner: 'user:a', reason: \"b\\u00e9\", expires: 2026-12-15}\n",
		head + "Pin\nmetadata: {name: a}\nspec:\n  clusters: &c\n  - a\n  owner: user:a\n  reason: >\n    one\n\n    two\n  expires: 2026-12-15T10:00:00.5+01:00\n",
		head + "Window\nmetadata: {name: a}\nspec: {type: blackout, schedule: '* * * * *', duration: 1d1m, reason: |-\n    x\n  }\n",
		head + "Window\nmetadata: {name: a}\nspec: {type: blackout, schedule: '0 0 * * *', duration: 1h, reason: yes}\n",
		head + "Emergency\nmetadata: {name: a}\nspec: {product: kafka, version: 1e3, reason: x, expires: 2026-12-15}\n",
		head + "Emergency\nmetadata: {name: a}\nspec: {product: kafka, version: 0x1F, reason: ! x, expires: !!str 2026-12-15}\n",
		head + "Fleet\nmetadata: {name: a}\nspec: {order: [a, [b, c]], limits: [{maxConcurrency: 010}]}\n",
		head + "Product\nmetadata: {name: a}\nspec: {image: x, workload: {kind: Deployment}, versions: {maxMinorSkip: 1_0}}\n",
		head + "Cohort\nmetadata: {name: a}\nspec: {selector: {}, versions: {a: &v 1.2.3, b: *v}, waves: [{size: 3}, {size: 100%}]}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		loader := NewLoader(LoaderConfig{MaxFileBytes: 1 << 16})
		tree := fstest.MapFS{"a.yaml": {Data: data}}
		spec, problems := loader.Load(tree)
		if (spec == nil) == (len(problems) == 0) {
			t.Fatalf("want either a spec or problems, got %v and %v", spec, problems)
		}
		again, problemsAgain := Load(tree)
		if !reflect.DeepEqual(problems, problemsAgain) || !reflect.DeepEqual(spec, again) {
			t.Fatalf("two loads differ:\n%v\n%v", problems, problemsAgain)
		}
		for _, p := range problems {
			if p.File == "" || p.Message == "" {
				t.Errorf("a problem without place or message: %#v", p)
			}
		}
		if int64(len(data)) <= loader.limits.MaxFileBytes {
			compareWithSigs(t, loader.parse(data), data)
		}
	})
}

// compareWithSigs compares the first document, which is the one that sigs reads.
func compareWithSigs(t *testing.T, p *parsedFile, data []byte) {
	t.Helper()
	if p.lost || len(p.problems) > 0 || len(p.documents) == 0 || startsEmpty(data) {
		return
	}
	switch v := p.documents[0].value.(type) {
	case *Fleet:
		sameAsSigs(t, data, v.Meta, v.Spec)
	case *Product:
		sameAsSigs(t, data, v.Meta, v.Spec)
	case *Cohort:
		sameAsSigs(t, data, v.Meta, v.Spec)
	case *Window:
		sameAsSigs(t, data, v.Meta, v.Spec)
	case *Pin:
		sameAsSigs(t, data, v.Meta, v.Spec)
	case *Emergency:
		sameAsSigs(t, data, v.Meta, v.Spec)
	default:
		t.Fatalf("a document of type %T", v)
	}
}

// startsEmpty reports whether the first document is empty, so that the first
// that was decoded is not the one that sigs sees.
func startsEmpty(data []byte) bool {
	var v any
	return sigs.Unmarshal(data, &v) == nil && v == nil
}

func sameAsSigs[S any](t *testing.T, data []byte, meta Meta, spec S) {
	t.Helper()
	var e envelope[S]
	if err := sigs.UnmarshalStrict(data, &e); err != nil {
		t.Fatalf("accepted what sigs refuses: %v\n%s", err, data)
	}
	fillDefaults(&e.Spec, e.Metadata.Name)
	got, want := asJSON(t, spec), asJSON(t, e.Spec)
	if meta.Name != e.Metadata.Name || !bytes.Equal(got, want) {
		t.Fatalf("understood %s\n     sigs %s\nof %s", got, want, data)
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fillDefaults does to what sigs has read what Load does by itself.
func fillDefaults(spec any, name string) {
	switch s := spec.(type) {
	case *ProductSpec:
		def(&s.Workload.Container, name)
		def(&s.Versions.Downgrade, DowngradeDeny)
		def(&s.ProgressDeadline, defaultProgressDeadline)
		def(&s.Settle, defaultSettle)
		for i := range s.Monitors {
			def(&s.Monitors[i].MaxAge, defaultMaxAge)
		}
	case *CohortSpec:
		def(&s.LateJoiners, LateAppend)
		if len(s.Waves) == 0 {
			s.Waves = []Wave{{Size: Size{Percent: 100, IsPercent: true}}}
		}
	case *WindowSpec:
		def(&s.InFlight, InFlightFinish)
	}
}

func def[T comparable](p *T, value T) {
	if *p == *new(T) {
		*p = value
	}
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"7.6.1", "v1.2", "0.29.0", "7.6.1-ccs", "7.6.1-rc.1", "latest", "1.0.0-01", "2026.01.15", "1.2.3.4", "7.6.1-x.7.z.92", "18446744073709551616", "7.6.1@sha256:0000000000000000000000000000000000000000000000000000000000000000"} {
		f.Add(s, "7.6.0", "7.7.0-alpha")
		f.Add("7.6.0", s, s)
	}
	f.Fuzz(func(t *testing.T, x, y, z string) {
		var vs []Version
		for _, s := range []string{x, y, z} {
			v, err := ParseVersion(s)
			if err != nil {
				continue
			}
			if v.String() != s {
				t.Fatalf("%q is rendered as %q", s, v)
			}
			var back Version
			text, err := v.MarshalText()
			if err != nil || back.UnmarshalText(text) != nil || back != v {
				t.Fatalf("%q does not survive as text: %q, %v", s, back, err)
			}
			vs = append(vs, v)
		}
		for _, a := range vs {
			for _, b := range vs {
				checkPair(t, a, b)
				for _, c := range vs {
					checkTransitive(t, a, b, c)
				}
			}
		}
	})
}

func checkPair(t *testing.T, a, b Version) {
	t.Helper()
	ab, ok := a.Compare(b)
	ba, okBack := b.Compare(a)
	if ok != okBack || ab != -ba {
		t.Fatalf("%s to %s is %d %v, but back it is %d %v", a, b, ab, ok, ba, okBack)
	}
	if a == b && (!ok || ab != 0) {
		t.Fatalf("%s is not as old as itself", a)
	}
	deny := VersionPolicy{Downgrade: DowngradeDeny}
	if reason := deny.Check(a, b); (reason == "") != (ok && ab <= 0) {
		t.Fatalf("%s to %s is ordered %d %v, but the check says %q", a, b, ab, ok, reason)
	}
}

func checkTransitive(t *testing.T, a, b, c Version) {
	t.Helper()
	ab, ok1 := a.Compare(b)
	bc, ok2 := b.Compare(c)
	ac, ok3 := a.Compare(c)
	if ok1 && ok2 && ok3 && ab <= 0 && bc <= 0 && ac > 0 {
		t.Fatalf("%s <= %s <= %s, but not %s <= %s", a, b, c, a, c)
	}
}
