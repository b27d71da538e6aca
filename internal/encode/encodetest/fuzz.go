package encodetest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Fuzzed is a typed format under the eyes of the fuzzer.
type Fuzzed struct {
	// Seeds are documents to begin with.
	Seeds []Case
	// New make encoders that have learned nothing yet. Each gets every input.
	New []func(testing.TB) encode.Encoder
	// Decode is as in Subject.
	Decode func(object []byte) ([]map[string]any, error)
}

// Fuzz takes lines as records, and a limit: each record either comes back
// equal, or is refused for a reason that the line gives, and no object with
// more than one row exceeds the limit. No limit is 0.
func (z Fuzzed) Fuzz(f *testing.F) {
	for _, seed := range z.Seeds {
		lines := []byte(strings.Join(seed.Docs, "\n") + "\n")
		f.Add(lines, uint16(0))
		f.Add(lines, uint16(600))
	}
	f.Add([]byte("{\"a\":[{\"b\":[1]},{}]}\n{\"a\":\"x\"}\n{\"a\":1}}\n[]\n{\"a\":{\"a\":{}}}"), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		records := Records(bytes.Split(data, []byte("\n")))
		for _, encoder := range z.New {
			e := encoder(t)
			for rest := records; len(rest) > 0; {
				rest = rest[z.one(t, e, rest, int64(limit)):]
			}
		}
	})
}

// one encodes one object, checks it and returns how many records it took.
func (z Fuzzed) one(t *testing.T, e encode.Encoder, records []record.Record, limit int64) int {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, limit)
	require.NoError(t, err)
	require.Positive(t, res.Taken)
	require.Equal(t, int64(buf.Len()), res.Bytes)
	if limit > 0 && res.Rows != 1 {
		require.LessOrEqual(t, res.Bytes, limit)
	}
	var docs [][]byte
	refused := res.Refused
	for i, r := range records[:res.Taken] {
		if len(refused) > 0 && refused[0].Index == i {
			requireReason(t, r.Raw, refused[0].Err)
			refused = refused[1:]
			continue
		}
		docs = append(docs, r.Raw)
	}
	if len(docs) != res.Rows { // not require.Len, which prints them all
		require.Failf(t, "not all that was taken is there", "%d records, %d refused, %d rows", res.Taken, len(res.Refused), res.Rows)
	}
	if res.Rows > 0 {
		z.requireLanded(t, docs, buf.Bytes())
	}
	return res.Taken
}

// requireReason fails when a good record was refused.
func requireReason(t *testing.T, doc []byte, err error) {
	t.Helper()
	require.Error(t, err)
	if jsonscan.Valid(doc) != nil {
		return
	}
	v, ok := parsed(doc)
	if m, isObject := v.(map[string]any); ok && isObject && len(m) > 0 {
		require.Failf(t, "a good record was refused", "%s: %v", doc, err)
	}
}

func (z Fuzzed) requireLanded(t *testing.T, docs [][]byte, object []byte) {
	t.Helper()
	rows, err := z.Decode(object)
	require.NoError(t, err)
	if len(docs) != len(rows) {
		require.Failf(t, "not all rows are read back", "%d of %d", len(rows), len(docs))
	}
	for i, doc := range docs {
		if err := landed(parse(doc), rows[i]); err != nil {
			require.Failf(t, "a record came back changed", "%s as %v: %v", doc, rows[i], err)
		}
	}
}
