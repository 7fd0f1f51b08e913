package prometheus

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// alertBook is what one Alertmanager said about all alerts that it has.
type alertBook struct {
	asked  time.Time
	alerts map[string][]managedAlert // by the name of the alert
	// watchdog is the name of an alert that always fires; "" when none is
	// configured.
	watchdog string
}

// managedAlert is an alert that Alertmanager has: it fires.
type managedAlert struct {
	firing
	updated time.Time
	// mute says why nobody is told of it; empty when people are.
	mute string
}

// gettableAlert is the part that is read of an alert of GET /api/v2/alerts.
type gettableAlert struct {
	Labels       map[string]string `json:"labels"`
	StartsAt     time.Time         `json:"startsAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	GeneratorURL string            `json:"generatorURL"`
	Status       struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
		MutedBy     []string `json:"mutedBy"`
	} `json:"status"`
}

// gettableSilence is the part that is read of a silence of GET
// /api/v2/silences.
type gettableSilence struct {
	ID        string    `json:"id"`
	CreatedBy string    `json:"createdBy"`
	EndsAt    time.Time `json:"endsAt"`
}

// decodeAlerts reads the answer to GET /api/v2/alerts.
func decodeAlerts(body []byte) ([]gettableAlert, error) {
	var alerts []gettableAlert
	if err := json.Unmarshal(body, &alerts); err != nil {
		return nil, parseError("alerts", err)
	}
	if alerts == nil {
		return nil, errors.New("parse alerts: the answer is not a list; is the address that of an Alertmanager?")
	}
	return alerts, nil
}

// decodeSilences reads the answer to GET /api/v2/silences.
func decodeSilences(body []byte) (map[string]gettableSilence, error) {
	var silences []gettableSilence
	if err := json.Unmarshal(body, &silences); err != nil {
		return nil, parseError("silences", err)
	}
	if silences == nil {
		return nil, errors.New("parse silences: the answer is not a list; is the address that of an Alertmanager?")
	}
	byID := make(map[string]gettableSilence, len(silences))
	for _, s := range silences {
		byID[s.ID] = s
	}
	return byID, nil
}

// newAlertBook sorts the alerts of an answer by name. The silences explain
// those that are silenced; what is missing among them is named by its id.
func newAlertBook(asked time.Time, alerts []gettableAlert, silences map[string]gettableSilence, watchdog string) *alertBook {
	b := &alertBook{asked: asked, alerts: map[string][]managedAlert{}, watchdog: watchdog}
	for i := range alerts {
		a := &alerts[i]
		m := managedAlert{
			firing:  newFiring(a.Labels, a.StartsAt, webLink(a.GeneratorURL)),
			updated: a.UpdatedAt,
		}
		// Whatever is not suppressed fires: also an alert that Alertmanager has
		// not processed yet.
		if a.Status.State == "suppressed" {
			m.mute = a.mute(silences)
		}
		name := a.Labels["alertname"]
		b.alerts[name] = append(b.alerts[name], m)
	}
	// The order of Alertmanager's answer means nothing.
	for _, list := range b.alerts {
		slices.SortFunc(list, func(x, y managedAlert) int { return strings.Compare(x.key, y.key) })
	}
	return b
}

// mute says why a suppressed alert is suppressed.
func (a *gettableAlert) mute(silences map[string]gettableSilence) string {
	var last *gettableSilence
	for _, id := range a.Status.SilencedBy {
		if s, ok := silences[id]; ok && (last == nil || s.EndsAt.After(last.EndsAt)) {
			last = &s
		}
	}
	switch {
	case last != nil:
		by := clip(last.CreatedBy, 60)
		if by == "" {
			by = "somebody"
		}
		return "silenced by " + by + " until " + clock(last.EndsAt)
	case len(a.Status.SilencedBy) > 0:
		return "silenced by silence " + clip(a.Status.SilencedBy[0], 60)
	case len(a.Status.InhibitedBy) > 0:
		return "inhibited by another alert"
	case len(a.Status.MutedBy) > 0:
		return "muted by time interval " + clip(a.Status.MutedBy[0], 60)
	default:
		return "suppressed"
	}
}

func (b *alertBook) at() time.Time { return b.asked }

func (b *alertBook) read(alert string) reading {
	out := reading{asOf: b.asked, managed: true, last: "heard of alert " + b.watchdog + " last"}
	for _, a := range b.alerts[alert] {
		if a.mute != "" {
			out.muted = append(out.muted, muted{labels: a.labels, why: a.mute})
		} else {
			out.firing = append(out.firing, a.firing)
		}
	}
	if b.watchdog == "" {
		return out
	}
	dogs := b.alerts[b.watchdog]
	if len(dogs) == 0 {
		out.fault = "has no alert " + b.watchdog + ", which always fires"
		out.hint = "see whether Prometheus runs and sends its alerts there"
		return out
	}
	for _, dog := range dogs {
		if dog.updated.Before(out.asOf) {
			out.asOf = dog.updated
		}
	}
	return out
}

func (b *alertBook) equal(other answer) bool {
	o, ok := other.(*alertBook)
	return ok && maps.EqualFunc(b.alerts, o.alerts, func(x, y []managedAlert) bool {
		return slices.EqualFunc(x, y, func(x, y managedAlert) bool {
			return x.mute == y.mute && x.equal(&y.firing)
		})
	})
}
