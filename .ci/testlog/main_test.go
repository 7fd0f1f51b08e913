package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatGoTestSaysIsJudged(t *testing.T) {
	const (
		passed  = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		skipped = `{"Action":"output","Package":"p","Test":"TestB","Output":"no network\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
		noTests = `{"Action":"skip","Package":"q"}` + "\n"
		failed  = `{"Action":"output","Package":"p","Test":"TestC","Output":"want 1\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestC"}` + "\n"
		broken  = `{"Action":"build-output","ImportPath":"r","Output":"syntax error\n"}` + "\n" + `{"Action":"build-fail","ImportPath":"r"}` + "\n"
	)
	allowed := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(allowed, []byte("# why\np TestB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, in, allowed, err, out string }{
		{"all passed", passed + noTests, "", "", "1 tests passed"},
		{"one failed", passed + failed, "", "p TestC", "want 1"},
		{"one does not build", passed + broken, "", "failed:\n  r", "syntax error"},
		{"one was skipped", passed + skipped, "", "p TestB: no network", ""},
		{"one was skipped that may be", passed + skipped, allowed, "", ""},
		{"nothing ran", noTests, "", "no test has run", ""},
		{"nothing was said", "", "", "no test has run", ""},
		{"not JSON", "go: cannot find module\n", "", "is not JSON", ""},
		{"no list", passed, allowed + "x", "read allowed skips", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			err := run(c.allowed, strings.NewReader(c.in), &out)
			if (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			if !strings.Contains(out.String(), c.out) {
				t.Errorf("got %q, want %q", out.String(), c.out)
			}
		})
	}
}
