package fleet

import "time"

// Duration is a length of time as people write it: 45m, 2h, 36h, 7d.
type Duration time.Duration

// Moment is a point in time, written as a date (the beginning of that day) or
// as a local time, with an offset or in UTC. The zero value is no time at all.
type Moment struct{ time.Time }
