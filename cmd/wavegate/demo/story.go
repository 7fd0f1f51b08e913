package demo

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	return slices.Concat(
		[]scene{
			{d.adopt, func() bool { return d.cycle != nil && d.cycle.Spec != nil }},
			d.quiet("At the first start nothing moves: what differs is drift.", 25),
		},
		d.proposed("ada", good),
		d.accepted("grace", "ada", func() bool { return d.done("canary", good) }),
		d.promoted("internal"),
		d.accepted("grace", "katherine", func() bool { return d.rollout("internal") != nil }),
		[]scene{
			{func(context.Context) error { blip = d.armBlip(); return nil }, func() bool { return d.failed(blip) }},
			{func(ctx context.Context) error {
				return d.say(blip + " alerts in mid roll: it stops where it is. The budget allows one; the others go on.")(ctx)
			}, d.pictures(40)},
			{func(ctx context.Context) error {
				d.screen.caption("Ada has looked: the disk was full. She comments: /wavegate retry " + blip)
				return d.comment(ctx, "ada", "The disk was full; it is larger now.\n\n/wavegate retry "+blip)
			}, d.all(d.pictures(effectPictures), func() bool { return d.done("internal", good) })},
		},
		d.promoted("nonprod"),
		d.accepted("katherine", "ada", func() bool { return d.done("nonprod", good) }),
		// Production: two cohorts side by side, by two pull requests.
		d.promoted("prod-us"),
		d.accepted("ada", "grace", func() bool { return d.rollout("prod-us") != nil }),
		d.promoted("prod-eu"),
		d.accepted("katherine", "grace", func() bool { return d.lastWaveOpen("prod-us") }),
		d.frozen("katherine"),
		d.accepted("ada", "katherine", func() bool { return d.done("prod-us", good) && d.done("prod-eu", good) }),
		[]scene{d.quiet("kafka 7.6.1 runs everywhere, but for the cluster that is pinned.", 30), {d.spoil, now}},
		d.proposed("ada", bad),
		d.accepted("grace", "ada", func() bool { return d.paused() != nil }),
		[]scene{
			{d.say("The monitor fires on the first canary, where no failure is allowed: the whole release is halted."), d.pictures(60)},
		},
		d.recovered("ada"),
		d.promoted("internal"),
		[]scene{
			{d.byHand, func() bool { return d.drifts(plan.ChangedByHand) }},
			d.quiet("Somebody changed a cluster by hand. Wavegate reports it and does not fight it.", 20),
			{d.say("On workdays at seven it posts the drift report: one issue, edited in place."), d.reported},
			{nothing, d.pictures(20)},
		},
	)
}

// adopt brings the fleet as it is into the repository, before Wavegate runs.
func (d *demo) adopt(ctx context.Context) error {
	files := maps.Clone(d.files)
	delete(files, readMe)
	n, err := d.hub.people["ada"].propose(ctx, "adopt", "The fleet as it is", "What runs today, written down. Nothing moves by it.", files)
	if err != nil {
		return err
	}
	d.on = n
	d.clock.advance(10 * time.Minute)
	if err := d.hub.people["grace"].approve(ctx, n, "That is what we have."); err != nil {
		return err
	}
	d.clock.advance(5 * time.Minute)
	d.screen.caption(fmt.Sprintf("Pull request %d brings the fleet as it is: Ada opened it, Grace approved it, and it is merged.", n))
	return d.hub.people["ada"].merge(ctx, n)
}

// proposed has somebody open the pull request that begins a release.
func (d *demo) proposed(by, version string) []scene {
	return d.opened(by, func(ctx context.Context) (int, error) {
		const file = "cohorts/10-canary.yaml"
		return d.hub.people[by].propose(ctx, product+"-"+version, fmt.Sprintf("%s %s in canary", product, version),
			"It begins with the canaries.", map[string]string{file: withVersion(d.files[file], product, version)})
	})
}

// opened has somebody open a pull request and waits until Wavegate has answered.
func (d *demo) opened(by string, open func(context.Context) (int, error)) []scene {
	return []scene{
		{func(ctx context.Context) (err error) {
			if d.on, err = open(ctx); err != nil {
				return err
			}
			d.wake()
			d.screen.caption(fmt.Sprintf("%s opens pull request %d. Wavegate answers with what merging it would do.", d.hub.people[by].name(), d.on))
			return nil
		}, d.all(d.pictures(answerPictures), d.planned)},
	}
}

// planned tells that Wavegate has said what merging the pull request would do.
func (d *demo) planned() bool { return d.post(d.on) != nil && d.post(d.on).plan != "" }

// promoted waits for the pull request by which Wavegate proposes the next cohort.
func (d *demo) promoted(cohort string) []scene {
	return []scene{
		{nothing, func() bool { return d.promotion(cohort) != nil }},
		{func(context.Context) error {
			d.on = d.promotion(cohort).number
			d.screen.caption(fmt.Sprintf("The cohorts before it have finished and soaked: Wavegate opens pull request %d for %s.", d.on, cohort))
			return nil
		}, d.all(d.pictures(answerPictures), d.planned)},
	}
}

// accepted has one approve and another merge what was opened.
func (d *demo) accepted(approver, merger string, over func() bool) []scene {
	return []scene{
		{func(ctx context.Context) error {
			p := d.hub.people[approver]
			d.screen.caption(fmt.Sprintf("%s approves pull request %d.", p.name(), d.on))
			return p.approve(ctx, d.on, "")
		}, d.pictures(approvalPictures)},
		{func(ctx context.Context) error {
			p := d.hub.people[merger]
			if err := p.merge(ctx, d.on); err != nil {
				return err
			}
			d.wake()
			d.screen.caption(fmt.Sprintf("%s merges it: %s.", p.name(), d.post(d.on).title))
			return nil
		}, d.all(d.pictures(effectPictures), over)},
	}
}

// How many pictures people need to read a plan and to merge what is approved, and
// Wavegate to take note.
const answerPictures, approvalPictures, effectPictures = 16, 8, 4

// wake has Wavegate look at GitHub and at git now, as a webhook does.
func (d *demo) wake() {
	d.reconciler.Wake()
	d.console.Wake()
}

// comment comments on the pull request of this part of the story.
func (d *demo) comment(ctx context.Context, by, text string) error {
	d.wake()
	return d.hub.people[by].say(ctx, d.on, text)
}

// post is what was last seen of a pull request, or nil.
func (d *demo) post(number int) *post {
	for i := range d.posts {
		if d.posts[i].number == number {
			return &d.posts[i]
		}
	}
	return nil
}

// promotion is the open pull request that moves a cohort, or nil.
func (d *demo) promotion(cohort string) *post {
	for i := range d.posts {
		if p := &d.posts[i]; p.author == wavegate && p.state == "open" && p.head == "wavegate/promote/"+product+"/"+cohort {
			return p
		}
	}
	return nil
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

// all waits for several things.
func (d *demo) all(conditions ...func() bool) func() bool {
	return func() bool {
		over := true
		for _, met := range conditions {
			over = met() && over
		}
		return over
	}
}

func (d *demo) quiet(text string, frames int) scene { return scene{d.say(text), d.pictures(frames)} }

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

// frozen has somebody hold back the region in which most clusters still wait.
func (d *demo) frozen(by string) []scene {
	return d.opened(by, func(ctx context.Context) (int, error) {
		region := d.busiestRegion()
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
`, region, d.clock.Now().Add(-time.Hour).Format(layout), d.clock.Now().Add(9*time.Hour).Format(layout))
		return d.hub.people[by].propose(ctx, "freeze-"+region, "A blackout for "+region, "Its clusters wait, all others go on.",
			map[string]string{"windows/freeze.yaml": window})
	})
}

// busiestRegion is the region of prod-us in which most clusters still wait.
func (d *demo) busiestRegion() string {
	waiting := map[string]int{}
	for _, m := range d.rollout("prod-us").Members {
		row, ok := d.cycle.Fleet.Find(m.Cluster)
		if !ok {
			continue
		}
		region, _ := d.cycle.Fleet.Label(row, "region")
		waits := 0
		if m.Status == plan.Pending {
			waits = 1
		}
		waiting[region] += waits // a region in which none waits counts as well
	}
	return slices.MinFunc(slices.Sorted(maps.Keys(waiting)), func(a, b string) int { return cmp.Compare(waiting[b], waiting[a]) })
}

// spoil makes an alert fire on what runs the bad version.
func (d *demo) spoil(context.Context) error {
	err := d.fleet.Spoil(simfleet.BadVersion{
		Product: product, Version: fleet.Version{Tag: bad}, Effect: simfleet.Alerts, Share: 1, Delay: 3 * time.Minute,
	})
	if err != nil {
		return fmt.Errorf("spoil version: %w", err)
	}
	return nil
}

func (d *demo) paused() *plan.Release {
	for _, r := range d.cycle.State.Releases {
		if r.Paused != nil {
			return r
		}
	}
	return nil
}

// recovered has the image mended, and somebody resume the release.
func (d *demo) recovered(by string) []scene {
	return []scene{{func(ctx context.Context) error {
		if err := d.fleet.Mend(product, d.paused().Version); err != nil {
			return fmt.Errorf("mend version: %w", err)
		}
		p := d.hub.people[by]
		for _, m := range d.rollout("canary").Members {
			if m.Status != plan.Failed {
				continue
			}
			for _, monitor := range d.monitors() {
				if err := d.fleet.Quiet(m.Cluster, monitor); err != nil {
					return fmt.Errorf("quiet monitor: %w", err)
				}
			}
			if err := d.comment(ctx, by, "/wavegate retry "+m.Cluster); err != nil {
				return err
			}
		}
		d.screen.caption(fmt.Sprintf("The image was mended and %s has looked. She comments: /wavegate retry, then /wavegate resume", p.name()))
		return d.comment(ctx, by, "/wavegate resume image mended")
	}, d.all(d.pictures(effectPictures), func() bool { return d.done("canary", bad) })}}
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
		d.changed = name
		return nil
	}
	return nil
}

// reported tells that the drift issue names a cluster, and makes it what the story
// is about.
func (d *demo) reported() bool {
	at := d.cycle.At
	d.slow = at.Weekday() == time.Monday && at.Hour() >= 6 // it is seven in Berlin
	for i := range d.posts {
		if p := &d.posts[i]; p.issue && strings.Contains(p.text, d.changed) {
			d.on, d.slow = p.number, false
			return true
		}
	}
	return false
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
