package main

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
)

// openEmbedded opens the embedded fleet of a state folder, and fills it when it
// is new.
func openEmbedded(dir stateDir, clusters int, seed uint64, restart time.Duration) (*simfleet.Fleet, error) {
	cfg := simfleet.Config{Path: dir.fleet(), Now: time.Now, Seed: seed}
	if restart > 0 {
		cfg.Restart = map[string]simfleet.Span{}
		for _, p := range []string{"kafka", "ksqldb", "connect", "schema-registry"} {
			cfg.Restart[p] = simfleet.Span{Min: restart, Max: 2 * restart}
		}
	}
	f, err := simfleet.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("open embedded fleet: %w", err)
	}
	if f.Len() > 0 || clusters == 0 {
		return f, nil
	}
	members, err := simfleet.Generate(simfleet.Profile{Seed: seed, Clusters: clusters})
	if err == nil {
		err = f.Add(members...)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("make embedded fleet: %w", err)
	}
	return f, nil
}
