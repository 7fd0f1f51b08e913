package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts and tests run this test binary as wavegate.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wavegate": func() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command line as a user would; see testdata/script.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine; the scripts need it")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			env.Setenv("GIT_AUTHOR_NAME", "Ada")
			env.Setenv("GIT_AUTHOR_EMAIL", "ada@example.com")
			env.Setenv("GIT_COMMITTER_NAME", "Ada")
			env.Setenv("GIT_COMMITTER_EMAIL", "ada@example.com")
			env.Setenv("WAVEGATE_STATE", env.WorkDir+"/state")
			return nil
		},
	})
}

// address is where the demo's pages are: on another port each time.
var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// TestTheSameSeedTellsTheSameStory runs the demo twice as fast as it can.
func TestTheSameSeedTellsTheSameStory(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: install it with the package manager of this machine; the demo needs it")
	}
	tell := func() string {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), []string{"demo", "--speed", "0", "--seed", "7"}, &out, &errs); code != exitOK {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		return address.ReplaceAllString(out.String(), "")
	}
	if a, b := tell(), tell(); a != b {
		t.Errorf("two stories differ:\n%s\n---\n%s", a, b)
	}
}
