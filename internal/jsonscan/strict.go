package jsonscan

import "hash/maphash"

// StrictDepth is the number of nested objects and arrays that a Strict accepts.
const StrictDepth = 100

const tooDeepStrict = "at most 100 nested objects and arrays"

// Strict checks documents that must be what every reader of JSON takes: one
// object, not nested too deep. It also finds out whether an object in it has two
// fields of one name. See NewStrict. It is not safe for concurrent use.
type Strict struct {
	shape   shape
	met     names
	objects uint64 // of the document so far
	twice   bool
}

// NewStrict returns a Strict.
func NewStrict() *Strict { return &Strict{met: names{seed: maphash.MakeSeed()}} }

// Check checks a document. twice is set when an object may have two fields of one
// name, which [Twice] knows for sure: names that need unescaping, or of which
// there are many, are not compared here. The error is a *SyntaxError.
func (s *Strict) Check(doc []byte) (twice bool, err error) {
	s.begin()
	i := skipSpace(doc, 0)
	if i >= len(doc) || doc[i] != '{' {
		if err := Valid(doc); err != nil {
			return false, err
		}
		return false, syntaxError(doc, i, "an object")
	}
	end, err := s.object(doc, i, 1)
	if err != nil {
		return false, err
	}
	if end = skipSpace(doc, end); end < len(doc) {
		return false, syntaxError(doc, end, "the end of the document")
	}
	s.end(doc)
	return s.twice, nil
}

// object checks the object that starts at doc[i]; depth counts it.
func (s *Strict) object(doc []byte, i, depth int) (int, error) {
	if depth > StrictDepth {
		return i, syntaxError(doc, i, tooDeepStrict)
	}
	s.objects++
	number := s.objects
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	for {
		var err error
		if end := s.shape.token(doc, i, number); end > 0 {
			i = end
		} else if i, err = s.key(doc, i, number); err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i < len(doc) && doc[i] == '"' {
			i, _, err = scanString(doc, i)
		} else {
			i, err = s.value(doc, i, depth)
		}
		if err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = skipSpace(doc, i+1)
	}
	if i < len(doc) && doc[i] == '}' {
		return i + 1, nil
	}
	return i, syntaxError(doc, i, "a comma or } after a field")
}

// key checks and notes the field name at doc[i], and returns what follows its colon.
func (s *Strict) key(doc []byte, i int, object uint64) (int, error) {
	if i >= len(doc) || doc[i] != '"' {
		return i, syntaxError(doc, i, "a field name in quotes")
	}
	start := i + 1
	if i = plainRun(doc, start); i < len(doc) && doc[i] == '"' {
		s.note(doc, start, i, object)
		i++
	} else {
		end, escaped, err := scanRest(doc, i)
		if err != nil {
			return end, err
		}
		if escaped {
			s.twice = true
		}
		s.note(doc, start, end-1, object)
		i = end
	}
	i = skipSpace(doc, i)
	if i >= len(doc) || doc[i] != ':' {
		return i, syntaxError(doc, i, "a colon after a field name")
	}
	return i + 1, nil
}

// value checks the value at doc[i], inside depth open objects and arrays.
func (s *Strict) value(doc []byte, i, depth int) (int, error) {
	if i < len(doc) {
		switch doc[i] {
		case '{':
			return s.object(doc, i, depth+1)
		case '[':
			return s.array(doc, i, depth+1)
		}
	}
	return scanValue(doc, i, depth)
}

// array checks the array that starts at doc[i]; depth counts it.
func (s *Strict) array(doc []byte, i, depth int) (int, error) {
	if depth > StrictDepth {
		return i, syntaxError(doc, i, tooDeepStrict)
	}
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = s.value(doc, i, depth); err != nil {
			return i, err
		}
		i = skipSpace(doc, i)
		if i >= len(doc) || doc[i] != ',' {
			break
		}
		i = skipSpace(doc, i+1)
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
