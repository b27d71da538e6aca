package encodetest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Case are documents, and the rows that readers must see.
type Case struct {
	Name string
	Docs []string
	// Want are the rows where they differ from the documents; else nil.
	Want []string
}

// Rows returns what readers must see, a document of JSON for each row.
func (c Case) Rows() []string {
	if c.Want != nil {
		return c.Want
	}
	return c.Docs
}

// Bytes returns the documents as Records and Structured take them.
func Bytes(docs []string) [][]byte {
	out := make([][]byte, len(docs))
	for i, d := range docs {
		out[i] = []byte(d)
	}
	return out
}

// Encode encodes documents into one object without a limit, which takes all of
// them.
func Encode(t testing.TB, e encode.Encoder, docs ...string) ([]byte, encode.Result) {
	t.Helper()
	return EncodeRecords(t, e, Records(Bytes(docs)))
}

// EncodeRecords encodes records into one object without a limit, which takes
// all of them.
func EncodeRecords(t testing.TB, e encode.Encoder, records []record.Record) ([]byte, encode.Result) {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, 0)
	require.NoError(t, err)
	require.Equal(t, len(records), res.Taken)
	require.EqualValues(t, buf.Len(), res.Bytes)
	return buf.Bytes(), res
}

// Refusals are the reasons for which records were refused.
func Refusals(res encode.Result) []string {
	var reasons []string
	for _, r := range res.Refused {
		reasons = append(reasons, r.Err.Error())
	}
	return reasons
}

// JSON returns a value as JSON. It panics when there is none for it.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprint(v, err))
	}
	return string(b)
}

// Gunzip returns what a gzip stream holds.
func Gunzip(object []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
