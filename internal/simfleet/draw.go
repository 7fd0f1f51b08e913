package simfleet

import (
	"hash/fnv"
	"math"
	"time"
)

// draw returns a number in [0, 1) that depends on the seed and on what it is
// drawn for, and on nothing else.
func draw(seed uint64, about ...any) float64 {
	return float64(hash(seed, about...)>>11) / (1 << 53)
}

func hash(seed uint64, about ...any) uint64 {
	h := fnv.New64a()
	var buf [9]byte
	number := func(n uint64) {
		buf[0] = '#'
		for i := range 8 {
			buf[1+i] = byte(n >> (8 * i))
		}
		h.Write(buf[:])
	}
	number(seed)
	for _, a := range about {
		switch v := a.(type) {
		case string:
			number(uint64(len(v)))
			h.Write([]byte(v))
		case int:
			number(uint64(v))
		case int64:
			number(uint64(v))
		case uint32:
			number(uint64(v))
		case uint64:
			number(v)
		default:
			panic("simfleet: a draw about a value of an unexpected type")
		}
	}
	// FNV mixes its last bytes badly; finish as splitmix64 does.
	x := h.Sum64()
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Span is a range of durations from which one is drawn.
type Span struct {
	Min time.Duration `json:"min"`
	Max time.Duration `json:"max"`
}

// at returns the duration at a share of the span. Most restarts are quick and
// a few take long, so the share is squared.
func (s Span) at(share float64) time.Duration {
	return s.Min + time.Duration(math.Round(share*share*float64(s.Max-s.Min)))
}
