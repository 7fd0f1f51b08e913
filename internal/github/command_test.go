package github

import (
	"strings"
	"testing"
)

func TestCommandsInComments(t *testing.T) {
	for name, k := range map[string]struct {
		body string
		want Command
		ok   bool
	}{
		"a word":                         {"/wavegate pause", Command{"pause", ""}, true},
		"a word and a reason":            {"/wavegate pause  latency is up \r\nmore", Command{"pause", "latency is up"}, true},
		"capitals":                       {"/wavegate Pause Now", Command{"pause", "Now"}, true},
		"a tab":                          {"/wavegate\tretry\tlkc-42", Command{"retry", "lkc-42"}, true},
		"after some text":                {"Hello,\n\n/wavegate status\n", Command{"status", ""}, true},
		"the first of two":               {"/wavegate status\n/wavegate abort", Command{"status", ""}, true},
		"nothing else means help":        {"/wavegate", Command{"help", ""}, true},
		"indented a little":              {"   /wavegate status", Command{"status", ""}, true},
		"after a block of code":          {"```\n/wavegate abort\n```\n/wavegate status", Command{"status", ""}, true},
		"in the middle of a line":        {"say /wavegate pause", Command{}, false},
		"quoted":                         {"> /wavegate pause", Command{}, false},
		"in a block of code":             {"```sh\n/wavegate pause\n```", Command{}, false},
		"in a block that never ends":     {"~~~\n/wavegate pause", Command{}, false},
		"in a block closed by another":   {"````\n```\n/wavegate pause\n````", Command{}, false},
		"in a block closed by the wrong": {"```\n~~~\n/wavegate pause\n```", Command{}, false},
		"as indented code":               {"    /wavegate pause", Command{}, false},
		"as code in a line":              {"`/wavegate pause`", Command{}, false},
		"another word":                   {"/wavegates pause", Command{}, false},
		"a path":                         {"/wavegate/pause", Command{}, false},
		"far too long":                   {"/wavegate pause " + strings.Repeat("x", maxCommand), Command{}, false},
		"too long in lower case":         {"/wavegate " + strings.Repeat("\xff", 400), Command{}, false},
		"empty":                          {"", Command{}, false},
	} {
		if got, ok := ParseCommand(k.body); got != k.want || ok != k.ok {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, seed := range []string{"/wavegate pause", "```\n/wavegate x\n```", "> /wavegate y", "/wavegate\t\x00 \u202e", "~~~~\n", "/wavegate \xff", "/wavegate " + strings.Repeat("\xff", 900)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		k, ok := ParseCommand(body)
		switch {
		case !ok && k != Command{}:
			t.Errorf("no command, but %+v", k)
		case ok && (k.Name == "" || strings.ContainsAny(k.Name+k.Rest, "\n") || len(k.Rest) > maxCommand):
			t.Errorf("command %+v", k)
		case ok && !strings.Contains(body, "/wavegate"):
			t.Errorf("a command out of nothing: %+v", k)
		}
		if again, _ := ParseCommand("/wavegate " + k.Name + " " + k.Rest); ok && again != k {
			t.Errorf("%+v reads as %+v when it is written anew", k, again)
		}
	})
}
