package scanner

import (
	"bytes"
	"errors"
	"fmt"
)

var errUnclosed = errors.New("the JSON value that begins here does not end: the file is cut off, or a bracket or quote is missing")

// value finds the end of a JSON value by its brackets and quotes. Whether it is
// valid is for others to say.
type value struct {
	looked int
	depth  int
	text   bool // inside of a string
}

// space is how many bytes of white space data begins with.
func space(data []byte) int {
	for i, c := range data {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i
		}
	}
	return len(data)
}

// length returns the length of the value with which data begins; false where
// more has to be read to tell.
func (v *value) length(data []byte, end bool) (n int, ok bool, err error) {
	switch data[0] {
	case '{', '[', '"':
		n, ok = v.closed(data)
	case ']', '}', ',', ':':
		return 0, false, fmt.Errorf("there is %q where a JSON value should begin", data[0])
	default:
		n, ok = v.bare(data, end)
	}
	if ok {
		*v = value{}
		return n, true, nil
	}
	if end {
		return 0, false, errUnclosed
	}
	return 0, false, nil
}

// bare is the length of a number, true, false or null: up to what separates it.
func (v *value) bare(data []byte, end bool) (int, bool) {
	if i := bytes.IndexAny(data[v.looked:], " \n\r\t,:{}[]\""); i >= 0 {
		return v.looked + i, true
	}
	v.looked = len(data)
	return len(data), end
}

// closed is the length of an object, list or string.
func (v *value) closed(data []byte) (int, bool) {
	for i := v.looked; i < len(data); i++ {
		if v.text {
			quote := bytes.IndexByte(data[i:], '"')
			if quote < 0 {
				break
			}
			i += quote
			v.text = escaped(data[1:i])
		} else {
			switch data[i] {
			case '"':
				v.text = true
			case '{', '[':
				v.depth++
			case '}', ']':
				v.depth--
			}
		}
		if v.depth == 0 && !v.text {
			return i + 1, true
		}
	}
	v.looked = len(data)
	return 0, false
}

// escaped reports whether what follows is escaped: an odd number of backslashes
// stands before it.
func escaped(before []byte) bool {
	n := 0
	for n < len(before) && before[len(before)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// values cuts JSON values that stand one behind the other.
type values struct{ value }

func (v *values) split(data []byte, end bool) (piece, error) {
	if n := space(data); n > 0 {
		return piece{used: n}, nil
	}
	if len(data) == 0 {
		return piece{}, nil
	}
	n, _, err := v.length(data, end)
	if n == 0 {
		return piece{}, err
	}
	return piece{used: n, record: data[:n:n], length: n}, nil
}

// place is where a splitter is in an array.
type place uint8

const (
	outside place = iota
	first         // behind the bracket that opens it
	behind        // behind an element
	next          // behind a comma
)

// elements cuts the elements of arrays.
type elements struct {
	value

	place place
}

func (e *elements) split(data []byte, end bool) (piece, error) {
	if n := space(data); n > 0 {
		return piece{used: n}, nil
	}
	if len(data) == 0 {
		if end && e.place != outside {
			return piece{}, errors.New("the array does not end: the file is cut off, or a bracket is missing")
		}
		return piece{}, nil
	}
	switch c := data[0]; {
	case e.place == outside && c == '[':
		e.place = first
		return piece{used: 1}, nil
	case e.place == outside:
		return piece{}, fmt.Errorf("there is %q where an array should begin: set %s: %s if this is no array", c, fieldFormat, JSON)
	case e.place != next && c == ']':
		e.place = outside
		return piece{used: 1}, nil
	case e.place == behind && c == ',':
		e.place = next
		return piece{used: 1}, nil
	case e.place == behind:
		return piece{}, fmt.Errorf("there is %q where a comma or the end of the array should be", c)
	}
	n, ok, err := e.length(data, end)
	if !ok {
		return piece{}, err
	}
	e.place = behind
	return piece{used: n, record: data[:n:n], length: n}, nil
}
