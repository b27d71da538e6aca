package json

import (
	"bytes"
	"maps"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// cutter leaves fields of records out.
type cutter struct {
	names  []string
	cursor jsonscan.Cursor
	text   []byte
	own    record.Record
}

// cut returns the record without what is left out, of which it notes escapes of
// half a character.
func (e *encoder) cut(r *record.Record) *record.Record {
	kept := e.cutter.cut(r)
	if kept != r && !e.halves {
		e.halves = jsonscan.LoneSurrogates(r.Raw)
	}
	return kept
}

// cut returns the record without those of the names that it has. What is not an
// object is left to others to complain about.
func (c *cutter) cut(r *record.Record) *record.Record {
	if c == nil {
		return r
	}
	c.own = *r
	if r.Structured() {
		object, ok := r.Value.(map[string]any)
		if !ok || !c.has(object) {
			return r
		}
		kept := maps.Clone(object)
		for _, name := range c.names {
			delete(kept, name)
		}
		c.own.Value = kept
		return &c.own
	}
	if !c.cutText(r.Raw) {
		return r
	}
	c.own.Raw = c.text
	return &c.own
}

func (c *cutter) has(object map[string]any) bool {
	return slices.ContainsFunc(c.names, func(name string) bool {
		_, ok := object[name]
		return ok
	})
}

// cutText fills c.text with the document without the fields, and reports whether
// it has any of them.
func (c *cutter) cutText(doc []byte) bool {
	c.cursor.Reset(doc)
	if c.cursor.EnterObject() != nil {
		return false
	}
	c.text = append(c.text[:0], '{')
	found := false
	for {
		start := c.cursor.Offset()
		key, more, err := c.cursor.NextField()
		if err != nil {
			return false
		}
		if !more {
			break
		}
		drop := slices.Contains(c.names, string(key))
		if _, err := c.cursor.Skip(); err != nil {
			return false
		}
		if found = found || drop; drop {
			continue
		}
		if len(c.text) > 1 {
			c.text = append(c.text, ',')
		}
		c.text = append(c.text, bytes.TrimLeft(doc[start:c.cursor.Offset()], ", \t\r\n")...)
	}
	c.text = append(append(c.text, '}'), doc[c.cursor.Offset():]...)
	return found
}

// release gives up what one large record has left behind, and the last one.
func (c *cutter) release() {
	if c == nil {
		return
	}
	c.cursor.Reset(nil)
	if c.own = (record.Record{}); cap(c.text) > maxScratch {
		c.text = nil
	}
}
