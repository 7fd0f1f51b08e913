package simfleet

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// Profile says what a generated fleet is like.
type Profile struct {
	Seed uint64
	// Clusters is how many there are; 240 without it.
	Clusters int
}

// Place is where a data plane is.
type Place struct{ DataPlane, Cloud, Region, Geo, Country string }

// Places returns the data planes of generated fleets.
func Places() []Place {
	return []Place{
		{"aws-us-east-1", "aws", "us-east-1", "us", "us"},
		{"aws-eu-central-1", "aws", "eu-central-1", "eu", "de"},
		{"gcp-us-central1", "gcp", "us-central1", "us", "us"},
		{"gcp-europe-west3", "gcp", "europe-west3", "eu", "de"},
		{"azure-eastus", "azure", "eastus", "us", "us"},
		{"azure-westeurope", "azure", "westeurope", "eu", "nl"},
	}
}

// line is one product of a generated fleet.
type line struct {
	product, prefix, version string
	deployment               bool
	replicas                 []int // small ones first
	share                    int   // of 6
}

func lines() []line {
	return []line{
		{"kafka", "lkc-", "7.6.0", false, []int{3, 3, 4, 6, 6, 9, 12}, 3},
		{"ksqldb", "lksqlc-", "0.29.0", false, []int{3, 3, 4, 6}, 1},
		{"connect", "lcc-", "7.6.0", true, []int{2, 2, 3}, 1},
		{"schema-registry", "lsrc-", "7.6.0", true, []int{2, 2, 3}, 1},
	}
}

// Generate returns the clusters of a realistic fleet in three clouds: half of
// them kafka, and ksqldb, connect and schema-registry in equal parts; each
// product with 4 percent canaries (one at least), 10 percent internal, 30
// percent nonprod and the rest prod. Equal profiles give equal fleets.
func Generate(p Profile) ([]Member, error) {
	if p.Clusters == 0 {
		p.Clusters = 240
	}
	if p.Clusters < 6 || p.Clusters > 2_000_000 {
		return nil, fmt.Errorf("generate fleet: %d clusters; it must be 6 at least, two million at most", p.Clusters)
	}
	out := make([]Member, 0, p.Clusters)
	names := make(map[string]bool, p.Clusters)
	all := lines()
	for i, l := range all {
		n := p.Clusters * l.share / 6
		if i == len(all)-1 {
			n = p.Clusters - len(out)
		}
		for k := range n {
			out = append(out, p.member(l, k, n, names))
		}
	}
	return out, nil
}

// member returns the k-th of n clusters of a product.
func (p Profile) member(l line, k, n int, names map[string]bool) Member {
	name := p.name(l, k, names)
	tier := tierOf(k, n)
	places := Places()
	place := places[p.pick(len(places), "place", name)]
	replicas := l.replicas
	if tier != "prod" {
		replicas = replicas[:(len(replicas)+1)/2]
	}
	return Member{
		Name: name, Product: l.product, DataPlane: place.DataPlane,
		Version: fleet.Version{Tag: l.version}, Deployment: l.deployment,
		Replicas: replicas[p.pick(len(replicas), "replicas", name)],
		Labels: map[string]string{
			"cloud": place.Cloud, "region": place.Region, "geo": place.Geo, "country": place.Country,
			"tier": tier, "customer": p.customer(tier, name), "criticality": p.criticality(tier, name),
		},
	}
}

// tierOf deals out the tiers. A product with four clusters or more has each of
// them.
func tierOf(k, n int) string {
	canary := max(1, n*4/100)
	internal := max(1, n*10/100)
	nonprod := max(1, n*30/100)
	switch {
	case k < canary:
		return "canary"
	case k < canary+internal:
		return "internal"
	case k < canary+internal+nonprod:
		return "nonprod"
	default:
		return "prod"
	}
}

// name returns a free name such as lkc-7q2xk.
func (p Profile) name(l line, k int, names map[string]bool) string {
	// No vowels, so that no words come out.
	const letters = "0123456789bcdfghjkmnpqrstvwxyz"
	for try := 0; ; try++ {
		h := hash(p.Seed, "name", l.product, k, try)
		var b strings.Builder
		b.WriteString(l.prefix)
		for range 5 {
			b.WriteByte(letters[h%uint64(len(letters))])
			h /= uint64(len(letters))
		}
		if name := b.String(); !names[name] {
			names[name] = true
			return name
		}
	}
}

// customer returns who owns a cluster: canaries and internal clusters belong to
// the teams of the house, and a customer has about five.
func (p Profile) customer(tier, name string) string {
	if tier == "canary" || tier == "internal" {
		return "team-" + strconv.Itoa(1+int(draw(p.Seed, "team", name)*float64(max(8, p.Clusters/10))))
	}
	n := max(3, p.Clusters/5)
	// The product of two draws gives a few customers many clusters.
	share := draw(p.Seed, "customer", name) * (0.5 + 0.5*draw(p.Seed, "customer size", name))
	return "cust-" + strconv.Itoa(1000+int(share*float64(n)))
}

func (p Profile) criticality(tier, name string) string {
	if tier != "prod" {
		return "1"
	}
	switch x := draw(p.Seed, "criticality", name); {
	case x < 0.2:
		return "1"
	case x < 0.7:
		return "2"
	default:
		return "3"
	}
}

func (p Profile) pick(n int, about, name string) int {
	return int(draw(p.Seed, about, name) * float64(n))
}
