package jsonscan_test

import (
	"encoding/json"
	"testing"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
)

var doc = []byte(click)

func BenchmarkValid(b *testing.B) {
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := jsonscan.Valid(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		json.Valid(doc)
	}
}

func BenchmarkFindLast(b *testing.B) {
	b.SetBytes(int64(len(doc)))
	path := []string{"geo", "city"}
	for b.Loop() {
		if _, _, err := jsonscan.Find(doc, path); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCursor reads every field with the method for its kind.
func BenchmarkCursor(b *testing.B) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	var c jsonscan.Cursor
	sink := 0
	for b.Loop() {
		c.Reset(doc)
		sink += walk(b, &c)
	}
	_ = sink
}

func walk(b *testing.B, c *jsonscan.Cursor) (n int) {
	if err := c.EnterObject(); err != nil {
		b.Fatal(err)
	}
	for {
		key, ok, err := c.NextField()
		if err != nil {
			b.Fatal(err)
		}
		if !ok {
			return n
		}
		n += len(key)
		var v []byte
		switch c.Kind() {
		case jsonscan.String:
			v, err = c.String()
		case jsonscan.Number:
			v, err = c.Number()
		case jsonscan.True, jsonscan.False:
			_, err = c.Bool()
		case jsonscan.Null:
			err = c.Null()
		default:
			v, err = c.Skip()
		}
		if err != nil {
			b.Fatal(err)
		}
		n += len(v)
	}
}

func BenchmarkDecodeEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		var v map[string]any
		if err := json.Unmarshal(doc, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendAny(b *testing.B) {
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		var err error
		if dst, err = jsonscan.AppendAny(dst[:0], v); err != nil {
			b.Fatal(err)
		}
	}
}
