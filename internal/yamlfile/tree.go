package yamlfile

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// named is an entry of the tree: a key or an element, below a path.
type named struct {
	path       string // dotted, with [n] for elements
	key, value *yaml.Node
}

// entries are those of the tree, in order.
func (f *File) entries() []named {
	if f.names == nil && f.Root != nil {
		f.collect(f.Root, "")
	}
	return f.names
}

func (f *File) collect(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			below := Join(path, n.Content[i].Value)
			f.names = append(f.names, named{below, n.Content[i], n.Content[i+1]})
			f.collect(n.Content[i+1], below)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			below := path + "[" + strconv.Itoa(i) + "]"
			f.names = append(f.names, named{below, c, c})
			f.collect(c, below)
		}
	case yaml.DocumentNode, yaml.ScalarNode, yaml.AliasNode:
	}
}

// Join puts a key behind a path.
func Join(path, key string) string {
	if path == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}

// Find is the place of a path, or of the innermost part of it that is written.
func (f *File) Find(path string) Place {
	places := map[string]Place{}
	for _, e := range f.entries() {
		if _, twice := places[e.path]; !twice {
			places[e.path] = f.placeOf(e)
		}
	}
	for {
		if p, ok := places[path]; ok {
			return p
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return Place{Line: 1, Column: 1}
		}
		path = path[:i]
	}
}

// placeOf is where a key stands, or what has set its value.
func (f *File) placeOf(e named) Place {
	if p := f.Place(e.value); p.Set != "" {
		return p
	}
	return f.Place(e.key)
}

// Place is where a node stands.
func (f *File) Place(n *yaml.Node) Place {
	if p, ok := f.places[n]; ok {
		return p
	}
	return place(n)
}

// PathAt is the path of the first key in a line, or of the last one. Where there
// is none, it is that of the last key before it. It is empty before the first.
func (f *File) PathAt(line int, last bool) string {
	path, at := "", 0
	for _, e := range f.entries() {
		p := f.placeOf(e)
		if p.Set != "" || p.Line > line || p.Line < at {
			continue
		}
		if p.Line > at || last || at < line {
			path, at = e.path, p.Line
		}
	}
	return path
}

// Value is what stands under a key of the file, as plain values; nil where there
// is none.
func (f *File) Value(key string) any {
	if f.Root == nil {
		return nil
	}
	n := Child(f.Root, key)
	if n == nil {
		return nil
	}
	var v any
	if n.Decode(&v) != nil {
		return nil
	}
	return v
}

// Child is the value of a key; nil where there is none.
func Child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
