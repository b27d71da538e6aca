package schema

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// holds reports whether the node is a list, or is made for objects: a group or a
// map.
func (n *node) holds(full Type) bool { return n.Type == full || full == Group && n.Type == Map }

// manyNames reports whether a group has so many names that they are data. Those
// that never had a value do not count.
func (n *node) manyNames(r *rules) bool {
	if r.maps == 0 || len(n.members) <= r.maps || n.declared || !r.widens() {
		return false
	}
	decided := 0
	for _, m := range n.members {
		if m.Type != Unknown {
			decided++
		}
	}
	return decided > r.maps
}

// toMap makes a group a map, whose values are of the type that holds those of all
// its members.
func (n *node) toMap(r *rules) {
	r.save(n)
	r.room += n.added()
	value := newNode("")
	for _, m := range n.members {
		value.merge(m, r)
	}
	n.Type, n.members, n.index, n.folded, n.Record = Map, nil, nil, nil, ""
	n.element = value
}

// merge makes room for all values that another node has room for. Names and
// numbers in files are not taken over: it is another column. Like
// [node.widen] it reports whether the values are of another sort.
func (n *node) merge(m *node, r *rules) (conflict bool) {
	if m.Type == Unknown {
		return false
	}
	if n.Type == Group && m.Type == Map {
		n.toMap(r)
	}
	if !n.holds(m.Type) {
		conflict, _ = n.widen(m.Type, m.Wide, r)
	}
	if m.Wide && n.Type == m.Type {
		n.widen(m.Type, true, r)
	}
	switch {
	case n.Type == Group && m.Type == Group:
		n.mergeMembers(m, r)
	case n.Type == Map && m.Type == Group:
		for _, member := range m.members {
			n.elem(r).merge(member, r)
		}
	case n.Type == Map && m.Type == Map:
		n.elem(r).merge(m.element, r)
	case n.Type == List && m.Type == List:
		if n.elem(r).merge(m.element, r) {
			n.mixed(r)
		}
	}
	return conflict
}

func (n *node) mergeMembers(m *node, r *rules) {
	for _, member := range m.members {
		own := n.index[member.Name]
		if own == nil {
			own = newNode(member.Name)
			n.attach(own)
		}
		own.merge(member, r)
		for _, alias := range member.Aliases {
			if n.index[alias] == nil {
				own.Aliases = append(slices.Clip(own.Aliases), alias)
				n.index[alias] = own
			}
		}
	}
	if n.manyNames(r) {
		n.toMap(r)
	}
}

// jsonInside notes what is in the list or object that the cursor is at.
func (in *inferrer) jsonInside(n *node, depth int) error {
	saved := in.cursor
	switch n.Type { //nolint:exhaustive // a map is left
	case List:
		return in.jsonItems(n, depth)
	case Group:
		if err := in.jsonMembers(n, depth); err != nil || n.Type != Map {
			return err
		}
		in.cursor = saved // it has become a map while it was looked at
	}
	return in.jsonEntries(n, depth)
}

// jsonEntries notes the entries of the object that the cursor is at.
func (in *inferrer) jsonEntries(n *node, depth int) error {
	if err := in.cursor.EnterObject(); err != nil {
		return err
	}
	object := in.keys.Object()
	for {
		key, ok, err := in.cursor.NextField()
		if err != nil || !ok {
			return err
		}
		in.any = true
		if !in.keys.Add(object, key) {
			return errTwice
		}
		in.enter(string(key))
		if _, err := in.json(n.elem(in.rules), depth+listDepth); err != nil {
			return err
		}
		in.leave()
	}
}

// inside notes what is in a parsed object.
func (in *inferrer) inside(n *node, object map[string]any, depth int) error {
	if n.Type == Group {
		if err := in.members(n, object, depth); err != nil || n.Type != Map {
			return err
		}
	}
	names, err := MapKeys(object)
	if err != nil {
		return err
	}
	for _, name := range names {
		in.any = true
		in.enter(name)
		if _, err := in.value(n.elem(in.rules), object[name], depth+listDepth); err != nil {
			return err
		}
		in.leave()
	}
	return nil
}

// errNotText says that names cannot be told apart, so that a value would be lost.
var errNotText = errors.New("an object has two names that are the same once bytes that are not UTF-8 are replaced")

// MapKeys returns the names of a parsed object in their order. Some may not be
// UTF-8, but no two are equal once they are made such by [MapKey].
func MapKeys(object map[string]any) ([]string, error) {
	names, odd := make([]string, 0, len(object)), false
	for name := range object {
		names = append(names, name)
		odd = odd || !utf8.ValidString(name)
	}
	slices.Sort(names)
	if !odd {
		return names, nil
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[MapKey(name)] {
			return nil, errNotText
		}
		seen[MapKey(name)] = true
	}
	return names, nil
}

// MapKey is a name as files have it.
func MapKey(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }
