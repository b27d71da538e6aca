package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

// errHalves says that names cannot be told apart, so that a value would be lost.
var errHalves = errors.New("an object has the same name twice, or two that are the same once escapes of half a character (lone surrogates) are replaced")

// DecodeTwice reads a document in which an object has a field twice. As
// everywhere in Go's JSON the last one counts. This is rare enough to take the
// slow way.
func DecodeTwice(doc []byte) (any, error) {
	if err := jsonscan.Valid(doc); err != nil {
		return nil, err
	}
	if jsonscan.LoneSurrogates(doc) {
		return nil, errHalves
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading a record with a field that is there twice: %w", err)
	}
	return value, nil
}

// Twice reports whether an object of a valid document has a field twice. An
// encoder that does not get along with a value looks whether it counts at all.
func Twice(doc []byte) bool {
	if jsonscan.Valid(doc) != nil {
		return false
	}
	var c jsonscan.Cursor
	c.Reset(doc)
	return twice(&c)
}

func twice(c *jsonscan.Cursor) bool {
	switch c.Kind() { //nolint:exhaustive // the others have nothing inside
	case jsonscan.Object:
		seen := make(map[string]bool)
		if c.EnterObject() != nil {
			return false
		}
		for {
			key, ok, err := c.NextField()
			if err != nil || !ok {
				return false
			}
			if seen[string(key)] {
				return true
			}
			seen[string(key)] = true
			if twice(c) {
				return true
			}
		}
	case jsonscan.Array:
		if c.EnterArray() != nil {
			return false
		}
		for {
			ok, err := c.NextElement()
			if err != nil || !ok {
				return false
			}
			if twice(c) {
				return true
			}
		}
	}
	_, _ = c.Skip()
	return false
}
