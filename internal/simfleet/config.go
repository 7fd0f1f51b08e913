package simfleet

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Config says what a fleet is like. The clusters come by [Fleet.Add].
type Config struct {
	// Seed decides every draw.
	Seed uint64
	// Now is the clock: the real one, a scaled one or a virtual one. A reading
	// that lies before an earlier one counts as the earlier one.
	Now func() time.Time
	// Path is the directory in which the fleet is kept. Without it the fleet
	// lives in memory.
	Path string
	// Restart is how long a replica of a product is down when it is replaced:
	// the image is pulled, it starts and catches up. A product that is not
	// named takes 30 to 90 seconds; the four of [Generate] have their own.
	Restart map[string]Span
	// AlertAfter is for how long a cluster may have replicas that are not ready
	// before the first monitor of its product fires. Three times the longest
	// restart of the product without it.
	AlertAfter time.Duration
	// MaxTouches is how many entries of the touch log are kept; 200,000
	// without it.
	MaxTouches int
	// SnapshotEvery is after how many logged operations a snapshot is written;
	// 20,000 without it.
	SnapshotEvery int
}

// settings is what the future of a fleet depends on, besides its clusters. A
// fleet that is opened again has to have the same.
type settings struct {
	Seed       uint64          `json:"seed"`
	Restart    map[string]Span `json:"restart"`
	AlertAfter time.Duration   `json:"alertAfter,omitempty"`
	MaxTouches int             `json:"maxTouches"`
}

func (s settings) equal(o settings) bool {
	return s.Seed == o.Seed && s.AlertAfter == o.AlertAfter && s.MaxTouches == o.MaxTouches &&
		maps.Equal(s.Restart, o.Restart)
}

// restart returns how long replicas of a product are down.
func (s settings) restart(product string) Span {
	if span, ok := s.Restart[product]; ok {
		return span
	}
	return Span{Min: 30 * time.Second, Max: 90 * time.Second}
}

// alertAfter returns how long replicas of a product may be down without an
// alert.
func (s settings) alertAfter(product string) time.Duration {
	if s.AlertAfter > 0 {
		return s.AlertAfter
	}
	return 3 * s.restart(product).Max
}

func (cfg Config) settings() (settings, error) {
	if cfg.Now == nil {
		return settings{}, errors.New("the clock, Now, is not set")
	}
	if cfg.AlertAfter < 0 {
		return settings{}, fmt.Errorf("AlertAfter is %v; it must not be negative", cfg.AlertAfter)
	}
	if cfg.MaxTouches < 0 || cfg.SnapshotEvery < 0 {
		return settings{}, errors.New("MaxTouches and SnapshotEvery must not be negative")
	}
	s := settings{
		Seed: cfg.Seed, AlertAfter: cfg.AlertAfter, MaxTouches: cfg.MaxTouches,
		Restart: map[string]Span{
			"kafka":           {Min: 60 * time.Second, Max: 150 * time.Second},
			"ksqldb":          {Min: 30 * time.Second, Max: 75 * time.Second},
			"connect":         {Min: 25 * time.Second, Max: 60 * time.Second},
			"schema-registry": {Min: 20 * time.Second, Max: 45 * time.Second},
		},
	}
	for product, span := range cfg.Restart {
		if span.Min <= 0 || span.Max < span.Min {
			return settings{}, fmt.Errorf("restart of %s is %v to %v; it must be positive and in order", product, span.Min, span.Max)
		}
		s.Restart[product] = span
	}
	if s.MaxTouches == 0 {
		s.MaxTouches = 200_000
	}
	return s, nil
}
