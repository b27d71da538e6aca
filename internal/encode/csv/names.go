package csv

import "github.com/s3-destination/s3-destination/internal/jsonscan"

const none = -1

// name is a field name that was seen, in this object or an earlier one.
type name struct {
	token  jsonscan.Token
	text   string
	column int32 // in the current table, or none
	next   int32 // the name that followed in the last record, or none
}

// names knows field names across objects, and in which order the fields of a
// record come: where the next name is as predicted, no name is looked up.
type names struct {
	all   []name
	ids   map[string]int32
	first int32 // the name a record most likely begins with
}

// maxNames is how many names are remembered beyond an object.
const maxNames = 2 * maxColumns

func (n *names) reset() {
	n.all, n.ids, n.first = nil, map[string]int32{}, none
}

func (n *names) tooMany() bool { return len(n.all) > maxNames }

// after returns the name predicted behind prev, or at the beginning.
func (n *names) after(prev int32) int32 {
	if prev == none {
		return n.first
	}
	return n.all[prev].next
}

// learn notes that id came behind prev.
func (n *names) learn(prev, id int32) {
	if prev == none {
		n.first = id
	} else {
		n.all[prev].next = id
	}
}

// id returns the number of a name, a new one if it was never seen.
func (n *names) id(key []byte) int32 {
	if id, ok := n.ids[string(key)]; ok {
		return id
	}
	id := int32(len(n.all))
	text := string(key)
	n.ids[text] = id
	n.all = append(n.all, name{
		token:  jsonscan.FieldToken(key),
		text:   text,
		column: none,
		next:   none,
	})
	return id
}
