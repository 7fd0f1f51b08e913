package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// newFor is how long drift is called new after the first report that had it: a
// report that is posted again by hand says the same as the scheduled one.
const newFor = 12 * time.Hour

// driftPost renders the drift issue; its parts are its methods.
type driftPost struct {
	*post
	d     *Drift
	since map[driftKey]Remembered
	gone  []Remembered
}

// Markdown renders the report as the issue that is edited in place. Before is
// what the body remembers, see [FindDriftMemory]; the new body holds
// what the next report needs.
func (d *Drift) Markdown(before DriftMemory) Post {
	memory, unseen := before.next(d)
	p := &driftPost{
		post: newPost(KindDrift, d.Fleet, "`wavegate drift` shows all of it."),
		d:    d, since: map[driftKey]Remembered{}, gone: memory.Gone,
	}
	for _, r := range memory.Items {
		p.since[r.key()] = r
	}
	fresh := slices.DeleteFunc(slices.Clone(d.Items), func(i DriftItem) bool { return !p.isNew(i) })
	p.summary(before, len(fresh), unseen)
	p.causes()
	p.items("New", fresh)
	p.goneTable()
	p.pins()
	p.all()
	p.skew()
	p.asOf(d.At)
	if d.Commit != "" {
		p.foot("in force " + code(short(d.Commit)))
	}
	return p.doneWith(tame(p.title(len(fresh)), 200), fleeting(memory.Encode()))
}

func (p *driftPost) title(fresh int) string {
	where := p.d.Fleet
	if where == "" {
		where = "the fleet"
	}
	if len(p.d.Items) == 0 {
		return "Drift: none in " + where
	}
	title := fmt.Sprintf("Drift: %s in %s", count(len(p.d.Items), "cluster differs", "clusters differ"), where)
	if fresh > 0 {
		title += fmt.Sprintf(", %d new", fresh)
	}
	return title
}

func (p *driftPost) summary(before DriftMemory, fresh, unseen int) {
	head := "No drift"
	if n := len(p.d.Items); n > 0 {
		head = count(n, "cluster differs", "clusters differ")
	}
	if fresh > 0 {
		head += fmt.Sprintf(", %d new", fresh)
	}
	if len(p.gone) > 0 {
		head += fmt.Sprintf(", %d gone", len(p.gone))
	}
	p.say("### %s", head)
	if len(p.d.Items) == 0 && len(p.d.Unseen) == 0 {
		p.say("Every cluster runs what it should, or a rollout is on its way to it.")
	}
	if n := len(p.d.Unseen); n > 0 {
		text := fmt.Sprintf("> [!WARNING]\n> **%s cannot be observed.** Whether they differ is not known.", count(n, "cluster", "clusters"))
		if unseen > 0 {
			text += fmt.Sprintf(" %d of them did when they were last seen.", unseen)
		}
		p.say("%s", text)
	}
	if !before.Known && len(p.d.Items) > 0 {
		p.say("This is the first report, or the one before could not be read: what is new and what is gone is told from the next one on.")
	}
}

func (p *driftPost) remembered(i DriftItem) Remembered {
	return p.since[newDriftKey(i.Cluster, i.Kind)]
}

func (p *driftPost) isNew(i DriftItem) bool {
	r := p.remembered(i)
	return r.Reported > 0 && p.d.At.Sub(time.Unix(r.Reported, 0)) < newFor
}

// lasted says since when, and for how long.
func (p *driftPost) lasted(since int64) string {
	t := time.Unix(since, 0)
	age := ""
	if d := p.d.At.Sub(t); d >= time.Minute {
		age = " (" + span(d) + ")"
	}
	return stamp(t, p.d.At) + fleeting(age)
}

// causes counts by cohort and cause.
func (p *driftPost) causes() {
	type cause struct{ cohort, kind string }
	type tally struct {
		n, fresh int
		longest  int64
	}
	by := map[cause]*tally{}
	for _, i := range p.d.Items {
		c := cause{i.Cohort, i.Kind}
		if by[c] == nil {
			by[c] = &tally{longest: p.d.At.Unix()}
		}
		by[c].n++
		by[c].longest = min(by[c].longest, p.remembered(i).Since)
		if p.isNew(i) {
			by[c].fresh++
		}
	}
	g := newGrid("the causes", "Cohort", "Cause", ">Clusters", ">New", "Longest since")
	for _, c := range slices.SortedFunc(maps.Keys(by), func(a, b cause) int {
		return cmp.Or(cmp.Compare(a.cohort, b.cohort), cmp.Compare(a.kind, b.kind))
	}) {
		t, fresh := by[c], ""
		if t.fresh > 0 {
			fresh = strconv.Itoa(t.fresh)
		}
		g.row(orWord(prose(c.cohort), "none"), prose(c.kind), strconv.Itoa(t.n), fresh, p.lasted(t.longest))
	}
	p.table("", g)
}

func (p *driftPost) grid(items []DriftItem) *grid {
	g := newGrid("the clusters", "Cluster", "Product", "Cohort", "Cause", "Runs", "Should run", "Since", "Why")
	for _, i := range items {
		desired := i.Desired
		if desired == i.Version {
			desired = ""
		}
		g.row(code(i.Cluster), prose(i.Product), prose(i.Cohort), prose(i.Kind), code(i.Version), code(desired),
			p.lasted(p.remembered(i).Since), prose(i.Reason))
	}
	return g
}

func (p *driftPost) items(title string, items []DriftItem) { p.clusters(title, p.grid(items)) }

func (p *driftPost) all() {
	if len(p.d.Items) > 0 {
		p.foldTable("All that differ: "+strconv.Itoa(len(p.d.Items)), p.grid(p.d.Items))
	}
}

func (p *driftPost) goneTable() {
	g := newGrid("what is gone", "Cluster", "Cohort", "Cause", "Gone since", "Lasted")
	for _, r := range p.gone {
		g.row(code(r.Cluster), prose(r.Cohort), prose(r.Kind), stamp(time.Unix(r.Until, 0), p.d.At), span(time.Duration(r.Until-r.Since)*time.Second))
	}
	p.clusters("Gone in the last 7 days", g)
}

func (p *driftPost) pins() {
	if len(p.d.Pins) == 0 {
		return
	}
	g := newGrid("the expired pins", "Pin", "What to do")
	for _, pin := range p.d.Pins {
		g.row(code(pin), "it has expired: remove it from the fleet repository, or give it a new date")
	}
	p.table("", g)
}

// skew says for each product and cohort how many clusters run which version.
// Versions that differ from the desired one are in bold.
func (p *driftPost) skew() {
	g := newGrid("the versions", "Product", "Cohort", "Should run", "Runs")
	var last SkewLine
	for _, s := range p.d.Skew {
		text := code(s.Version) + " × " + strconv.Itoa(s.Count)
		if s.Version != s.Desired && s.Desired != "" {
			text = "**" + text + "**"
		}
		if n := len(g.rows); n > 0 && last.Product == s.Product && last.Cohort == s.Cohort && last.Desired == s.Desired {
			g.rows[n-1][3] += ", " + text
			continue
		}
		product := prose(s.Product)
		if last.Product == s.Product && len(g.rows) > 0 {
			product = ""
		}
		g.row(product, orWord(prose(s.Cohort), "none"), code(s.Desired), text)
		last = s
	}
	p.table("Versions", g)
}
