package github

import (
	"context"
	"strings"
	"unicode"
)

// Command is what somebody has asked for in a comment. It is text of an outsider:
// neither is it known that such a cluster exists, nor that the author may ask.
type Command struct {
	// Name is the first word, in lower case: pause for instance. Whether there is
	// such a command is for the reader to say.
	Name string
	// Rest is what follows on the same line, without blanks around it.
	Rest string
}

// maxCommand is how many bytes a line with a command may have.
const maxCommand = 1000

// ParseCommand finds the command in a comment: the first line that begins with
// /wavegate, outside of code and quotes.
func ParseCommand(body string) (Command, bool) {
	fence := ""
	for line := range strings.Lines(body) {
		text := strings.TrimRightFunc(line, unicode.IsSpace)
		indent := len(text) - len(strings.TrimLeft(text, " "))
		trimmed := text[indent:]
		if fence != "" {
			if indent < 4 && strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, fence[:1]) == "" {
				fence = ""
			}
			continue
		}
		if indent >= 4 { // code
			continue
		}
		if run := fenceOf(trimmed); run != "" {
			fence = run
			continue
		}
		rest, ok := strings.CutPrefix(trimmed, "/wavegate")
		if !ok || len(trimmed) > maxCommand || (rest != "" && rest[0] != ' ' && rest[0] != '\t') {
			continue
		}
		name, more, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(rest, "\t", " ")), " ")
		if name == "" {
			name = "help"
		}
		k := Command{Name: strings.ToLower(name), Rest: strings.TrimSpace(more)}
		// In lower case it may be longer: what is no text becomes the sign for that.
		if len(strings.TrimSpace("/wavegate "+k.Name+" "+k.Rest)) > maxCommand {
			continue
		}
		return k, true
	}
	return Command{}, false
}

// fenceOf returns the run of backticks or tildes that opens a block of code.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		run := line[:len(line)-len(strings.TrimLeft(line, mark))]
		if len(run) >= 3 && (mark == "~" || !strings.Contains(line[len(run):], "`")) {
			return run
		}
	}
	return ""
}

// MayCommand says whether the author of a comment may give commands now: people
// with write access, or, when by names some, those whom it names and who still
// have access. why says what is missing. A comment that was edited or that a bot
// wrote gives no commands.
func (c *Client) MayCommand(ctx context.Context, k Comment, by []string) (may bool, why string, err error) {
	switch {
	case k.Author == "":
		return false, "its author's account was deleted", nil
	case k.Bot:
		return false, k.Author + " is a bot", nil
	case k.Edited():
		return false, "the comment was edited; write a new one", nil
	}
	why, err = c.stranger(ctx, k.Author, by)
	if why != "" {
		why = k.Author + " " + why
	}
	return err == nil && why == "", why, err
}
