package jsonscan

import "strconv"

// Find returns the text and the kind of the value at path, of which only what is needed
// is read: what lies behind the objects around the value is not checked. A segment names a
// field of an object, or, as in Bloblang, the index of an element when the
// value is an array. When a name occurs twice in an object the last counts, as
// everywhere.
// ErrNotFound is returned when there is no such value, a *SyntaxError when
// what had to be read is not JSON. An empty path finds the whole value.
func Find(doc []byte, path []string) (raw []byte, kind Kind, err error) {
	c := Cursor{doc: doc}
	for _, segment := range path {
		switch c.Kind() {
		case Object:
			err = c.findField(segment)
		case Array:
			err = c.findElement(segment)
		default:
			// A broken scalar is reported as such rather than as absent.
			if _, err = c.Skip(); err == nil {
				err = ErrNotFound
			}
		}
		if err != nil {
			return nil, Invalid, err
		}
	}
	kind = c.Kind()
	if raw, err = c.Skip(); err != nil {
		return nil, Invalid, err
	}
	return raw, kind, nil
}

func (c *Cursor) findField(name string) error {
	if err := c.EnterObject(); err != nil {
		return err
	}
	var last Cursor
	for {
		key, ok, err := c.NextField()
		if err != nil {
			return err
		}
		if !ok {
			if last.doc == nil {
				return ErrNotFound
			}
			*c = last
			return nil
		}
		if string(key) == name {
			last = *c
		}
		if _, err = c.Skip(); err != nil {
			return err
		}
	}
}

func (c *Cursor) findElement(segment string) error {
	index, err := strconv.Atoi(segment)
	if err != nil || index < 0 {
		return ErrNotFound
	}
	if err := c.EnterArray(); err != nil {
		return err
	}
	for {
		ok, err := c.NextElement()
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotFound
		}
		if index == 0 {
			return nil
		}
		index--
		if _, err = c.Skip(); err != nil {
			return err
		}
	}
}
