package simfleet

import (
	"reflect"
	"regexp"
	"testing"
)

func TestAGeneratedFleetIsRealistic(t *testing.T) {
	members, err := Generate(Profile{Seed: 1})
	must(t, err)
	count := map[string]int{}
	customers := map[string]int{}
	names := map[string]bool{}
	form := map[string]*regexp.Regexp{
		"kafka":           regexp.MustCompile(`^lkc-[0-9a-z]{5}$`),
		"ksqldb":          regexp.MustCompile(`^lksqlc-[0-9a-z]{5}$`),
		"connect":         regexp.MustCompile(`^lcc-[0-9a-z]{5}$`),
		"schema-registry": regexp.MustCompile(`^lsrc-[0-9a-z]{5}$`),
	}
	for _, m := range members {
		count[m.Product]++
		count[m.Product+" "+m.Labels["tier"]]++
		count[m.Labels["cloud"]]++
		count[m.Labels["geo"]]++
		customers[m.Labels["customer"]]++
		if names[m.Name] || !form[m.Product].MatchString(m.Name) {
			t.Errorf("the name of a %s is %q, taken %v", m.Product, m.Name, names[m.Name])
		}
		names[m.Name] = true
		if m.Deployment && m.Replicas > 3 || m.Replicas < 2 || m.Replicas > 12 {
			t.Errorf("%s has %d replicas", m.Name, m.Replicas)
		}
		for _, key := range []string{"cloud", "region", "geo", "customer", "tier", "criticality", "country"} {
			if m.Labels[key] == "" {
				t.Errorf("%s has no label %s", m.Name, key)
			}
		}
	}
	for what, want := range map[string]int{
		"kafka": 120, "ksqldb": 40, "connect": 40, "schema-registry": 40,
		"kafka canary": 4, "kafka internal": 12, "kafka nonprod": 36, "kafka prod": 68, "ksqldb canary": 1,
	} {
		if count[what] != want {
			t.Errorf("%s: %d; want %d", what, count[what], want)
		}
	}
	for _, what := range []string{"aws", "gcp", "azure", "us", "eu"} {
		if count[what] < 40 {
			t.Errorf("only %d of 240 clusters are in %s", count[what], what)
		}
	}
	several := 0
	for _, n := range customers {
		if n > 1 {
			several++
		}
	}
	if len(customers) < 20 || several < 10 {
		t.Errorf("%d customers, %d of them with several clusters", len(customers), several)
	}
	f := newFleet(t, members...)
	if n := len(f.DataPlanes()); n != 6 {
		t.Errorf("there are %d data planes; want 6", n)
	}
}

func TestEqualProfilesGiveEqualFleetsAndOthersOthers(t *testing.T) {
	one, err := Generate(Profile{Seed: 1, Clusters: 60})
	must(t, err)
	same, err := Generate(Profile{Seed: 1, Clusters: 60})
	must(t, err)
	other, err := Generate(Profile{Seed: 2, Clusters: 60})
	must(t, err)
	if !reflect.DeepEqual(one, same) || reflect.DeepEqual(one, other) {
		t.Fatal("a fleet does not follow from its seed")
	}
	for _, n := range []int{-1, 5, 3_000_000} {
		if _, err := Generate(Profile{Clusters: n}); err == nil {
			t.Errorf("%d clusters are generated", n)
		}
	}
}
