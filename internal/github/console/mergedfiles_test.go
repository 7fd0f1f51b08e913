package console

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
)

func treeOf(files map[string]string) *fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return &out
}

func TestAMergeTakesFromHeadWhatHeadHasChanged(t *testing.T) {
	ancestor := treeOf(map[string]string{"a": "1", "d/b": "1", "d/c": "1", "e": "1", "f": "1", "g": "1"})
	base := treeOf(map[string]string{"a": "1", "d/b": "2", "d/c": "1", "e": "1", "g": "2", "n/base": "1"})
	head := treeOf(map[string]string{"a": "2", "d/b": "1", "e": "1", "f": "1", "g": "3", "m/head": "1"})
	merged := MergedFiles(ancestor, base, head)
	got := map[string]string{}
	err := fs.WalkDir(merged, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(merged, name)
		got[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"a":      "2", // head changed it
		"d/b":    "2", // base changed it
		"e":      "1", // nobody did
		"g":      "3", // both did
		"n/base": "1", // base added it
		"m/head": "1", // head added it
		// head deleted d/c, and base deleted f
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := fs.ReadFile(merged, "d/c"); err == nil {
		t.Error("a file that head deleted can be read")
	}
	if _, err := fs.ReadDir(merged, "nowhere"); err == nil {
		t.Error("a folder that is not there can be listed")
	}
}
