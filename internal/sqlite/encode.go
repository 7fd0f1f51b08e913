package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// line is an event as it is stored: the fields that are searched for, and the
// rest as JSON.
type line struct {
	seq                                     uint64
	at                                      int64
	kind, release, product, cohort, cluster string
	// body is the rest of the event, members its list of members, nil when it
	// has none. trimmed is their SHA-256 when they have been deleted.
	body, members, trimmed []byte
}

// restOfEvent is an event without the fields that a line has of its own: here
// they hide the event's and are left out. What is added to an event later is
// stored in the body without a change here.
type restOfEvent struct {
	plan.Event
	Seq     *struct{} `json:"seq,omitempty"`
	At      *struct{} `json:"at,omitempty"`
	Kind    *struct{} `json:"kind,omitempty"`
	Release *struct{} `json:"release,omitempty"`
	Product *struct{} `json:"product,omitempty"`
	Cohort  *struct{} `json:"cohort,omitempty"`
	Cluster *struct{} `json:"cluster,omitempty"`
	Members *struct{} `json:"members,omitempty"`
}

var (
	earliest = time.Unix(0, math.MinInt64)
	latest   = time.Unix(0, math.MaxInt64)
)

// checkEvent refuses what could not be read back as it is.
func checkEvent(e plan.Event) error {
	switch {
	case e.Kind == "":
		return errors.New("it has no kind")
	case e.At.IsZero():
		return errors.New("it has no time")
	case e.At.Before(earliest), e.At.After(latest):
		return fmt.Errorf("its time %s is out of range", e.At)
	default:
		return nil
	}
}

// encode makes a line of an event, and makes sure that it can be read back: one
// that cannot would lock the ledger up for ever.
func encode(e plan.Event, seq uint64) (line, error) {
	body, err := json.Marshal(restOfEvent{Event: e})
	if err != nil {
		return line{}, err
	}
	l := line{
		seq: seq, at: e.At.UnixNano(), kind: string(e.Kind), release: e.Release,
		product: e.Product, cohort: e.Cohort, cluster: e.Cluster, body: body,
	}
	if len(e.Members) > 0 {
		if l.members, err = json.Marshal(e.Members); err != nil {
			return line{}, err
		}
	}
	_, err = l.event()
	return l, err
}

// event is the inverse of encode. Times come back in UTC.
func (l *line) event() (plan.Event, error) {
	var e plan.Event
	if err := json.Unmarshal(l.body, &e); err != nil {
		return plan.Event{}, fmt.Errorf("event %d cannot be read: %w", l.seq, err)
	}
	if l.members != nil {
		if err := json.Unmarshal(l.members, &e.Members); err != nil {
			return plan.Event{}, fmt.Errorf("the members of event %d cannot be read: %w", l.seq, err)
		}
	}
	l.head(&e)
	return e, nil
}

// head fills in the fields that the line has of its own.
func (l *line) head(e *plan.Event) {
	e.Seq, e.At, e.Kind = l.seq, time.Unix(0, l.at).UTC(), plan.EventKind(l.kind)
	e.Release, e.Product, e.Cohort, e.Cluster = l.release, l.product, l.cohort, l.cluster
}

// link chains the line to the one before it: the SHA-256 of that one's link and
// of a JSON array of all that is stored of this one. The body and the members
// are in it by their own SHA-256, so that the chain still holds when members
// are trimmed. The array's form must never change: old files are verified by it.
func (l *line) link(before [sha256.Size]byte) ([sha256.Size]byte, error) {
	return l.linkOver(before, sum(l.body), nil)
}

// linkOver is link with the body's SHA-256, and with room to write in.
func (l *line) linkOver(before [sha256.Size]byte, body string, room []byte) ([sha256.Size]byte, error) {
	members := hex.EncodeToString(l.trimmed)
	if l.members != nil {
		members = sum(l.members)
	}
	b := append(room[:0], before[:]...)
	b = append(b, '[')
	b = strconv.AppendUint(b, l.seq, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, l.at, 10)
	for _, s := range [...]string{l.kind, l.release, l.product, l.cohort, l.cluster, body, members} {
		b = append(b, ',')
		var err error
		if b, err = appendJSON(b, s); err != nil {
			return [sha256.Size]byte{}, err
		}
	}
	return sha256.Sum256(append(b, ']')), nil
}

// appendJSON appends a string as [json.Marshal] writes it.
func appendJSON(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			return append(b, quoted...), err
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
