package yamlfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Set applies an override as --set takes it, path=value, with the rules of
// Benthos: dots part the path, ~1 is a dot inside a key, numbers are elements of
// lists, - appends one. isList tells which paths are lists: a single value
// becomes a list of one there.
func (f *File) Set(override string, isList func(path []string) bool) error {
	path, text, ok := strings.Cut(override, "=")
	if !ok || path == "" || text == "" {
		return errors.New("is not of the form path=value: write for example output.s3_destination.bucket=my-bucket")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return fmt.Errorf("has a value that is no YAML (%w): put it into quotes", err)
	}
	if len(doc.Content) == 0 {
		return errors.New("has an empty value: write one")
	}
	if f.Root == nil {
		f.Root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
	}
	steps := strings.Split(path, ".")
	for i, s := range steps {
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "."), "~0", "~")
	}
	n := f.Root
	for i, step := range steps {
		next, err := f.step(n, step, override)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.Join(steps[:i+1], "."), err)
		}
		n = next
	}
	value := doc.Content[0]
	if value.Kind != yaml.SequenceNode && isList(steps) {
		value = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{value}}
	}
	*n = *value
	f.mark(n, override)
	f.names = nil
	return nil
}

// step goes to what is below a node, and makes it where it is missing.
func (f *File) step(n *yaml.Node, step, override string) (*yaml.Node, error) {
	index, err := strconv.Atoi(step)
	switch {
	case n.Kind == yaml.SequenceNode && step == "-":
		index = len(n.Content)
	case n.Kind == yaml.SequenceNode && (err != nil || index < 0 || index > len(n.Content)):
		return nil, fmt.Errorf("%q is no element of the list: write a number from 0 to %d, or - for a new one", step, len(n.Content))
	case n.Kind == yaml.SequenceNode:
	case n.Kind != yaml.MappingNode:
		*n = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if n.Kind == yaml.SequenceNode {
		if index == len(n.Content) {
			n.Content = append(n.Content, f.made(override))
		}
		return n.Content[index], nil
	}
	if child := Child(n, step); child != nil {
		return child, nil
	}
	key, child := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: step}, f.made(override)
	f.places[key] = Place{Set: override}
	n.Content = append(n.Content, key, child)
	return child, nil
}

func (f *File) made(override string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	f.places[n] = Place{Set: override}
	return n
}

// mark notes that what a node holds is from the command line, as is what its key
// stands for now.
func (f *File) mark(n *yaml.Node, override string) {
	f.places[n] = Place{Set: override}
	for _, c := range n.Content {
		f.mark(c, override)
	}
}

// Written is the tree as YAML again, each setting in a line of its own, and for
// each line where it stands in the file.
func (f *File) Written() (text []byte, lines map[int]Place, err error) {
	if text, err = yaml.Marshal(block(f.Root)); err != nil {
		return nil, nil, err
	}
	var again yaml.Node
	if err = yaml.Unmarshal(text, &again); err != nil {
		return nil, nil, err
	}
	lines = map[int]Place{}
	if len(again.Content) > 0 {
		f.align(again.Content[0], f.Root, lines)
	}
	return text, lines, nil
}

// block is a copy of a tree without braces and brackets.
func block(n *yaml.Node) *yaml.Node {
	c := *n
	c.Style &^= yaml.FlowStyle
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		c.Content[i] = block(e)
	}
	return &c
}

// align notes for every line of a copy where the original stands.
func (f *File) align(written, original *yaml.Node, lines map[int]Place) {
	if _, known := lines[written.Line]; !known {
		lines[written.Line] = f.Place(original)
	}
	for i := range min(len(written.Content), len(original.Content)) {
		f.align(written.Content[i], original.Content[i], lines)
	}
}
