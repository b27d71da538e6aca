package partition

import "github.com/s3-destination/s3-destination/internal/jsonscan"

// order predicts which field of a document comes next: that which came there in the
// one before. A name that is as predicted need not be looked up. It is not safe for
// concurrent use.
type order struct {
	lookup *lookup
	fields map[string]*field // by name
	start  field             // stands before the first one
}

// field is a name that documents have at their top level.
type field struct {
	token jsonscan.Token
	slots []int  // of the paths that begin with it
	next  *field // came behind it; nil at first
}

// maxFields is how many names are remembered, of at most maxName bytes: documents
// whose names are data have any number of them, of any length.
const maxFields, maxName = 1 << 12, 1 << 8

func (l *lookup) order() *order { return &order{lookup: l, fields: map[string]*field{}} }

// begin returns what stands before the first field.
func (o *order) begin() *field {
	if len(o.fields) > maxFields {
		o.fields, o.start.next = map[string]*field{}, nil
	}
	return &o.start
}

// next moves to the field that follows another one, nil at the end of the object.
func (o *order) next(c *jsonscan.Cursor, before *field) (*field, error) {
	if n := before.next; n != nil && c.TryField(&n.token) {
		return n, nil
	}
	key, ok, err := c.NextField()
	if err != nil || !ok {
		return nil, err
	}
	f := o.fields[string(key)]
	switch {
	case f != nil:
	case len(o.fields) > maxFields, len(key) > maxName:
		return o.lookup.field(key), nil
	default:
		f = o.lookup.field(key)
		o.fields[string(key)] = f
	}
	before.next = f
	return f, nil
}

// field returns what there is to know of a name.
func (l *lookup) field(name []byte) *field {
	f := &field{token: jsonscan.FieldToken(name)}
	for slot, path := range l.paths {
		if path[0] == string(name) {
			f.slots = append(f.slots, slot)
		}
	}
	return f
}
