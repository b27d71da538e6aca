package jsonscan

import "hash/maphash"

// StrictDepth is the number of nested objects and arrays that a strict Checker
// accepts.
const StrictDepth = 100

const tooDeepStrict = "at most 100 nested objects and arrays"

// Checker checks documents, and says what it met in them. It gets faster with
// documents that have the same fields in the same order. See NewChecker and NewStrict.
// It is not safe for concurrent use.
type Checker struct {
	strict  bool
	depth   int
	shape   shape
	met     names
	objects uint64 // of the document so far
	found   Found
}

// Found is what a Checker met in a valid document.
type Found struct {
	// Twice is set when an object may have two fields of one name, which Twice of
	// package schema knows for sure: names that need unescaping, or of which there are
	// many, are not compared here.
	Twice bool
	// Escapes is set when a string has an escape, without which there is none of half a
	// character either, and Breaks when a line break is between tokens. There is
	// none inside of strings.
	Escapes, Breaks bool
}

// NewChecker returns a Checker that accepts what Valid does.
func NewChecker() *Checker {
	return &Checker{depth: MaxDepth, met: names{seed: maphash.MakeSeed()}}
}

// NewStrict returns a Checker of documents that must be what every reader of JSON
// takes: one object, not nested too deep.
func NewStrict() *Checker {
	c := NewChecker()
	c.strict, c.depth = true, StrictDepth
	return c
}

// Check checks a document. The error is a *SyntaxError.
func (c *Checker) Check(doc []byte) (Found, error) {
	c.begin()
	i := c.space(doc, 0)
	if c.strict && (i >= len(doc) || doc[i] != '{') {
		if err := Valid(doc); err != nil {
			return Found{}, err
		}
		return Found{}, syntaxError(doc, i, "an object")
	}
	end, err := c.value(doc, i, 0)
	if err != nil {
		return Found{}, err
	}
	if end = c.space(doc, end); end < len(doc) {
		return Found{}, syntaxError(doc, end, "the end of the document")
	}
	c.end(doc)
	return c.found, nil
}

// tooDeep says what is wrong with a document that is nested too deep.
func (c *Checker) tooDeep(doc []byte, i int) error {
	if c.strict {
		return syntaxError(doc, i, tooDeepStrict)
	}
	return syntaxError(doc, i, tooDeep)
}

// space is skipSpace that notes line breaks.
func (c *Checker) space(doc []byte, i int) int {
	if i < len(doc) && doc[i] > ' ' {
		return i
	}
	return c.skip(doc, i)
}

func (c *Checker) skip(doc []byte, i int) int {
	end := skipSpace(doc, i)
	for ; i < end; i++ {
		if doc[i] == '\n' || doc[i] == '\r' {
			c.found.Breaks = true
		}
	}
	return end
}

// text checks the string that starts with the quote at doc[i], and returns its end.
func (c *Checker) text(doc []byte, i int) (int, error) {
	i = plainRun(doc, i+1)
	if i < len(doc) && doc[i] == '"' {
		return i + 1, nil
	}
	return c.rest(doc, i)
}

// rest is text from inside of the string on, behind what is plain.
func (c *Checker) rest(doc []byte, i int) (int, error) {
	end, escaped, err := scanRest(doc, i)
	if escaped {
		c.found.Escapes = true
	}
	return end, err
}

// object checks the object that starts at doc[i]; depth counts it.
func (c *Checker) object(doc []byte, i, depth int) (int, error) {
	if depth > c.depth {
		return i, c.tooDeep(doc, i)
	}
	c.objects++
	number := c.objects
	i = c.space(doc, i+1)
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	for {
		var err error
		if end := c.shape.token(doc, i, number); end > 0 {
			i = end
		} else if i, err = c.key(doc, i, number); err != nil {
			return i, err
		}
		i = c.space(doc, i)
		if i < len(doc) && doc[i] == '"' {
			i, err = c.text(doc, i)
		} else {
			i, err = c.value(doc, i, depth)
		}
		if err != nil {
			return i, err
		}
		i = c.space(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = c.space(doc, i+1)
	}
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	return i, syntaxError(doc, i, "a comma or } after a field")
}

// key checks and notes the field name at doc[i], and returns what follows its colon.
func (c *Checker) key(doc []byte, i int, object uint64) (int, error) {
	if i >= len(doc) || doc[i] != '"' {
		return i, syntaxError(doc, i, "a field name in quotes")
	}
	start := i + 1
	if i = plainRun(doc, start); i < len(doc) && doc[i] == '"' {
		c.note(doc, start, i, object)
		i++
	} else {
		end, escaped, err := scanRest(doc, i)
		if err != nil {
			return end, err
		}
		if escaped {
			c.found.Twice, c.found.Escapes = true, true
		}
		c.note(doc, start, end-1, object)
		i = end
	}
	i = c.space(doc, i)
	if i >= len(doc) || doc[i] != ':' {
		return i, syntaxError(doc, i, "a colon after a field name")
	}
	return i + 1, nil
}

// value checks the value at doc[i], inside depth open objects and arrays.
func (c *Checker) value(doc []byte, i, depth int) (int, error) {
	if i < len(doc) {
		switch doc[i] {
		case '"':
			return c.text(doc, i)
		case '{':
			return c.object(doc, i, depth+1)
		case '[':
			return c.array(doc, i, depth+1)
		}
	}
	return scanValue(doc, i, depth)
}

// array checks the array that starts at doc[i]; depth counts it.
func (c *Checker) array(doc []byte, i, depth int) (int, error) {
	if depth > c.depth {
		return i, c.tooDeep(doc, i)
	}
	i = c.space(doc, i+1)
	if i < len(doc) && doc[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = c.value(doc, i, depth); err != nil {
			return i, err
		}
		i = c.space(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = c.space(doc, i+1)
	}
	if i < len(doc) && doc[i] == ']' {
		return i + 1, nil
	}
	return i, syntaxError(doc, i, "a comma or ] after an element")
}

// Deeper reports whether a parsed value has more than the given number of nested
// objects and arrays.
func Deeper(v any, than int) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if than < 1 || Deeper(member, than-1) {
				return true
			}
		}
		return than < 1
	case []any:
		for _, item := range v {
			if than < 1 || Deeper(item, than-1) {
				return true
			}
		}
		return than < 1
	}
	return false
}
