package fleet

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kindOfPlain says what YAML 1.1 makes of a scalar without quotes: "" for text,
// else a word for what it is instead. Where parsers disagree it does not say
// text, so that quotes are asked for.
func kindOfPlain(s string) string {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return "empty"
	case "<<", "=":
		return "a YAML operator"
	case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN":
		return "a number"
	}
	switch strings.ToLower(s) {
	case "y", "yes", "on", "true", "n", "no", "off", "false":
		return "a yes or no"
	}
	if strings.ContainsRune("+-.0123456789", rune(s[0])) && isNumber(strings.ReplaceAll(s, "_", "")) {
		return "a number"
	}
	return ""
}

func isNumber(s string) bool {
	if _, err := strconv.ParseFloat(s, 64); err == nil || isRange(err) {
		return true
	}
	_, err := strconv.ParseInt(s, 0, 64)
	return err == nil || isRange(err)
}

func isRange(err error) bool { return strings.HasSuffix(err.Error(), strconv.ErrRange.Error()) }

// isPlain reports whether a scalar has no quotes and is no block.
func isPlain(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// isDecimal reports whether a scalar is a whole number in the one spelling that
// nobody can misread: no leading zero, no 0x, no 1_000, no 1e3.
func isDecimal(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return allDigits(digits) && (digits == "0" || digits[0] != '0')
}

// nodeWord says what a node is, for a message.
func nodeWord(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if isPlain(n) {
			if kind := kindOfPlain(n.Value); kind != "" {
				return kind
			}
		}
		return "text"
	default:
		return "something else"
	}
}
