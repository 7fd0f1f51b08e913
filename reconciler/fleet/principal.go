package fleet

import (
	"fmt"
	"strings"
)

// maxLogin is longer than what forges allow today.
const maxLogin = 100

// checkPrincipal applies the syntax of approvers and owners: user:login or
// team:organisation/name.
func checkPrincipal(s string) error {
	const how = "write user:login or team:organisation/name"
	kind, rest, ok := strings.Cut(s, ":")
	if !ok {
		return advise(principalHint(s, how), "%s names neither a user nor a team", quote(s))
	}
	switch kind {
	case "user":
		return checkLogin(s, rest, how)
	case "team":
		org, team, ok := strings.Cut(rest, "/")
		if !ok {
			return advise(how, "%s names no organisation", quote(s))
		}
		if err := checkLogin(s, org, how); err != nil {
			return err
		}
		return checkLogin(s, team, how)
	default:
		return advise(how, "%s begins with neither user: nor team:", quote(s))
	}
}

func checkLogin(whole, s, how string) error {
	if s == "" || len(s) > maxLogin {
		return advise(how, "%s has a name of %d characters", quote(whole), len(s))
	}
	err := eachRune(s, func(r rune, edge bool) bool {
		return isLetter(r) || isDigit(r) || r == '_' || (!edge && (r == '-' || r == '.'))
	})
	if err != nil {
		return advise(how, "%s: within %s, %w", quote(whole), quote(s), err)
	}
	return nil
}

func principalHint(s, how string) string {
	s = strings.TrimPrefix(s, "@")
	kind := "user:"
	if strings.Contains(s, "/") {
		kind = "team:"
	}
	if checkPrincipal(kind+s) == nil {
		return fmt.Sprintf("write %s%s", kind, s)
	}
	return how
}
