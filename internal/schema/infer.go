package schema

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// MaxDepth is the number of groups and lists that columns are nested in. What
// lies deeper is kept as JSON text: engines refuse schemas far less deep than
// the documents that JSON allows.
const MaxDepth = 60

// listDepth is how many levels a list takes: in Parquet its elements are inside
// of a group of their own.
const listDepth = 2

// maxRecord is the size of the largest record that a page of Parquet has room
// for.
const maxRecord = 1 << 30

// errTwice says that an object has the same field twice.
var errTwice = errors.New("a field is there twice")

// inferrer looks at records and notes in a tree what it sees. What it makes of a
// record is what encoders make of it: one that they would refuse is refused
// here, and leaves no trace.
type inferrer struct {
	rules   *rules
	root    *node // that of the record
	cursor  jsonscan.Cursor
	buffer  []byte
	objects uint64   // counts objects, to stamp the members that were met
	path    []string // where in the record the value is
	any     bool     // records were learned from that have a field
	keys    jsonscan.Keys
}

// record notes what one record holds, or says why it would be refused.
func (in *inferrer) record(root *node, rec *record.Record) error {
	r := in.rules
	r.before = r.room
	met := in.any
	r.undo, r.rescued, in.path = r.undo[:0], false, in.path[:0]
	in.keys.Begin()
	in.root = root
	var err error
	if rec.Structured() {
		err = in.parsedRecord(root, rec.Value)
	} else {
		err = in.jsonRecord(root, rec.Raw)
	}
	if err == nil && r.rescued && in.reserved(root) {
		err = fmt.Errorf("the field %q is reserved for values that do not fit", RescuedColumn)
	}
	if err != nil {
		r.back()
		in.any = met
	}
	return err
}

// reserved reports whether the record itself has a field that is for values
// which do not fit.
func (in *inferrer) reserved(root *node) bool {
	m := root.index[RescuedColumn]
	return m != nil && m.stamp > 0 && m.stamp == root.stamp
}

func (in *inferrer) jsonRecord(root *node, raw []byte) error {
	if len(raw) > maxRecord {
		return fmt.Errorf("the record has %d bytes; a page holds at most %d", len(raw), maxRecord)
	}
	in.cursor.Reset(raw)
	if kind := in.cursor.Kind(); kind != jsonscan.Object && kind != jsonscan.Invalid {
		if err := jsonscan.Valid(raw); err != nil {
			return err
		}
		return fmt.Errorf("the record is %s, not an object", kind)
	}
	err := in.jsonMembers(root, 0)
	if err == nil {
		err = in.cursor.End()
	}
	if errors.Is(err, errTwice) {
		in.rules.back()
		in.path = in.path[:0]
		value, err := DecodeTwice(raw)
		if err != nil {
			return err
		}
		return in.parsedRecord(root, value)
	}
	return err
}

// json notes the value that the cursor is at, and reports whether it is of
// another sort than those before.
func (in *inferrer) json(n *node, depth int) (conflict bool, err error) {
	c := &in.cursor
	switch kind := c.Kind(); kind {
	case jsonscan.Object, jsonscan.Array:
		return in.jsonContainer(n, kind, depth)
	case jsonscan.String:
		text, err := c.String()
		if err != nil {
			return false, err
		}
		return in.text(n, text)
	case jsonscan.Number:
		text, err := c.Number()
		if err != nil {
			return false, err
		}
		return in.number(n, text)
	case jsonscan.True, jsonscan.False:
		raw, err := c.Skip()
		if err != nil {
			return false, err
		}
		return in.note(n, Bool, false, raw)
	case jsonscan.Null, jsonscan.Invalid:
	}
	if _, err := c.Skip(); err != nil {
		return false, err
	}
	return false, in.null(n)
}

// note notes a value of type t that does not fit as it is; raw is its text.
func (in *inferrer) note(n *node, t Type, wide bool, raw []byte) (conflict bool, err error) {
	conflict, fits := n.widen(t, wide, in.rules)
	if !fits {
		err = in.misfit(n, raw)
	}
	return conflict, err
}

// misfit deals with a value that its node has no room for.
func (in *inferrer) misfit(n *node, raw []byte) error {
	switch {
	case in.rules.room < 0:
		return noRoom(in.where())
	case in.rules.mismatch == Rescue && n.Optional:
		in.rules.rescued = true
		return nil
	}
	return Misfit(in.where(), raw, n.Type)
}

// Misfit is the error for a value that a column does not take.
func Misfit(path string, raw []byte, t Type) error {
	const most = 60
	if len(raw) > most {
		raw = append(append([]byte(nil), raw[:most]...), "..."...)
	}
	return fmt.Errorf("field %q: %s does not fit a column of type %s", path, raw, t)
}

// null notes a null, or a value that says no more than one.
func (in *inferrer) null(n *node) error {
	if n.Optional {
		return nil
	}
	return fmt.Errorf("the required field %q is null or missing", in.where())
}

func (in *inferrer) where() string {
	path := ""
	for _, name := range in.path {
		if path != "" && name != "[]" {
			path += "."
		}
		path += name
	}
	return path
}

// enter and leave follow the way through a record.
func (in *inferrer) enter(name string) { in.path = append(in.path, name) }
func (in *inferrer) leave()            { in.path = in.path[:len(in.path)-1] }

func (in *inferrer) jsonContainer(n *node, kind jsonscan.Kind, depth int) (conflict bool, err error) {
	full := Group
	if kind == jsonscan.Array {
		full = List
	}
	if n.holds(full) && depth < MaxDepth {
		return false, in.jsonInside(n, depth)
	}
	saved := in.cursor
	raw, err := in.cursor.Skip()
	if err != nil {
		return false, err
	}
	look, conflict, err := in.container(n, full, depth, jsonscan.Undecided(raw), raw)
	if !look || err != nil {
		return conflict, err
	}
	in.cursor = saved
	return conflict, in.jsonInside(n, depth)
}

// container notes that a list or object was seen and reports whether to look
// inside. One that is undecided, because nothing in it decides for a type,
// changes nothing.
func (in *inferrer) container(n *node, full Type, depth int, undecided bool, raw []byte) (look, conflict bool, err error) {
	switch {
	case n.holds(full) && (depth < MaxDepth || n.declared):
		return true, false, nil
	case undecided && (n.Type == String || n.Type == JSON) && in.rules.widens():
		return false, false, nil // it is kept as text
	case undecided && (n.Type == Unknown || in.rules.widens()):
		return false, false, in.null(n)
	case depth >= MaxDepth:
		full = JSON
	}
	conflict, err = in.note(n, full, false, raw)
	return n.Type == full && full != JSON, conflict, err
}

// jsonMembers notes the members of the object that the cursor is at.
func (in *inferrer) jsonMembers(n *node, depth int) error {
	if err := in.cursor.EnterObject(); err != nil {
		return err
	}
	stamp := in.stamp(n, depth)
	for {
		key, ok, err := in.cursor.NextField()
		if err != nil {
			return err
		}
		if !ok {
			return in.complete(n, stamp)
		}
		in.any = true
		m := n.index[string(key)] // this conversion does not allocate
		if m == nil || m.Source > 0 {
			name := string(key)
			null := in.cursor.Kind() == jsonscan.Null
			if m, err = in.unknown(n, name, null); err != nil {
				return err
			}
		}
		if m == nil {
			if _, err := in.cursor.Skip(); err != nil {
				return err
			}
			continue
		}
		if m.stamp == stamp {
			return errTwice
		}
		m.stamp = stamp
		in.enter(m.Name)
		if _, err := in.json(m, depth+1); err != nil {
			return err
		}
		in.leave()
		if depth > 0 && n.manyNames(in.rules) {
			n.toMap(in.rules)
			return nil
		}
	}
}

// stamp begins an object. That of a root tells its members which record it is.
func (in *inferrer) stamp(n *node, depth int) uint64 {
	in.objects++
	if depth == 0 {
		n.stamp = in.objects
	}
	return in.objects
}

// complete checks that the object of a stamp had what it must have.
func (in *inferrer) complete(n *node, stamp uint64) error {
	for _, m := range n.members {
		if !m.Optional && m.Default == nil && m.stamp != stamp {
			in.enter(m.Name)
			return in.null(m)
		}
	}
	return nil
}

// unknown returns the node for a field that the schema does not have; nil when
// it is to be left out.
func (in *inferrer) unknown(n *node, name string, null bool) (*node, error) {
	if n == in.root && in.rules.without[name] {
		return nil, nil
	}
	if n.index[name] != nil { // a column that is not for records
		return nil, source.Taken(name)
	}
	r := in.rules
	in.enter(name)
	defer in.leave()
	switch {
	case r.unknown == Add && !utf8.ValidString(name):
		return nil, fmt.Errorf("the name of the field %q is not UTF-8", name)
	case r.unknown == Add:
		if m := n.member(name, r); m != nil {
			return m, nil
		}
		return nil, fmt.Errorf("the field %q differs from another one only in case, and on_case_collision is reject", in.where())
	case r.unknown == Drop || null:
		return nil, nil
	}
	return nil, fmt.Errorf("the schema has no field %q", in.where())
}

func (in *inferrer) jsonItems(n *node, depth int) error {
	if err := in.cursor.EnterArray(); err != nil {
		return err
	}
	in.enter("[]")
	defer in.leave()
	for {
		ok, err := in.cursor.NextElement()
		if err != nil || !ok {
			return err
		}
		if n.Type != List { // since an element before was of another sort
			if _, err = in.cursor.Skip(); err != nil {
				return err
			}
			continue
		}
		mixed, err := in.json(n.elem(in.rules), depth+listDepth)
		if err != nil {
			return err
		}
		if mixed {
			n.mixed(in.rules)
		}
	}
}
