package encodetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

// Run checks that the subject keeps the contract of encode.Encoder.
func Run(t *testing.T, s Subject) {
	t.Helper()
	if s.MinLimit == 0 {
		s.MinLimit = 32 << 10
	}
	if s.MinFill == 0 {
		s.MinFill = 0.99
	}
	checks := []struct {
		name  string
		check func(*testing.T, *Subject)
	}{
		{"no records give no object", checkEmpty},
		{"without a limit everything is one object", checkUnlimited},
		{"parsed records give the same rows", checkStructured},
		{"objects hold prefixes under the limit", checkLimits},
		{"a record above the limit stands alone", checkOversized},
		{"refused records leave no trace", checkRefused},
		{"when all are refused nothing is written", checkAllRefused},
		{"an encoder is reused for many objects", checkReuse},
		{"records are neither changed nor kept", checkRecordsUntouched},
		{"equal input gives equal objects", checkDeterminism},
		{"an error of the writer surfaces", checkFailingWriter},
		{"any records under any limit", checkAnything},
	}
	for _, c := range checks {
		t.Run(s.Name+"/"+c.name, func(t *testing.T) { c.check(t, &s) })
	}
}

// kinds of adversarial payloads. Under -short only every second is taken.
var kinds = []struct {
	name    string
	steady  bool // the fill of the limit is checked
	payload func(r *rand.Rand, i int) string
}{
	{"incompressible", true, func(r *rand.Rand, _ int) string { return noise(r, 40+r.IntN(60)) }},
	{"constant", true, func(*rand.Rand, int) string { return strings.Repeat("ab", 40) }},
	{"first easy then hard", true, func(r *rand.Rand, i int) string {
		if i < 2000 {
			return "easy"
		}
		return noise(r, 80)
	}},
	{"alternating", true, func(r *rand.Rand, i int) string {
		if i/100%2 == 0 {
			return strings.Repeat("z", 100)
		}
		return noise(r, 100)
	}},
	{"awkward text", false, func(r *rand.Rand, i int) string {
		return []string{"", " ", "a,b;c\td", "line\nbreak\r\n", `"quoted"`, "\x00\x1f", "é😀", `\.`, "null"}[i%9] + noise(r, i%5)
	}},
	{"huge cells", false, func(r *rand.Rand, i int) string {
		if i%50 == 49 {
			return noise(r, 50_000)
		}
		return noise(r, 10)
	}},
}

func noise(r *rand.Rand, n int) string {
	b := make([]byte, n*3/4+1)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// numbered returns documents that carry their number and a payload.
func numbered(n int, payload func(r *rand.Rand, i int) string) [][]byte {
	r := rand.New(rand.NewPCG(uint64(n), 1)) //nolint:gosec // test data
	docs := make([][]byte, n)
	for i := range docs {
		docs[i] = fmt.Appendf(nil, `{"i":%d,"payload":%s}`, i, quote(payload(r, i)))
	}
	return docs
}

// wide returns documents with many short columns.
func wide(n int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(n), 2)) //nolint:gosec // test data
	docs := make([][]byte, n)
	for i := range docs {
		b := fmt.Appendf(nil, `{"i":%d`, i)
		for c := range 60 {
			b = fmt.Appendf(b, `,"c%02d":"%s"`, c, noise(r, 1+r.IntN(6)))
		}
		docs[i] = append(b, '}')
	}
	return docs
}

func plainDocs(n int) [][]byte {
	return numbered(n, func(r *rand.Rand, _ int) string { return noise(r, 20) })
}

func checkEmpty(t *testing.T, s *Subject) {
	for _, limit := range []int64{0, 1, 1 << 20} {
		o := s.encodeOne(t, s.New(), nil, limit)
		assert.Zero(t, o.Taken)
		assert.Zero(t, o.Bytes)
	}
}

func checkUnlimited(t *testing.T, s *Subject) {
	for _, kind := range kinds {
		docs := numbered(Sized(300, 100), kind.payload)
		objects := s.encodeAll(t, s.New(), s.records(docs), 0)
		require.Len(t, objects, 1, kind.name)
		s.requireRows(t, docs, objects)
	}
	docs := wide(Sized(100, 30))
	s.requireRows(t, docs, s.encodeAll(t, s.New(), s.records(docs), 0))
}

func checkStructured(t *testing.T, s *Subject) {
	docs := numbered(100, kinds[len(kinds)-1].payload)
	s.requireRows(t, docs, s.encodeAll(t, s.New(), s.structured(docs), 0))
	s.requireRows(t, docs, s.encodeAll(t, s.New(), s.structured(docs), s.MinLimit/8))
}

// steadyDocs is the number of documents to fill objects with.
var steadyDocs = Sized(5000, 2500)

// steady is how many documents a subject needs to fill objects: with source
// columns rows are about twice as large.
func (s *Subject) steady() int {
	if s.Columns != nil {
		return steadyDocs / 2
	}
	return steadyDocs
}

func checkLimits(t *testing.T, s *Subject) {
	limits := []int64{1, 100, s.MinLimit / 10, s.MinLimit, 4 * s.MinLimit}
	if testing.Short() {
		limits = limits[:4] // the last one is the longest, and make test-full has it
	}
	for i, kind := range kinds {
		if testing.Short() && i%2 != 0 {
			continue
		}
		docs := numbered(s.steady(), kind.payload)
		for _, limit := range limits {
			n := len(docs)
			if limit < s.MinLimit {
				n = Sized(200, 60)
			}
			t.Run(fmt.Sprintf("%s/%d", kind.name, limit), func(t *testing.T) {
				objects := s.encodeAll(t, s.New(), s.records(docs[:n]), limit)
				s.requireRows(t, docs[:n], objects)
				if kind.steady && limit >= s.MinLimit {
					s.requireFill(t, objects, limit)
				}
			})
		}
	}
	if testing.Short() {
		return
	}
	docs := wide(s.steady() * 3 / 10)
	objects := s.encodeAll(t, s.New(), s.records(docs), 4*s.MinLimit)
	s.requireRows(t, docs, objects)
	s.requireFill(t, objects, 4*s.MinLimit)
}

// requireFill checks the mean fill of all objects but the last.
func (s *Subject) requireFill(t *testing.T, objects []object, limit int64) {
	t.Helper()
	if len(objects) < 2 {
		return
	}
	var total int64
	for _, o := range objects[:len(objects)-1] {
		total += o.Bytes
	}
	fill := float64(total) / float64(limit*int64(len(objects)-1))
	assert.GreaterOrEqual(t, fill, s.MinFill, "mean fill of %d objects", len(objects)-1)
}

func checkOversized(t *testing.T, s *Subject) {
	r := rand.New(rand.NewPCG(9, 9)) //nolint:gosec // test data
	big := int(s.MinLimit) * 3
	docs := numbered(Sized(20, 6), func(_ *rand.Rand, i int) string { return noise(r, 10+i%2*big) })
	objects := s.encodeAll(t, s.New(), s.records(docs), s.MinLimit)
	s.requireRows(t, docs, objects)
	alone := 0
	for _, o := range objects {
		if o.Bytes > s.MinLimit {
			require.Equal(t, 1, o.Rows, "only a single record may exceed the limit")
			alone++
		}
	}
	assert.Equal(t, len(docs)/2, alone)
}

// bad are payloads that no format can hold.
var bad = []string{``, ` `, `{"i":1`, `{"i":1}}`, `{"i":01}`, `{"i":tru}`, "{\"payload\":\"\xff\"}", "{\"payload\":\"a\nb\"}", `{"never seen":1,}`}

func (s *Subject) badRecords() []record.Record {
	out := make([]record.Record, 0, len(bad)+6)
	for _, doc := range bad {
		out = append(out, record.Record{Raw: []byte(doc)})
	}
	out = append(out, record.Record{Value: map[string]any{"payload": make(chan int)}})
	if s.Columns != nil {
		out = append(out, taken(s.Columns.Name(0))...)
		for i := range out[:3] { // metadata makes a bad record no better
			out[i].Meta = metaOf(out[i].Raw)
		}
	}
	if s.AnyValue {
		return out
	}
	for _, doc := range []string{`[1]`, `"text"`, `1`, `true`, `null`} {
		out = append(out, record.Record{Raw: []byte(doc)}, record.Record{Value: parse([]byte(doc))})
	}
	return out
}

func checkRefused(t *testing.T, s *Subject) {
	docs := plainDocs(400)
	wrong := s.badRecords()
	var mixed []record.Record
	var indexes []int
	for i, good := range s.records(docs) {
		if i%7 == 0 {
			indexes = append(indexes, len(mixed))
			mixed = append(mixed, wrong[i/7%len(wrong)])
		}
		mixed = append(mixed, good)
	}
	indexes = append(indexes, len(mixed))
	mixed = append(mixed, wrong[0])
	for _, limit := range []int64{0, 300, s.MinLimit / 8} {
		objects := s.encodeAll(t, s.New(), mixed, limit)
		s.requireRows(t, docs, objects)
		var refused []int
		start := 0
		for _, o := range objects {
			for _, r := range o.Refused {
				refused = append(refused, start+r.Index)
			}
			start += o.Taken
		}
		assert.Equal(t, indexes, refused)
	}
	if !s.Random {
		clean := s.encodeOne(t, s.New(), s.records(docs), 0)
		assert.True(t, bytes.Equal(clean.data, s.encodeOne(t, s.New(), mixed, 0).data))
	}
}

func checkAllRefused(t *testing.T, s *Subject) {
	wrong := s.badRecords()
	for _, limit := range []int64{0, 1, 1 << 20} {
		o := s.encodeOne(t, s.New(), wrong, limit)
		assert.Equal(t, len(wrong), o.Taken)
		assert.Len(t, o.Refused, len(wrong))
	}
	// The reason is what is wrong with the record, also where there is no other.
	good := s.records(plainDocs(1))
	for _, bad := range wrong {
		alone := s.encodeOne(t, s.New(), []record.Record{bad}, 0).Refused
		beside := s.encodeOne(t, s.New(), append(good, bad), 0).Refused
		require.Len(t, alone, 1)
		require.Len(t, beside, 1)
		assert.Equal(t, beside[0].Err.Error(), alone[0].Err.Error())
	}
}

func checkReuse(t *testing.T, s *Subject) {
	enc := s.New()
	for round := range Sized(3, 2) {
		for _, kind := range kinds {
			docs := numbered(Sized(200, 60)+round, kind.payload)
			s.requireRows(t, docs, s.encodeAll(t, enc, s.records(docs), 0))
			s.requireRows(t, docs, s.encodeAll(t, enc, s.records(docs), s.MinLimit/4))
		}
		s.requireRows(t, wide(20), s.encodeAll(t, enc, s.records(wide(20)), 0))
		s.encodeAll(t, enc, s.badRecords(), 0)
	}
}

func checkRecordsUntouched(t *testing.T, s *Subject) {
	enc := s.New()
	for range Sized(3, 2) {
		docs := numbered(Sized(500, 150), kinds[len(kinds)-1].payload)
		copies := make([][]byte, len(docs))
		for i, doc := range docs {
			copies[i] = bytes.Clone(doc)
		}
		records := s.records(copies)
		objects := s.encodeAll(t, enc, records, s.MinLimit/4)
		s.requireRows(t, docs, objects)
		for i := range records {
			require.Equal(t, docs[i], records[i].Raw, "the record was changed")
			for j := range records[i].Raw {
				records[i].Raw[j] = 'x' // an encoder that kept it is found out next round
			}
		}
	}
}

func checkDeterminism(t *testing.T, s *Subject) {
	if s.Random {
		t.Skip("the format has random parts")
	}
	docs := append(plainDocs(Sized(1000, 300)), wide(Sized(100, 30))...)
	slices.Reverse(docs)
	for _, limit := range []int64{0, s.MinLimit} {
		first := s.encodeAll(t, s.New(), s.records(docs), limit)
		second := s.encodeAll(t, s.New(), s.records(docs), limit)
		require.Len(t, second, len(first))
		for i := range first {
			require.True(t, bytes.Equal(first[i].data, second[i].data))
		}
	}
}
