package parquet_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func encodePrefix(t testing.TB, e encode.Encoder, records []record.Record) ([]byte, encode.Result) {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, 0)
	require.NoError(t, err)
	return buf.Bytes(), res
}

// TestFilesFillTheirLimit uses data as steady as real streams are.
func TestFilesFillTheirLimit(t *testing.T) {
	records := encodetest.Records(append(encodetest.Clicks(encodetest.Sized(30_000, 6000), 3), encodetest.Clicks(encodetest.Sized(10_000, 2000), 4)...))
	for _, limit := range []int64{200 << 10, 1 << 20}[:encodetest.Sized(2, 1)] {
		for _, group := range []int64{256 << 10, parquet.DefaultRowGroupSize}[:encodetest.Sized(2, 1)] {
			t.Run(fmt.Sprint(limit, "/", group), func(t *testing.T) {
				e := newEncoder(t, parquet.Config{RowGroupSize: group}, schema.Config{})
				rest, sizes, rows := records, []int64{}, 0
				for len(rest) > 0 {
					var buf bytes.Buffer
					res, err := e.Encode(&buf, rest, limit)
					require.NoError(t, err)
					require.LessOrEqual(t, res.Bytes, limit)
					if len(sizes)%encodetest.Sized(1, 4) == 0 { // slow
						_, err = pageValues(buf.Bytes())
						require.NoError(t, err)
					}
					rest, rows = rest[res.Taken:], rows+res.Rows
					sizes = append(sizes, res.Bytes)
				}
				assert.Equal(t, len(records), rows)
				total, least := int64(0), limit
				for _, s := range sizes[1 : len(sizes)-1] {
					total += s
					least = min(least, s)
				}
				mean := float64(total) / float64(limit*int64(len(sizes)-2))
				t.Logf("%d files, mean fill %.3f, least %.3f", len(sizes), mean, float64(least)/float64(limit))
				assert.Greater(t, mean, 0.95)
				assert.Greater(t, float64(least), 0.8*float64(limit))
			})
		}
	}
}

// TestAnyRecordsUnderAnyLimit lets rapid choose adversarial records.
func TestAnyRecordsUnderAnyLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = 'a' + byte(r.IntN(26))
	}
	e := newEncoder(t, parquet.Config{RowGroupSize: 64 << 10}, schema.Config{})
	property.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.Int64Range(1, 3000), rapid.Int64Range(3000, 100_000)).Draw(t, "limit")
		longest := 120
		if limit < 3000 {
			longest = encodetest.Sized(40, 10) // every other record is a file
		}
		var records []record.Record
		for range rapid.IntRange(1, 6).Draw(t, "runs") {
			kind := rapid.IntRange(0, 4).Draw(t, "kind")
			for range rapid.IntRange(1, longest).Draw(t, "length") {
				at := r.IntN(50_000)
				var doc string
				switch kind {
				case 0:
					doc = fmt.Sprintf(`{"s":%q}`, noise[at:at+300])
				case 1:
					doc = `{"s":"constant","n":1}`
				case 2:
					doc = fmt.Sprintf(`{"n":%d,"l":[%s1]}`, at, strings.Repeat("2,", at%20))
				case 3:
					doc = fmt.Sprintf(`{"g":{"k%d":%d}}`, at%40, at)
				default:
					doc = fmt.Sprintf(`{"huge":%q}`, noise[:at%30_000])
				}
				records = append(records, record.Record{Raw: []byte(doc)})
			}
		}
		for len(records) > 0 {
			var buf bytes.Buffer
			res, err := e.Encode(&buf, records, limit)
			require.NoError(t, err)
			require.Positive(t, res.Taken)
			require.Empty(t, res.Refused)
			if res.Rows != 1 {
				require.LessOrEqual(t, res.Bytes, limit)
			}
			_, err = pageValues(buf.Bytes())
			require.NoError(t, err)
			records = records[res.Taken:]
		}
	})
}
