// Testlog reads the output of `go test -json`, shows one line for each package
// and everything that a failing test printed, and ends with an error when a
// test failed or when one was skipped that the list of allowed skips does not
// name.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	allowed := flag.String("allowed", "", "file with the tests that may be skipped: import path, a space, the name")
	flag.Parse()
	if err := run(*allowed, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
}

// record is one line of `go test -json`.
type record struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func run(allowedFile string, in io.Reader, out io.Writer) error {
	allowed, err := readAllowed(allowedFile)
	if err != nil {
		return err
	}
	output := map[string][]string{} // of a package or test that is still running
	var failed, skipped []string
	passed := 0
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read test output: %w", err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read test output: %q is not JSON: %w", strings.TrimSpace(string(line)), err)
		}
		name := r.Package + r.ImportPath
		if r.Test != "" {
			name += " " + r.Test
		}
		switch r.Action {
		case "output", "build-output":
			output[name] = append(output[name], r.Output)
		case "fail", "build-fail":
			failed = append(failed, name)
			fmt.Fprintf(out, "FAIL  %s\n%s", name, strings.Join(output[name], ""))
			delete(output, name)
		case "pass":
			if r.Test == "" {
				fmt.Fprintf(out, "ok    %s  %.1fs\n", name, r.Elapsed)
			} else {
				passed++
			}
			delete(output, name)
		case "skip":
			// A package that is skipped as a whole has no tests.
			if r.Test != "" && !slices.Contains(allowed, name) {
				skipped = append(skipped, name+": "+strings.TrimSpace(strings.Join(output[name], "")))
			}
			delete(output, name)
		}
	}
	fmt.Fprintf(out, "%d tests passed, %d failures, %d skips that are not allowed\n", passed, len(failed), len(skipped))
	switch {
	case len(failed) > 0:
		return fmt.Errorf("failed:\n  %s", strings.Join(failed, "\n  "))
	case len(skipped) > 0:
		return fmt.Errorf("skipped, and not in %s:\n  %s", allowedFile, strings.Join(skipped, "\n  "))
	case passed == 0:
		return errors.New("no test has run")
	}
	return nil
}

func readAllowed(file string) ([]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read allowed skips: %w", err)
	}
	var allowed []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			allowed = append(allowed, line)
		}
	}
	return allowed, nil
}
