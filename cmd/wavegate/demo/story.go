package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wavegate-dev/wavegate/internal/simfleet"
	"github.com/wavegate-dev/wavegate/reconciler/fleet"
	"github.com/wavegate-dev/wavegate/reconciler/plan"
)

// The release that the story follows.
const (
	product = "kafka"
	good    = "7.6.1"
	bad     = "7.6.2"
	old     = "7.5.3"
)

// scene is a part of the story: something happens, and then time passes until
// its effect is there.
type scene struct {
	begin func(context.Context) error
	over  func() bool
}

// scenes are the story.
func (d *demo) scenes() []scene {
	var blip string
	return []scene{
		d.look("The fleet as it is. At the first start nothing moves: what differs is drift.", 25),
		d.merge("10-canary.yaml", good, "canary"),
		{d.say("canary has finished and soaked; next: internal. One cluster there will have a bad moment."), now},
		d.promote("20-internal.yaml", good),
		{nothing, func() bool { return d.rollout("internal") != nil }},
		{func(context.Context) error { blip = d.armBlip(); return nil }, func() bool { return d.failed(blip) }},
		{func(ctx context.Context) error {
			return d.say(blip + " alerts in mid roll: it stops where it is. The budget allows one; the others go on.")(ctx)
		}, d.pictures(40)},
		{func(ctx context.Context) error {
			d.screen.caption("Ada has looked: the disk was full. wavegate retry " + blip)
			return d.command(ctx, plan.Command{Kind: plan.CommandRetry, Cluster: blip})
		}, func() bool { return d.done("internal", good) }},
		d.merge("30-nonprod.yaml", good, "nonprod"),
		{d.say("Production: two cohorts side by side, two commits."), now},
		d.promote("40-prod-us.yaml", good),
		{d.promoteNow("50-prod-eu.yaml", good), func() bool { return d.lastWaveOpen("prod-us") }},
		{d.freezeRegion, func() bool { return d.done("prod-us", good) && d.done("prod-eu", good) }},
		d.look("kafka 7.6.1 runs everywhere, but for the cluster that is pinned.", 30),
		{d.badVersion, func() bool { return d.paused() != nil }},
		{d.say("The monitor fires on the first canary, and no failure is allowed there: all of the release is halted."), d.pictures(60)},
		{d.recover, func() bool { return d.done("canary", bad) }},
		{d.byHand, func() bool { return d.drifts(plan.ChangedByHand) }},
		d.look("Somebody changed a cluster by hand. Wavegate reports it and does not fight it.", 30),
	}
}

func now() bool                     { return true }
func nothing(context.Context) error { return nil }

// say shows a caption.
func (d *demo) say(text string) func(context.Context) error {
	return func(context.Context) error {
		d.screen.caption(text)
		return nil
	}
}

// pictures lets a number of frames pass, in which time goes slowly.
func (d *demo) pictures(n int) func() bool {
	return func() bool {
		n--
		d.slow = n >= 0
		return n < 0
	}
}

func (d *demo) look(text string, frames int) scene { return scene{d.say(text), d.pictures(frames)} }

// promote merges one cohort's version and goes on at once.
func (d *demo) promote(file, version string) scene { return scene{d.promoteNow(file, version), now} }

// merge merges one cohort's version and waits until it has finished and soaked.
func (d *demo) merge(file, version, cohort string) scene {
	return scene{d.promoteNow(file, version), func() bool { return d.done(cohort, version) }}
}

func (d *demo) promoteNow(file, version string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := d.repo.promote(ctx, file, product, version); err != nil {
			return err
		}
		d.screen.caption(fmt.Sprintf("Merged: %s %s in %s. One commit moves one cohort.", product, version, file[3:len(file)-len(".yaml")]))
		d.reconciler.Wake()
		return nil
	}
}

func (d *demo) command(ctx context.Context, cmd plan.Command) error {
	cmd.At, cmd.By = d.clock.Now(), "user:ada"
	if _, err := d.ledger.Submit(ctx, cmd); err != nil {
		return fmt.Errorf("submit command: %w", err)
	}
	return nil
}

func (d *demo) rollout(cohort string) *plan.Rollout {
	return d.cycle.State.Rollouts[plan.TargetKey{Product: product, Cohort: cohort}]
}

func (d *demo) done(cohort, version string) bool {
	_, ok := d.cycle.State.Done[plan.DoneKey{
		TargetKey: plan.TargetKey{Product: product, Cohort: cohort}, Version: fleet.Version{Tag: version},
	}]
	return ok
}

// armBlip makes an alert fire on a cluster of the second wave during its upgrade.
func (d *demo) armBlip() string {
	r := d.rollout("internal")
	for _, m := range r.Members {
		if m.Wave == 1 && m.Status == plan.Pending {
			if err := d.fleet.Blip(simfleet.Blip{Cluster: m.Cluster, After: 2 * time.Minute, For: 40 * time.Minute}); err == nil {
				return m.Cluster
			}
		}
	}
	return r.Members[0].Cluster
}

func (d *demo) failed(cluster string) bool {
	m := d.rollout("internal").Member(cluster)
	return m != nil && m.Status == plan.Failed
}

func (d *demo) lastWaveOpen(cohort string) bool {
	r := d.rollout(cohort)
	return r != nil && (len(r.Waves) == 0 || !r.Waves[len(r.Waves)-1].OpenedAt.IsZero())
}

// freezeRegion holds back the region in which most clusters still wait.
func (d *demo) freezeRegion(ctx context.Context) error {
	waiting := map[string]int{}
	for _, m := range d.rollout("prod-us").Members {
		if row, ok := d.cycle.Fleet.Find(m.Cluster); ok && m.Status == plan.Pending {
			region, _ := d.cycle.Fleet.Label(row, "region")
			waiting[region]++
		}
	}
	regions := slices.SortedFunc(maps.Keys(waiting), func(a, b string) int {
		return cmp.Or(cmp.Compare(waiting[b], waiting[a]), cmp.Compare(a, b))
	})
	if len(regions) == 0 {
		return nil
	}
	const layout = "2006-01-02T15:04"
	window := fmt.Sprintf(`apiVersion: wavegate.dev/v1alpha1
kind: Window
metadata:
  name: freeze-%[1]s
spec:
  type: blackout
  from: "%[2]s"
  until: "%[3]s"
  selector: {matchLabels: {region: %[1]s}}
  reason: the cloud provider works on its network
`, regions[0], d.clock.Now().Add(-time.Hour).Format(layout), d.clock.Now().Add(9*time.Hour).Format(layout))
	if err := d.repo.write("windows/freeze.yaml", []byte(window)); err != nil {
		return err
	}
	if err := d.repo.push(ctx, "Freeze "+regions[0]); err != nil {
		return err
	}
	d.screen.caption("A blackout for " + regions[0] + ": its clusters wait, all others go on.")
	d.reconciler.Wake()
	return nil
}

// badVersion releases a version on which an alert fires.
func (d *demo) badVersion(ctx context.Context) error {
	err := d.fleet.Spoil(simfleet.BadVersion{
		Product: product, Version: fleet.Version{Tag: bad}, Effect: simfleet.Alerts, Share: 1, Delay: 3 * time.Minute,
	})
	if err != nil {
		return fmt.Errorf("spoil version: %w", err)
	}
	return d.promoteNow("10-canary.yaml", bad)(ctx)
}

func (d *demo) paused() *plan.Release {
	for _, r := range d.cycle.State.Releases {
		if r.Paused != nil {
			return r
		}
	}
	return nil
}

// recover repairs the version and goes on.
func (d *demo) recover(ctx context.Context) error {
	release := d.paused()
	d.screen.caption("The image was mended and Ada has looked. wavegate resume " + release.ID)
	if err := d.fleet.Mend(product, release.Version); err != nil {
		return fmt.Errorf("mend version: %w", err)
	}
	for _, m := range d.rollout("canary").Members {
		if m.Status != plan.Failed {
			continue
		}
		for _, monitor := range d.monitors() {
			if err := d.fleet.Quiet(m.Cluster, monitor); err != nil {
				return fmt.Errorf("quiet monitor: %w", err)
			}
		}
		if err := d.command(ctx, plan.Command{Kind: plan.CommandRetry, Cluster: m.Cluster}); err != nil {
			return err
		}
	}
	return d.command(ctx, plan.Command{Kind: plan.CommandResume, Release: release.ID, Reason: "image mended"})
}

func (d *demo) monitors() []string {
	var out []string
	p, _ := d.cycle.Spec.Product(product)
	for _, m := range p.Spec.Monitors {
		out = append(out, m.Name)
	}
	return out
}

// byHand changes a cluster behind Wavegate's back.
func (d *demo) byHand(context.Context) error {
	for _, name := range d.cycle.Fleet.Names() {
		row, _ := d.cycle.Fleet.Find(name)
		if tier, _ := d.cycle.Fleet.Label(row, "tier"); tier != "nonprod" || d.cycle.Fleet.Cluster(row).Product != product {
			continue
		}
		d.screen.caption("Somebody types kubectl set image on " + name + "…")
		if err := d.fleet.SetVersion(name, fleet.Version{Tag: old}); err != nil {
			return fmt.Errorf("change by hand: %w", err)
		}
		return nil
	}
	return nil
}

func (d *demo) drifts(kind plan.DriftKind) bool {
	for _, name := range d.cycle.Fleet.Names() {
		row, _ := d.cycle.Fleet.Find(name)
		if d.cycle.Plan.Decision(row).Drift == kind {
			return true
		}
	}
	return false
}
