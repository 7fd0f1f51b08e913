package console

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wavegate-dev/wavegate/internal/github"
	"github.com/wavegate-dev/wavegate/reconciler/report"
)

func FuzzWhatACommentRemembersIsReadAgain(f *testing.F) {
	f.Add("All is well.", "0123abcd", "4567")
	f.Add("<!-- wavegate-said:ffff eeee -->", "0123abcd", "2026-03-02T07:00:00Z")
	f.Add("<!-- wavegate-said:", "a", "")
	f.Fuzz(func(t *testing.T, text, fingerprint, state string) {
		if strings.Trim(fingerprint, "0123456789abcdef") != "" || strings.Trim(state, "0123456789abcdefTZ:-") != "" || strings.Contains(state, "--") {
			return
		}
		gotPrint, gotState := readTrailer(withTrailer(text, fingerprint, state))
		if gotPrint != fingerprint || gotState != state {
			t.Errorf("read %q and %q, want %q and %q", gotPrint, gotState, fingerprint, state)
		}
		readTrailer(text) // must not panic
	})
}

func TestACommentWithoutRoomForItsTrailerIsSaidAllTheSame(t *testing.T) {
	long := strings.Repeat("ä", github.MaxBody-40)
	got := body("pull:1", report.Post{Body: report.Marker(report.KindPlan, "1") + "\n" + long, Fingerprint: "f"}, "s")
	if got != long {
		t.Errorf("%d characters, want %d and no trailer", utf8.RuneCountInString(got), utf8.RuneCountInString(long))
	}
}

func FuzzAStatusIsOneLine(f *testing.F) {
	f.Add("a\nb\x1b[31m c")
	f.Add(strings.Repeat("更大 ", 100))
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, text string) {
		got := line(text)
		if strings.ContainsAny(got, "\n\r\t\x1b\x00") || utf8.RuneCountInString(got) > statusRunes || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
