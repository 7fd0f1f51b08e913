package githubtest

import (
	"regexp"
	"strings"
	"testing"
)

func TestCommentsAreRenderedWithoutHarm(t *testing.T) {
	render := markdown()
	for source, want := range map[string]string{
		"**bold** <b>too</b>": "<p><strong>bold</strong> <b>too</b></p>\n",
		"<details><summary>Plan</summary>\n\n| a |\n|-|\n| 1 |\n\n</details>": "<details><summary>Plan</summary>\n<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>\n</details>",
		"<!-- wavegate:plan -->\nHello":                                       "\n<p>Hello</p>\n",
		"a <!-- hidden --> b":                                                 "<p>a  b</p>\n",
		"<script>alert(1)</script>":                                           "&lt;script&gt;alert(1)&lt;/script&gt;",
		"<DETAILS open onclick=x>":                                            "&lt;DETAILS open onclick=x&gt;",
		"<img src=x onerror=y>":                                               "&lt;img src=x onerror=y&gt;",
		"x <b onclick=y>z":                                                    "<p>x &lt;b onclick=y&gt;z</p>\n",
		"[x](javascript:alert(1))":                                            "<p><a href=\"\">x</a></p>\n",
		"<a href=javascript:x>":                                               "&lt;a href=javascript:x&gt;",
		"<!-- a --> <!-- <script> -->":                                        " ",
		"> [!CAUTION]\n> **Paused:** why\n>\n> more":                          "<blockquote class=\"alert caution\"><p><strong>Paused:</strong> why</p>\n<p>more</p>\n</blockquote>\n",
		"> [!NOTE]\n>\n> alone":                                               "<blockquote class=\"alert note\"><p>alone</p>\n</blockquote>\n",
		"> [!NOTE] in a line":                                                 "<blockquote>\n<p>[!NOTE] in a line</p>\n</blockquote>\n",
		"> [!SCRIPT]\n> x":                                                    "<blockquote>\n<p>[!SCRIPT]\nx</p>\n</blockquote>\n",
		"<!-- never closed <script>":                                          "&lt;!-- never closed &lt;script&gt;",
	} {
		got, err := render(source)
		if err != nil || string(got) != want {
			t.Errorf("%q became %q, %v, want %q", source, got, err, want)
		}
	}
}

func FuzzCommentsAreRenderedWithoutHarm(f *testing.F) {
	for _, seed := range []string{
		"<details><summary>x</summary>", "<scr<!-- -->ipt>alert(1)</script>", "[x]: javascript:alert(1)\n[x]", "<<b>script>",
		"![x](data:text/html,x)", "<b\n/><svg/onload=x>", "`<script>`", "<javascript:alert(1)>", "> [!NOTE]\n> [!NOTE]\n> *x\n> y*", "http://x\"onmouseover=y", "<!--><script>",
	} {
		f.Add(seed)
	}
	render := markdown()
	tag := regexp.MustCompile(`<[^<>]*>?`)
	good := regexp.MustCompile(`^</?(details|summary|br|hr|p|b|i|em|strong|code|kbd|sub|sup|del|blockquote|ul|li|pre|table|thead|tbody|tr|h[1-6])>$` +
		`|^<(ol|ol start="[0-9]+"|/ol|/a|th|/th|td|/td|(th|td) (align|style)="[a-z:-]*"|code class="language-[^"<>]*")>$` +
		`|^<input (checked="" )?disabled="" type="checkbox">$` +
		`|^<blockquote class="alert (note|tip|important|warning|caution)">$` +
		`|^<(a|img)( (href|src|alt|title)="[^"<>]*")+>$`)
	address := regexp.MustCompile(`(?i)(href|src)="\s*(javascript|vbscript|data:text)`)
	f.Fuzz(func(t *testing.T, source string) {
		got, err := render(source)
		if err != nil {
			t.Skip()
		}
		for _, found := range tag.FindAllString(string(got), -1) {
			if !good.MatchString(found) {
				t.Errorf("%q became %q, with %q in it", source, got, found)
			}
		}
		if bad := address.FindString(string(got)); bad != "" {
			t.Errorf("%q became %q, with %q in it", source, got, bad)
		}
		if strings.Contains(string(got), "<!--") {
			t.Errorf("%q became %q, with a remark in it", source, got)
		}
	})
}
