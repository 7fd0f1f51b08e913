package prometheus

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// answer is what one source said the last time that it was read.
type answer interface {
	// read returns what the answer says about an alert.
	read(alert string) reading
	// at is when the source was asked, by this machine's clock.
	at() time.Time
	// equal reports whether the same alerts fire, and the same is muted and
	// broken, as in another answer of the same source.
	equal(other answer) bool
}

// reading is what one source says about one alert.
type reading struct {
	// asOf is the time that the reading speaks of.
	asOf time.Time
	// fault says why it cannot be relied upon; empty when it can. What fires
	// counts even so.
	fault, hint string
	// last begins the sentence that ends with asOf: "evaluated it last".
	last   string
	firing []firing
	muted  []muted
	// managed is set when Alertmanager says it, which knows what is silenced.
	managed bool
	// interval is how often the alert is evaluated; zero when not known.
	interval time.Duration
}

// firing is one alert that fires.
type firing struct {
	labels map[string]string
	key    string // the same for the same labels
	since  time.Time
	link   string
}

func newFiring(labels map[string]string, since time.Time, link string) firing {
	return firing{labels: labels, key: labelKey(labels), since: since, link: link}
}

func (f *firing) equal(other *firing) bool { return f.key == other.key && f.since.Equal(other.since) }

// labelKey is the same for the same labels, and differs for others.
func labelKey(labels map[string]string) string {
	var b []byte
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b = strconv.AppendQuote(append(b, k...), labels[k])
	}
	return string(b)
}

// muted is one alert that fires and of which Alertmanager tells nobody.
type muted struct {
	labels map[string]string
	why    string
}
