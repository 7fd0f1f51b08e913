package housetest

import (
	"path"
	"slices"
	"strings"
)

const module = "github.com/wavegate-dev/wavegate"

// pure are the packages that only compute: no network, no clock, no logger, no
// machine. What they return depends on what they are given and on nothing else.
var pure = []string{
	"reconciler/fleet", "reconciler/schedule", "reconciler/admission",
	"reconciler/plan", "reconciler/proof", "reconciler/simulate", "reconciler/report",
}

// core are the packages that may be imported, in the order of the arrow
// cmd -> internal, gitsource -> reconciler -> report, simulate -> plan,
// admission -> fleet -> schedule. Each may import those before it. This also
// holds within a step of the arrow, so that no cycle of thought can arise
// there either.
var core = []string{
	"reconciler/schedule", "reconciler/fleet",
	"reconciler/admission", "reconciler/plan", "reconciler/proof",
	"reconciler/simulate", "reconciler/report",
	"reconciler",
}

// modulesForPure are the modules that the pure core may use: parsers and
// calendars, nothing that reaches out.
var modulesForPure = []string{
	"github.com/Masterminds/semver/v3",
	"github.com/google/jsonschema-go",
	"github.com/robfig/cron/v3",
	"go.yaml.in/yaml/v3",
	"sigs.k8s.io/yaml",
}

// standardNotForPure are packages of the standard library, each with all below
// it, that the pure core must not import.
var standardNotForPure = map[string]string{
	"C":             "the pure core is Go",
	"crypto/rand":   "the pure core is deterministic",
	"database":      "the pure core stores nothing",
	"expvar":        "the pure core publishes nothing",
	"hash/maphash":  "its seed differs from run to run; use hash/fnv",
	"html/template": "the pure core renders text; pages belong to internal/web",
	"log":           "the pure core returns values and logs nothing",
	"math/rand":     "the pure core is deterministic",
	"net":           "the pure core reaches no network",
	"os":            "the pure core reaches no machine; take an fs.FS or a value",
	"plugin":        "the pure core loads nothing",
	"syscall":       "the pure core reaches no machine",
	"testing":       "this is for tests",
}

// notForPure are functions and variables that the pure core must not even
// mention: a clock that is handed on is read as well.
var notForPure = map[string]map[string]string{
	"time": {
		"Now": takeNow, "Since": takeNow, "Until": takeNow,
		"After": noTimer, "AfterFunc": noTimer, "NewTimer": noTimer, "NewTicker": noTimer,
		"Tick": noTimer, "Sleep": noTimer,
		"Local": "it depends on the machine; name the time zone",
	},
	"context": {
		"WithTimeout": takeNow, "WithTimeoutCause": takeNow,
		"WithDeadline": takeNow, "WithDeadlineCause": takeNow,
	},
	"fmt": {
		"Print": returnText, "Printf": returnText, "Println": returnText,
		"Scan": returnText, "Scanf": returnText, "Scanln": returnText,
	},
	"path/filepath": {
		"Abs": noDisk, "EvalSymlinks": noDisk, "Glob": noDisk, "Walk": noDisk, "WalkDir": noDisk,
	},
}

const (
	takeNow    = "take the time as a parameter"
	noTimer    = "the pure core does not wait"
	returnText = "return the text or take an io.Writer"
	noDisk     = "the pure core reaches no disk; take an fs.FS"
)

// topLevel is all that may lie at the top of the repository.
var topLevel = []string{
	"cmd", "reconciler", "gitsource", "fleet-repo-example", "internal", "charts",
	"go.mod", "go.sum", "README.md", "LICENSE",
	".ci", ".github", ".golangci.yml", ".gitignore", ".gitattributes",
}

// vagueNames say nothing about what is inside.
var vagueNames = []string{"util", "utils", "type", "types", "common", "helper", "helpers", "misc", "shared"}

// mayImport says why a package of this module must not import another one of
// it, or returns "".
func mayImport(from, to string) string {
	if within(from, "cmd") {
		return ""
	}
	if within(to, "cmd") {
		return "nothing imports cmd"
	}
	if at := slices.Index(core, from); at >= 0 {
		if !slices.Contains(core[:at], to) {
			return "imports run one way: cmd -> internal, gitsource -> reconciler -> report, simulate -> plan, admission -> fleet -> schedule"
		}
		return ""
	}
	switch {
	case within(to, "reconciler"):
		if from == "gitsource" && slices.Contains([]string{"reconciler/plan", "reconciler/simulate", "reconciler/report"}, to) {
			return "gitsource turns a remote into commits and knows nothing of rollouts"
		}
		return ""
	case adapter(from) == adapter(to):
		return "" // a package and those below it
	case isTestPackage(from):
		return ""
	case isTestPackage(to):
		return "a package for tests is imported by tests and by cmd's demo alone"
	default:
		return "adapters never import one another; let cmd introduce them through a port of package reconciler"
	}
}

// adapter is the folder that an adapter package belongs to.
func adapter(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[1]
	}
	return parts[0]
}

func isTestPackage(pkg string) bool {
	return strings.HasSuffix(path.Base(pkg), "test") || strings.HasSuffix(adapter(pkg), "test")
}

// within reports whether an import path is that of dir or of something below.
func within(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }
