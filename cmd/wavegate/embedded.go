package main

import (
	"fmt"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
)

// openEmbedded opens the embedded fleet of a state folder, and fills it when it
// is new.
func openEmbedded(dir stateDir, clusters int, seed uint64) (*simfleet.Fleet, error) {
	f, err := simfleet.Open(simfleet.Config{Path: dir.fleet(), Now: time.Now, Seed: seed})
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
