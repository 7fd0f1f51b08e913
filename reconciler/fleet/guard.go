package fleet

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// guard refuses trees that are too deep, too wide or cunning, before anything
// looks at what they say. It visits each node once and follows no alias.
type guard struct {
	limits  LoaderConfig
	aliases int
}

func (g *guard) check(n *yaml.Node, depth int, anchored bool) (*yaml.Node, error) {
	switch {
	case depth > g.limits.MaxDepth:
		return n, fmt.Errorf("is nested more than %d levels deep", g.limits.MaxDepth)
	case n.Style&yaml.TaggedStyle != 0:
		return n, advise("leave it out", "the tag %s is not read", quote(n.Tag))
	case n.Kind == yaml.AliasNode:
		if g.aliases++; g.aliases > g.limits.MaxAliases {
			return n, advise("write the values out", "the document has more than %d aliases", g.limits.MaxAliases)
		}
		if anchored {
			return n, advise("write the values out", "an alias within an anchored value is not read")
		}
		return nil, nil
	}
	entries := len(n.Content)
	if n.Kind == yaml.MappingNode {
		entries /= 2
	}
	if entries > g.limits.MaxEntries {
		return n, fmt.Errorf("has %d entries, more than %d", entries, g.limits.MaxEntries)
	}
	anchored = anchored || n.Anchor != ""
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && isMerge(child) {
			return child, advise("write the fields out", "merge keys (<<) are not read")
		}
		if bad, err := g.check(child, depth+1, anchored); err != nil {
			return bad, err
		}
	}
	return nil, nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<"
}

// isEmptyDocument reports whether there is nothing between two separators, or
// nothing but comments.
func isEmptyDocument(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.Anchor == "" && strings.TrimSpace(n.Value) == ""
}
