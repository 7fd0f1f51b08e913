package demo

import "testing"

func TestACommentIsReadAsAPersonReadsIt(t *testing.T) {
	for _, c := range []struct{ name, body, headline, alarm string }{
		{"nothing", "", "", ""},
		{
			"a plan", "<!-- wavegate:pull:2 -->\n<!-- v1 -->\n### kafka 7.6.0 → 7.6.1 in canary: 4 clusters in 2 waves\n\nTouches 3\n",
			"kafka 7.6.0 → 7.6.1 in canary: 4 clusters in 2 waves", "",
		},
		{
			"a halt", "### kafka in canary: paused\n\n> [!CAUTION]\n> **Paused since Fri 15:41:** `lkc-1` failed: under\\_replicated <!-- x -->fires\n>\n> Nothing is started.\n",
			"kafka in canary: paused", "Paused since Fri 15:41: lkc-1 failed: under_replicated fires",
		},
		{"a link", "[kafka](http://x/y) is **done**", "kafka is done", ""},
		{"only remarks", "<!-- a\nb -->\n\n", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := headline(c.body); got != c.headline {
				t.Errorf("headline %q, want %q", got, c.headline)
			}
			if got := alarm(c.body); got != c.alarm {
				t.Errorf("alarm %q, want %q", got, c.alarm)
			}
		})
	}
}
