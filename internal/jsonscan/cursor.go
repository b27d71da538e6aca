package jsonscan

// Kind is the type of a JSON value, told by its first byte.
type Kind uint8

// The kinds of values. Invalid stands for anything that cannot start a value,
// the end of the document included.
const (
	Invalid Kind = iota
	Object
	Array
	String
	Number
	True
	False
	Null
)

// String names the kind in words that fit into a sentence.
func (k Kind) String() string {
	switch k {
	case Object:
		return "an object"
	case Array:
		return "an array"
	case String:
		return "a string"
	case Number:
		return "a number"
	case True, False:
		return "a boolean"
	case Null:
		return "null"
	case Invalid:
	}
	return "no JSON value"
}

var kinds = func() (t [256]Kind) {
	t['{'], t['['], t['"'], t['-'] = Object, Array, String, Number
	t['t'], t['f'], t['n'] = True, False, Null
	for c := '0'; c <= '9'; c++ {
		t[c] = Number
	}
	return t
}()

// Cursor reads one document from front to back. After NextField or NextElement
// reported a value, the caller consumes exactly that value, with the method
// for its kind, with Enter..., or with Skip. A method that returns an error
// leaves the cursor where it was. The zero Cursor reads the empty document; a
// Cursor is not safe for concurrent use.
type Cursor struct {
	doc   []byte
	pos   int
	depth int
	// first is set between entering an object or array and its first member.
	// One flag serves all levels: it is always cleared before a level is left.
	first   bool
	key     []byte // the last key that had escapes
	scratch []byte // the last string that had escapes
}

// Reset points the cursor at the start of doc, which must not change while
// the cursor is in use.
func (c *Cursor) Reset(doc []byte) {
	c.doc, c.pos, c.depth, c.first = doc, 0, 0, false
}

// Offset returns the position in the document up to which was read.
func (c *Cursor) Offset() int { return c.pos }

// Kind peeks at the next value and reports its kind by its first byte.
func (c *Cursor) Kind() Kind {
	c.pos = skipSpace(c.doc, c.pos)
	if c.pos >= len(c.doc) {
		return Invalid
	}
	return kinds[c.doc[c.pos]]
}

func (c *Cursor) enter(k Kind, expected string) error {
	if c.Kind() != k {
		return syntaxError(c.doc, c.pos, expected)
	}
	if c.depth >= MaxDepth {
		return syntaxError(c.doc, c.pos, tooDeep)
	}
	c.pos++
	c.depth++
	c.first = true
	return nil
}

// leave consumes the closing byte at i.
func (c *Cursor) leave(i int) {
	c.pos = i + 1
	c.depth--
	c.first = false
}

// EnterObject consumes the opening brace of an object.
func (c *Cursor) EnterObject() error { return c.enter(Object, "an object") }

// EnterArray consumes the opening bracket of an array.
func (c *Cursor) EnterArray() error { return c.enter(Array, "an array") }

// NextField consumes the name of the next field of the object entered last,
// and the colon after it. At the end of the object it consumes the closing
// brace and ok is false. The key is unescaped. It aliases the document unless
// it has escapes; then it is valid until the next call of NextField.
func (c *Cursor) NextField() (key []byte, ok bool, err error) {
	doc, i := c.doc, skipSpace(c.doc, c.pos)
	if i < len(doc) && doc[i] == '}' {
		c.leave(i)
		return nil, false, nil
	}
	if !c.first {
		if i >= len(doc) || doc[i] != ',' {
			return nil, false, syntaxError(doc, i, "a comma or } after a field")
		}
		i = skipSpace(doc, i+1)
	}
	if i >= len(doc) || doc[i] != '"' {
		return nil, false, syntaxError(doc, i, "a field name in quotes")
	}
	end := plainEnd(doc, i+1)
	if end < len(doc) && doc[end] == '"' {
		key = doc[i+1 : end]
		end++
	} else if key, end, err = c.slowKey(i, end); err != nil {
		return nil, false, err
	}
	if end >= len(doc) || doc[end] != ':' {
		if end = skipSpace(doc, end); end >= len(doc) || doc[end] != ':' {
			return nil, false, syntaxError(doc, end, "a colon after a field name")
		}
	}
	c.pos = end + 1
	c.first = false
	return key, true, nil
}

// slowKey reads the key that starts with the quote at i. Up to at it is plain;
// the rest is not, or not valid.
func (c *Cursor) slowKey(i, at int) (key []byte, end int, err error) {
	end, escaped, err := scanRest(c.doc, at)
	if err != nil {
		return nil, end, err
	}
	if !escaped {
		return c.doc[i+1 : end-1], end, nil
	}
	c.key = AppendUnescaped(c.key[:0], c.doc[i+1:end-1])
	return c.key, end, nil
}

// NextElement reports whether the array entered last has another element, and
// consumes the comma before it. At the end it consumes the closing bracket.
func (c *Cursor) NextElement() (ok bool, err error) {
	doc, i := c.doc, skipSpace(c.doc, c.pos)
	if i < len(doc) && doc[i] == ']' {
		c.leave(i)
		return false, nil
	}
	if !c.first {
		if i >= len(doc) || doc[i] != ',' {
			return false, syntaxError(doc, i, "a comma or ] after an element")
		}
		i = skipSpace(doc, i+1)
	}
	if i >= len(doc) || kinds[doc[i]] == Invalid {
		return false, syntaxError(doc, i, "a value")
	}
	c.pos = i
	c.first = false
	return true, nil
}

// String consumes a string and returns it unescaped. The result aliases the
// document unless it has escapes; then it is valid until the next String.
func (c *Cursor) String() ([]byte, error) {
	text, escaped, err := c.Text()
	if err != nil || !escaped {
		return text, err
	}
	c.scratch = AppendUnescaped(c.scratch[:0], text)
	return c.scratch, nil
}

// Text consumes a string and returns what stands between its quotes, which
// aliases the document, and whether that has escapes, for AppendUnescaped.
func (c *Cursor) Text() (text []byte, escaped bool, err error) {
	doc, i := c.doc, skipSpace(c.doc, c.pos)
	if i >= len(doc) || doc[i] != '"' {
		return nil, false, syntaxError(doc, i, "a string")
	}
	end, escaped, err := scanString(doc, i)
	if err != nil {
		return nil, false, err
	}
	c.pos = end
	return doc[i+1 : end-1], escaped, nil
}

// RawString consumes a string and returns its checked text with quotes and
// escapes as they are in the document.
func (c *Cursor) RawString() ([]byte, error) {
	i := skipSpace(c.doc, c.pos)
	if i >= len(c.doc) || c.doc[i] != '"' {
		return nil, syntaxError(c.doc, i, "a string")
	}
	end, _, err := scanString(c.doc, i)
	if err != nil {
		return nil, err
	}
	c.pos = end
	return c.doc[i:end], nil
}

// Number consumes a number and returns its text, digit for digit.
func (c *Cursor) Number() ([]byte, error) {
	if c.Kind() != Number {
		return nil, syntaxError(c.doc, c.pos, "a number")
	}
	i := c.pos
	end, err := scanNumber(c.doc, i)
	if err != nil {
		return nil, err
	}
	c.pos = end
	return c.doc[i:end], nil
}

// Bool consumes true or false.
func (c *Cursor) Bool() (bool, error) {
	k, lit := c.Kind(), "false"
	switch k {
	case True:
		lit = "true"
	case False:
	default:
		return false, syntaxError(c.doc, c.pos, "true or false")
	}
	end, err := scanLiteral(c.doc, c.pos, lit)
	if err != nil {
		return false, err
	}
	c.pos = end
	return k == True, nil
}

// Null consumes null.
func (c *Cursor) Null() error {
	c.Kind()
	end, err := scanLiteral(c.doc, c.pos, "null")
	if err != nil {
		return err
	}
	c.pos = end
	return nil
}

// Skip consumes and checks a value of any kind, and returns its text without
// the white space around it.
func (c *Cursor) Skip() (raw []byte, err error) {
	i := skipSpace(c.doc, c.pos)
	end, err := scanValue(c.doc, i, c.depth)
	if err != nil {
		return nil, err
	}
	c.pos = end
	return c.doc[i:end], nil
}

// End checks that nothing but white space is left.
func (c *Cursor) End() error {
	c.pos = skipSpace(c.doc, c.pos)
	if c.pos < len(c.doc) {
		return syntaxError(c.doc, c.pos, "the end of the document")
	}
	return nil
}

// Valid checks that doc is one JSON value with nothing but white space around
// it. The error is a *SyntaxError.
func Valid(doc []byte) error {
	end, err := scanValue(doc, skipSpace(doc, 0), 0)
	if err != nil {
		return err
	}
	if end = skipSpace(doc, end); end < len(doc) {
		return syntaxError(doc, end, "the end of the document")
	}
	return nil
}
