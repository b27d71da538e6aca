package avro_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// FuzzAvro takes lines as records: each either comes back equal, or is
// refused for a reason that the line gives.
func FuzzAvro(f *testing.F) {
	for _, test := range inferred {
		var lines []byte
		for _, d := range test.docs {
			lines = append(append(lines, d...), '\n')
		}
		f.Add(lines, uint16(0))
		f.Add(lines, uint16(600))
	}
	f.Add([]byte("{\"a\":[{\"b\":[1]},{}]}\n{\"a\":\"x\"}\n{\"a\":1}}\n[]\n{\"a\":{\"a\":{}}}"), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		var records []record.Record
		for _, line := range bytes.Split(data, []byte("\n")) {
			records = append(records, record.Record{Raw: line})
		}
		e := newEncoder(t, avro.Config{BlockSize: 300}, schema.Config{})
		for len(records) > 0 {
			var buf bytes.Buffer
			res, err := e.Encode(&buf, records, int64(limit))
			require.NoError(t, err)
			require.Positive(t, res.Taken)
			require.Equal(t, int64(buf.Len()), res.Bytes)
			if limit > 0 && res.Rows != 1 {
				require.LessOrEqual(t, res.Bytes, int64(limit))
			}
			taken := records[:res.Taken]
			records = records[res.Taken:]
			var docs [][]byte
			refused := res.Refused
			for i, r := range taken {
				if len(refused) > 0 && refused[0].Index == i {
					requireReason(t, r.Raw, refused[0].Err)
					refused = refused[1:]
					continue
				}
				docs = append(docs, r.Raw)
			}
			require.Len(t, docs, res.Rows)
			if res.Rows > 0 {
				requireLanded(t, docs, buf.Bytes())
			}
		}
	})
}

// requireReason fails when a good record was refused.
func requireReason(t *testing.T, doc []byte, err error) {
	t.Helper()
	require.Error(t, err)
	var v any
	if jsonscan.Valid(doc) != nil || json.Unmarshal(doc, &v) != nil {
		return
	}
	if m, ok := v.(map[string]any); ok && len(m) > 0 {
		require.Failf(t, "a good record was refused", "%s: %v", doc, err)
	}
}

func requireLanded(t *testing.T, docs [][]byte, data []byte) {
	t.Helper()
	rows, err := goavroRows(data)
	require.NoError(t, err)
	require.Len(t, rows, len(docs))
	for i, doc := range docs {
		if err := landed(parse(doc), rows[i]); err != nil {
			require.Failf(t, "a record came back changed", "%s as %v: %v", doc, rows[i], err)
		}
	}
}

func parse(doc []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

// landed compares a JSON value with what a reader sees. What was turned into
// text must say the same.
func landed(want, got any) error {
	text, isText := got.(string)
	switch want := want.(type) {
	case nil:
		if got == nil || text == "null" {
			return nil
		}
	case string:
		if isText && (text == want || parse([]byte(text)) == want) {
			return nil
		}
	case json.Number:
		if sameNumber(want, got) {
			return nil
		}
	case map[string]any:
		if row, ok := got.(map[string]any); ok {
			return landedObject(want, row)
		}
	case []any:
		if items, ok := got.([]any); ok && len(items) == len(want) {
			for i := range want {
				if err := landed(want[i], items[i]); err != nil {
					return err
				}
			}
			return nil
		}
	default:
		if got == want {
			return nil
		}
	}
	if isText {
		if same := parse([]byte(text)); mustJSON(same) == mustJSON(want) {
			return nil
		}
	}
	return fmt.Errorf("%v is not %v", got, want)
}

func landedObject(want, row map[string]any) error {
	for k, v := range want {
		if err := landed(v, row[k]); err != nil {
			return fmt.Errorf("%q: %w", k, err)
		}
	}
	for k, v := range row {
		if _, ok := want[k]; !ok && v != nil {
			return fmt.Errorf("%q should be null", k)
		}
	}
	return nil
}

func sameNumber(want json.Number, got any) bool {
	switch got := got.(type) {
	case string:
		return got == string(want)
	case int64:
		if i, err := strconv.ParseInt(string(want), 10, 64); err == nil {
			return i == got
		}
		f, err := strconv.ParseFloat(string(want), 64)
		return err == nil && f == float64(got)
	case float64:
		f, err := strconv.ParseFloat(string(want), 64)
		return err == nil && f == got
	}
	return false
}
