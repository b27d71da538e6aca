package encodetest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func quote(s string) []byte { return jsonscan.AppendQuote(nil, []byte(s)) }

// checkAnything lets rapid choose records, bad ones among them, and the limit,
// for an encoder that lives through all of it.
func checkAnything(t *testing.T, s *Subject) {
	enc := s.New()
	wrong := s.badRecords()
	property.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.Int64Range(0, 2000), rapid.Int64Range(0, s.MinLimit)).Draw(t, "limit")
		var docs [][]byte
		var records []record.Record
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			if rapid.IntRange(0, 9).Draw(t, "bad") == 0 {
				records = append(records, wrong[rapid.IntRange(0, len(wrong)-1).Draw(t, "which")])
				continue
			}
			doc := anyDoc(t, len(docs))
			docs = append(docs, doc)
			wrap := s.records
			if rapid.Bool().Draw(t, "structured") {
				wrap = s.structured
			}
			records = append(records, wrap([][]byte{doc})...)
		}
		s.requireRows(t, docs, s.encodeAll(t, enc, records, limit))
	})
}

// anyDoc draws a document whose optional fields come and go.
func anyDoc(t *rapid.T, i int) []byte {
	b := append([]byte(`{"i":`), '1')
	b = append(b, quoteDigits(i)...)
	for _, name := range []string{"payload", "a", "b", "ü \"x\""} {
		if rapid.IntRange(0, 3).Draw(t, "has "+name) == 0 {
			continue
		}
		b = append(append(b, ','), quote(name)...)
		b = append(append(b, ':'), quote(rapid.String().Draw(t, name))...)
	}
	return append(b, '}')
}

// quoteDigits keeps the numbers at one width.
func quoteDigits(i int) []byte {
	return []byte{byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}
}
