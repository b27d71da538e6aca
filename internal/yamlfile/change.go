package yamlfile

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Resolved is a copy of a tree in which aliases and merge keys are replaced by
// what they stand for; nil for nil.
func Resolved(n *yaml.Node) *yaml.Node { return resolved(n, 0) }

// deepest bounds trees that contain themselves.
const deepest = 100

func resolved(n *yaml.Node, depth int) *yaml.Node {
	if n == nil || depth > deepest {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return resolved(n.Alias, depth+1)
	}
	c := *n
	c.Anchor, c.Content = "", nil
	if n.Kind != yaml.MappingNode {
		for _, e := range n.Content {
			if r := resolved(e, depth+1); r != nil {
				c.Content = append(c.Content, r)
			}
		}
		return &c
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := resolved(n.Content[i+1], depth+1)
		switch key := n.Content[i]; {
		case value == nil:
		case key.Tag == "!!merge":
			merged = append(merged, value)
		default:
			c.Content = append(c.Content, key, value)
		}
	}
	for _, m := range merged {
		(*mapping)(&c).merge(m)
	}
	return &c
}

// merge adds what a mapping does not have.
func (c *mapping) merge(m *yaml.Node) {
	sources := []*yaml.Node{m}
	if m.Kind == yaml.SequenceNode {
		sources = m.Content
	}
	for _, s := range sources {
		for i := 0; s.Kind == yaml.MappingNode && i+1 < len(s.Content); i += 2 {
			if Child((*yaml.Node)(c), s.Content[i].Value) == nil {
				c.Content = append(c.Content, s.Content[i], s.Content[i+1])
			}
		}
	}
}

type mapping yaml.Node

// Remove leaves a path out of a tree.
func Remove(n *yaml.Node, path string) {
	steps := strings.Split(strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", ""), ".")
	for n != nil && len(steps) > 1 {
		n, steps = Below(n, steps[0]), steps[1:]
	}
	if n == nil {
		return
	}
	switch i := indexOf(n, steps[0]); {
	case i < 0:
	case n.Kind == yaml.MappingNode:
		n.Content = append(n.Content[:i:i], n.Content[i+2:]...)
	default:
		n.Content = append(n.Content[:i:i], n.Content[i+1:]...)
	}
}

// Below is what stands under a key, or the element of a number; nil where there
// is none.
func Below(n *yaml.Node, step string) *yaml.Node {
	i := indexOf(n, step)
	switch {
	case i < 0:
		return nil
	case n.Kind == yaml.MappingNode:
		return n.Content[i+1]
	}
	return n.Content[i]
}

// indexOf is where a key, or an element, stands in a node; negative where it does
// not.
func indexOf(n *yaml.Node, step string) int {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return i
		}
		return -1
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return i
		}
	}
	return -1
}

// Provide adds a setting to a mapping that does not have it.
func Provide(n *yaml.Node, name, value string) {
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if Child(n, name) == nil {
		n.Content = append(n.Content,
			&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value})
	}
}
