package partition

import (
	"bytes"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// glance answers paths from where their names stand in a document, without reading
// the fields between them. It relies on the document being JSON, which every encoder
// checks: of what is none, the answers are of no use. It reports false where it
// cannot be sure, and walk answers: a field that is missing, a name with escapes or
// with white space behind it, or objects whose braces may be those of a text.
//
// In JSON, a name in quotes with a colon behind it is that of a field, unless the
// first quote is escaped. It is one of the top level unless it is inside of one of
// the nested objects.
func (l *lookup) glance(doc []byte, answers []found, again *recurrences) bool {
	if len(doc) == 0 || doc[0] != '{' || !again.plain {
		return false
	}
	again.look(doc)
	if again.escaped(doc) {
		return false
	}
	again.nested.reset(doc)
	for i := range again.names {
		n := &again.names[i]
		at, ok := n.last(doc, &again.nested)
		if !ok {
			return false
		}
		value, err := valueAt(doc, at)
		if err != nil {
			return false
		}
		for _, slot := range n.slots {
			if path := l.paths[slot][1:]; len(path) == 0 {
				answers[slot] = value
			} else if answers[slot], err = descend(value.raw, value.kind, path); err != nil {
				return false
			}
		}
	}
	return true
}

// valueAt returns the value that begins at an index. Most are texts without escapes.
func valueAt(doc []byte, at int) (found, error) {
	if at < len(doc) && doc[at] == '"' {
		end := bytes.IndexByte(doc[at+1:], '"') + 1
		if text := doc[at : at+1+end]; end > 0 && bytes.IndexByte(text, '\\') < 0 {
			return found{raw: text, kind: jsonscan.String, done: true, plain: true}, nil
		}
	}
	raw, kind, err := jsonscan.Find(doc[at:], nil)
	return found{raw: raw, kind: kind, done: true}, err
}

// last returns where the value of the last field of the name begins in a document.
// ok is false when there is none, or when that cannot be told. Only the last one
// counts, so that nothing is looked at before where it was in documents like this.
func (r *recurrence) last(doc []byte, nested *nested) (value int, ok bool) {
	value, sure := r.lastFrom(r.low, doc, nested)
	if sure && value == 0 && r.low > 1 {
		value, sure = r.lastFrom(1, doc, nested)
		r.low = max(1, value-len(r.token)-1)
	}
	return value, sure && value > 0
}

// lastFrom is last for what begins at an index or behind it. value is 0 when that is
// none.
func (r *recurrence) lastFrom(from int, doc []byte, nested *nested) (value int, sure bool) {
	for at := from + r.rare; at < len(doc); at++ {
		i := bytes.IndexByte(doc[at:], r.token[r.rare])
		if i < 0 {
			break
		}
		at += i
		start := at - r.rare
		if doc[start] != '"' || doc[start-1] == '\\' || !bytes.HasPrefix(doc[start:], r.token) {
			continue
		}
		behind := start + len(r.token)
		if behind >= len(doc) {
			return 0, false
		}
		switch doc[behind] {
		case ':':
			end, sure := nested.around(start)
			if !sure {
				return 0, false
			}
			if end > 0 {
				at = end + r.rare - 1
				continue
			}
			value = behind + 1
		case ',', '}', ']': // a text
		default:
			return 0, false
		}
	}
	return value, true
}

// nested are the objects inside of that of a document, in their order. They are
// looked for only as far as needed.
type nested struct {
	doc   []byte
	upTo  int // where they are known
	spans []span
}

// span is a part of a document.
type span struct{ start, end int }

func (n *nested) reset(doc []byte) { n.doc, n.upTo, n.spans = doc, 1, n.spans[:0] }

// around returns the end of the object that has the name at an index, or 0 when that
// is the whole document. sure is false when that cannot be told.
func (n *nested) around(at int) (end int, sure bool) {
	for n.upTo < at {
		i := bytes.IndexByte(n.doc[n.upTo:at], '{')
		if i < 0 {
			n.upTo = at
			break
		}
		if !n.next(n.upTo + i) {
			return 0, false
		}
	}
	i, _ := slices.BinarySearchFunc(n.spans, at, func(s span, at int) int { return s.end - at })
	if i < len(n.spans) && n.spans[i].start < at {
		return n.spans[i].end, true
	}
	return 0, true
}

// next takes the brace at i, which may begin an object or be part of a text. It
// reports false when that cannot be told, or when the object is none.
func (n *nested) next(i int) bool {
	rest := n.doc[i:]
	switch {
	case len(rest) < len(`{"x`):
		return false
	case rest[1] == '}': // there is no name in it
		n.upTo = i + 2
	case rest[1] == '"':
		if endsText(rest[2]) {
			return false
		}
		raw, _, err := jsonscan.Find(rest, nil)
		if err != nil {
			return false
		}
		n.upTo = i + len(raw)
		n.spans = append(n.spans, span{i, n.upTo})
	case jsonSpace(rest[1]):
		return false
	default: // no object begins like that
		n.upTo = i + 1
	}
	return true
}

// endsText reports whether the byte may follow the quote at the end of a text.
func endsText(c byte) bool { return c == ',' || c == ':' || c == '}' || c == ']' || jsonSpace(c) }

func jsonSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
