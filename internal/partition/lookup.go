package partition

import (
	"errors"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// lookup holds every JSON path that the expressions need. Mostly they are answered
// at a glance. Else all of them are answered in one walk over the document's top
// level, which ends when all are found and none can come again: a search per path
// would read the same bytes again and again. Of a field that is there twice the last
// one counts, as it does for columns.
type lookup struct {
	paths [][]string
	first []recurrence // of the names at the top level
}

// found is the answer for one path; kind is Invalid when there is no value.
type found struct {
	raw   []byte
	kind  jsonscan.Kind
	done  bool // the first segment was met
	plain bool // it is known to be a text without escapes
}

// text is what is between the quotes of an answer that is plain.
func (f *found) text() []byte { return f.raw[1 : len(f.raw)-1] }

// add registers a path and returns its slot.
func (l *lookup) add(path []string) int {
	for slot, known := range l.paths {
		if slices.Equal(known, path) {
			return slot
		}
	}
	slot := len(l.paths)
	l.paths = append(l.paths, path)
	i := slices.IndexFunc(l.first, func(r recurrence) bool { return r.name == path[0] })
	if i < 0 {
		i = len(l.first)
		l.first = append(l.first, recurrenceOf(path[0]))
	}
	l.first[i].slots = append(l.first[i].slots, slot)
	return slot
}

// find fills answers, one per path, from the document. Their text aliases it.
func (l *lookup) find(c *jsonscan.Cursor, doc []byte, answers []found, order *order, again *recurrences) error {
	if l.glance(doc, answers, again) {
		return nil
	}
	return l.walk(c, doc, answers, order, again)
}

// walk is find, field by field.
func (l *lookup) walk(c *jsonscan.Cursor, doc []byte, answers []found, order *order, again *recurrences) error {
	clear(answers)
	c.Reset(doc)
	if c.Kind() != jsonscan.Object {
		return l.each(doc, answers)
	}
	if err := c.EnterObject(); err != nil {
		return err
	}
	field := order.begin()
	for missing, whole := len(l.paths), false; missing > 0 || whole; {
		var err error
		if field, err = order.next(c, field); err != nil || field == nil {
			return err
		}
		kind := jsonscan.Invalid
		if len(field.slots) > 0 {
			kind = c.Kind()
		}
		raw, err := c.Skip()
		if err != nil {
			return err
		}
		for _, slot := range field.slots {
			if !answers[slot].done {
				missing--
			}
			if answers[slot], err = descend(raw, kind, l.paths[slot][1:]); err != nil {
				return err
			}
		}
		if missing == 0 && !whole {
			whole = again.in(doc[c.Offset():])
		}
	}
	return nil
}

// each looks the paths up one by one: for documents that are no objects.
func (l *lookup) each(doc []byte, answers []found) (err error) {
	for slot, path := range l.paths {
		if answers[slot], err = descend(doc, jsonscan.Invalid, path); err != nil {
			return err
		}
	}
	return nil
}

func descend(raw []byte, kind jsonscan.Kind, path []string) (found, error) {
	if len(path) == 0 {
		return found{raw: raw, kind: kind, done: true}, nil
	}
	raw, kind, err := jsonscan.Find(raw, path)
	if err != nil && !errors.Is(err, jsonscan.ErrNotFound) {
		return found{}, err
	}
	return found{raw: raw, kind: kind, done: true}, nil
}
