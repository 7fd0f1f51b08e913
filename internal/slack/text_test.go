package slack

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

func version(tag string) fleet.Version { return fleet.Version{Tag: tag} }

func TestTextFromOutsideShowsAsWhatItIs(t *testing.T) {
	for name, c := range map[string]struct{ got, want string }{
		"nobody is called by a raw mention":  {prose("<!channel> <@U1>"), "&lt;!channel&gt; &lt;@" + apart + "U1&gt;"},
		"nobody is called by a word":         {prose("@here"), "@" + apart + "here"},
		"nothing is bold":                    {prose("*x*"), apart + "*" + apart + "x" + apart + "*" + apart},
		"an entity stays an entity":          {prose("&lt;"), "&amp;lt;"},
		"a line stays one line":              {prose("a\n\u202e> b\x00"), "a &gt; b"},
		"code does not end early":            {code("a`<!here>"), "`a'&lt;!here&gt;`"},
		"a label does not end its link":      {link("a|b>c", "https://x.example/?a=1&b=<2>"), "<https://x.example/?a=1&amp;b=%3C2%3E|a/b&gt;c>"},
		"what is no address is no link":      {link("m", "javascript:alert(1)"), "m"},
		"an address with a space is no link": {link("m", "https://x.example/ <!channel>"), "m"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}

func FuzzTextFromOutside(f *testing.F) {
	for _, s := range []string{"", "<!channel>", "@everyone", "`", "a\xffb", strings.Repeat("&", 5000), "https://x.example/|<!here>"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, s, address string) {
		for _, out := range []string{prose(s), code(s)} {
			if strings.ContainsAny(out, "<>\n") || !utf8.ValidString(out) || utf8.RuneCountInString(out) > sectionLimit {
				t.Errorf("%q became %q", s, out)
			}
			if at := strings.Count(out, "@"); at != strings.Count(out, "@"+apart) {
				t.Errorf("%q may call somebody: %q", s, out)
			}
		}
		out := link(s, address)
		if n := strings.Count(out, "<"); n > 1 || n != strings.Count(out, ">") || (n == 1 && !strings.HasPrefix(out, "<http")) {
			t.Errorf("%q and %q became %q", s, address, out)
		}
	})
}
