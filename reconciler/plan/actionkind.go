package plan

var actionNames = [...]string{
	Start: "start", Step: "step", Hold: "hold", Continue: "continue", Note: "note",
}

// String returns the kind's word.
func (k ActionKind) String() string {
	if int(k) < len(actionNames) && actionNames[k] != "" {
		return actionNames[k]
	}
	return "?"
}
