package fleet

import (
	"cmp"
	"io/fs"
	"reflect"
	"sync"
)

// LoaderConfig bounds what a [Loader] reads. Zero means the default.
type LoaderConfig struct {
	MaxFileBytes  int64 // of one YAML file; 1 MiB without it
	MaxTotalBytes int64 // of all YAML files; 16 MiB without it
	MaxFiles      int   // YAML files; 20,000 without it
	MaxDocuments  int   // in one file; 1,000 without it
	MaxDepth      int   // of nesting; 32 without it
	MaxAliases    int   // in one file; 16 without it
	MaxEntries    int   // of one map or list; 10,000 without it
}

func (c LoaderConfig) withDefaults() LoaderConfig {
	return LoaderConfig{
		MaxFileBytes:  cmp.Or(max(c.MaxFileBytes, 0), 1<<20),
		MaxTotalBytes: cmp.Or(max(c.MaxTotalBytes, 0), 16<<20),
		MaxFiles:      cmp.Or(max(c.MaxFiles, 0), 20_000),
		MaxDocuments:  cmp.Or(max(c.MaxDocuments, 0), 1_000),
		MaxDepth:      cmp.Or(max(c.MaxDepth, 0), 32),
		MaxAliases:    cmp.Or(max(c.MaxAliases, 0), 16),
		MaxEntries:    cmp.Or(max(c.MaxEntries, 0), 10_000),
	}
}

// Loader reads fleet repositories. It keeps what it has parsed in its last two
// loads by the hash of the content: of a commit that changes three files, three
// are parsed. A loader may be used by several goroutines.
//
// The specs of one loader share memory; treat them as read-only.
type Loader struct {
	limits LoaderConfig

	mu        sync.Mutex
	shapes    map[reflect.Type]*shape
	kept      map[string]*parsedFile // by content
	keptPrior map[string]*parsedFile // used by the load before
}

// NewLoader returns a loader that has not read anything yet.
func NewLoader(cfg LoaderConfig) *Loader {
	return &Loader{
		limits: cfg.withDefaults(),
		shapes: map[reflect.Type]*shape{},
		kept:   map[string]*parsedFile{},
	}
}

// Load reads a fleet repository once, with default limits.
func Load(fsys fs.FS) (*Spec, Problems) { return NewLoader(LoaderConfig{}).Load(fsys) }

// Load reads all YAML files of a tree, checks each of them and all together,
// and fills in the defaults, so that whoever uses the spec sees no gap. It
// returns a spec, or everything that is wrong, never both.
//
// Files and folders whose names begin with a dot are not read. When the FileInfo
// of a file has a Sys with a method ContentHash() string, a file with a known
// hash is not even opened.
func (l *Loader) Load(fsys fs.FS) (*Spec, Problems) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keptPrior, l.kept = l.kept, map[string]*parsedFile{}

	r := &reader{loader: l, fsys: fsys}
	r.readAll()
	c := newCollection(r.files)
	c.problems = append(c.problems, r.problems...)
	c.lost = c.lost || r.lost
	spec := c.assemble()
	if len(c.problems) > 0 {
		return nil, c.problems.sorted()
	}
	return spec, nil
}

// recall returns what was parsed from a content in this load or in the one
// before.
func (l *Loader) recall(hash string) (*parsedFile, bool) {
	if p, ok := l.kept[hash]; ok {
		return p, true
	}
	p, ok := l.keptPrior[hash]
	if ok {
		l.kept[hash] = p
	}
	return p, ok
}
