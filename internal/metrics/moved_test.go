package metrics_test

import (
	"bytes"
	"io/fs"
	"testing/fstest"
)

// movedFS is a repository whose canaries shall run another kafka.
type movedFS struct{ fs.FS }

func (m movedFS) Open(name string) (fs.File, error) {
	if name != "cohorts/10-canary.yaml" {
		return m.FS.Open(name)
	}
	data, err := fs.ReadFile(m.FS, name)
	if err != nil {
		return nil, err
	}
	data = bytes.Replace(data, []byte("kafka: 7.6.0"), []byte("kafka: 7.6.1"), 1)
	return fstest.MapFS{name: {Data: data, Mode: 0o444}}.Open(name)
}
