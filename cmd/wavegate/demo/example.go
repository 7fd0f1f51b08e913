package demo

import (
	"fmt"
	"io/fs"
	"strings"

	fleetrepoexample "github.com/wavegate-dev/wavegate/fleet-repo-example"
)

// readMe is what the repository has before the fleet comes to it.
const readMe = "README.md"

// example returns the files of the example repository. Its pin names a cluster
// that the fleet has.
func example(pin string) (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(fleetrepoexample.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fleetrepoexample.FS, name)
		files[name] = string(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read example: %w", err)
	}
	const pins = "pins/audit-week.yaml"
	files[pins] = strings.Replace(files[pins], "[lkc-42, lkc-57]", "["+pin+"]", 1)
	return files, nil
}

// withVersion returns a cohort's file with another version of a product.
func withVersion(file, product, version string) string {
	lines := strings.Split(file, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), product+":") {
			lines[i] = line[:strings.Index(line, product)] + product + ": " + version
		}
	}
	return strings.Join(lines, "\n")
}
