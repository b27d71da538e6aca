package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// smallGroups makes few records enough for many row groups.
func smallGroups(cores *parquet.Cores) parquet.Config {
	return parquet.Config{Compression: "snappy", RowGroupSize: 8 << 10, Cores: cores}
}

func TestParallelConformance(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	cores := parquet.NewCores(3)
	encodetest.Run(t, encodetest.Subject{
		Name: "parallel",
		New: func() encode.Encoder {
			return newEncoder(t, smallGroups(cores), schema.Config{})
		},
		Decode:   arrowRows,
		MinLimit: 64 << 10,
		MinFill:  0.93,
	})
}

func groups(t testing.TB, data []byte) []int64 {
	t.Helper()
	f, err := open(data)
	require.NoError(t, err)
	var rows []int64
	for _, g := range f.Metadata().RowGroups {
		rows = append(rows, g.NumRows)
	}
	return rows
}

// TestFilesDoNotDependOnHelp encodes the same records with cores that are
// idle, busy and now this, now that. The files are equal, with and without a
// limit, and from one file of an encoder to the next.
func TestFilesDoNotDependOnHelp(t *testing.T) {
	records := encodetest.Records(encodetest.Clicks(encodetest.Sized(6000, 2500), 5))
	config := parquet.Config{RowGroupSize: 128 << 10}
	files := func(busy func(c *parquet.Cores) (end func())) (out [][]byte) {
		config.Cores = parquet.NewCores(2)
		e := newEncoder(t, config, schema.Config{})
		defer busy(config.Cores)()
		for _, limit := range []int64{0, 200 << 10}[:encodetest.Sized(2, 1)] {
			for rest := records; len(rest) > 0; {
				var buf bytes.Buffer
				res, err := e.Encode(&buf, rest, limit)
				require.NoError(t, err)
				rest = rest[res.Taken:]
				out = append(out, buf.Bytes())
			}
		}
		return out
	}
	idle := files(func(*parquet.Cores) func() { return func() {} })
	assert.Greater(t, len(groups(t, idle[0])), 8)
	busy := files(func(c *parquet.Cores) func() { return occupy(t, c, -1) })
	changing := files(func(c *parquet.Cores) func() { return occupy(t, c, 200) })
	assert.Len(t, busy, len(idle))
	for i := range idle {
		require.True(t, bytes.Equal(idle[i], busy[i]), "file %d with busy cores", i)
		require.True(t, bytes.Equal(idle[i], changing[i]), "file %d with changing cores", i)
	}
}

// occupy lets other encoders use the cores: for good when rows is negative,
// and else over and again for as long as so many rows take.
func occupy(t *testing.T, c *parquet.Cores, rows int) (end func()) {
	release, stop := make(chan struct{}), make(chan struct{})
	var started, all sync.WaitGroup
	other := func(w io.Writer, docs [][]byte) {
		e := newEncoder(t, parquet.Config{Cores: c}, schema.Config{})
		_, err := e.Encode(w, encodetest.Records(docs), 0)
		assert.NoError(t, err)
	}
	for range 2 {
		started.Add(1)
		all.Go(func() {
			if rows < 0 {
				other(&gate{open: release, reached: started.Done}, encodetest.Clicks(1, 1))
				return
			}
			docs := encodetest.Clicks(rows, 1)
			started.Done()
			for {
				select {
				case <-stop:
					return
				default:
					other(io.Discard, docs)
				}
			}
		})
	}
	started.Wait()
	return func() {
		close(stop)
		close(release)
		all.Wait()
	}
}

// gate is a writer that blocks until it is opened.
type gate struct {
	open    chan struct{}
	reached func()
	once    sync.Once
}

func (g *gate) Write(p []byte) (int, error) {
	g.once.Do(g.reached)
	<-g.open
	return len(p), nil
}

// TestASchemaChangeEndsTheFile has a new field in the middle of the segments.
func TestASchemaChangeEndsTheFile(t *testing.T) {
	for _, at := range []int{0, 1, 700, 1500, 2999} {
		var records []record.Record
		for i := range 3000 {
			doc := fmt.Sprintf(`{"a":%d,"s":"some text %d"}`, i, i*i)
			if i == at {
				doc = fmt.Sprintf(`{"a":%d,"s":"some text","new":true}`, i)
			}
			records = append(records, record.Record{Raw: []byte(doc)})
		}
		e := newEncoder(t, smallGroups(parquet.NewCores(2)), schema.Config{})
		encodeRecords(t, e, encodetest.Records([][]byte{[]byte(`{"a":1,"s":"x"}`)}))
		var rows []map[string]any
		files := 0
		for rest := records; len(rest) > 0; files++ {
			var buf bytes.Buffer
			res, err := e.Encode(&buf, rest, 0)
			require.NoError(t, err)
			require.Empty(t, res.Refused)
			rest = rest[res.Taken:]
			more, err := arrowRows(buf.Bytes())
			require.NoError(t, err)
			rows = append(rows, more...)
		}
		require.Len(t, rows, len(records))
		for i, row := range rows {
			require.EqualValues(t, i, row["a"])
			require.Equal(t, i == at, row["new"] != nil)
		}
		assert.LessOrEqual(t, files, 2)
	}
}

// TestParallelIsLikeSequential lets rapid choose records, bad ones and new
// fields among them: with and without help they give the same rows and
// refusals, and no file exceeds its limit.
func TestParallelIsLikeSequential(t *testing.T) {
	cores := parquet.NewCores(3)
	property.Check(t, func(rt *rapid.T) {
		records := anyRecords(rt)
		limit := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 60_000)).Draw(rt, "limit")
		config := smallGroups(nil)
		rows, refused := landedRows(rt, newEncoder(t, config, schema.Config{}), records, limit)
		config.Cores = cores
		parallelRows, parallelRefused := landedRows(rt, newEncoder(t, config, schema.Config{}), records, limit)
		require.Equal(rt, rows, parallelRows)
		require.Equal(rt, refused, parallelRefused)
	})
}

func anyRecords(t *rapid.T) []record.Record {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	var records []record.Record
	for range rapid.IntRange(1, 5).Draw(t, "runs") {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		for i := range rapid.IntRange(1, 400).Draw(t, "length") {
			doc := fmt.Sprintf(`{"n":%d,"s":"constant"}`, r.IntN(1000))
			switch {
			case kind == 1:
				doc = fmt.Sprintf(`{"s":"%x"}`, r.Uint64())
			case kind == 2 && i%7 == 0:
				doc = `{"n":1`
			case kind == 3:
				doc = fmt.Sprintf(`{"n":%d,"l":[%s1]}`, r.IntN(9), strings.Repeat("2,", r.IntN(9)))
			case kind == 4 && i == 50:
				doc = fmt.Sprintf(`{"n":1,"new%d":2}`, r.IntN(9))
			case kind == 5 && i%90 == 0:
				doc = fmt.Sprintf(`{"s":%q}`, strings.Repeat("huge", r.IntN(10_000)))
			}
			records = append(records, record.Record{Raw: []byte(doc)})
		}
	}
	return records
}

// landedRows encodes records into files and returns all rows and the indexes
// of the refused.
func landedRows(t *rapid.T, e encode.Encoder, records []record.Record, limit int64) (rows []map[string]any, refused []string) {
	for at := 0; at < len(records); {
		var buf bytes.Buffer
		res, err := e.Encode(&buf, records[at:], limit)
		require.NoError(t, err)
		require.Positive(t, res.Taken)
		require.EqualValues(t, buf.Len(), res.Bytes)
		if limit > 0 && res.Rows != 1 {
			require.LessOrEqual(t, res.Bytes, limit)
		}
		for _, r := range res.Refused {
			refused = append(refused, fmt.Sprint(at+r.Index, r.Err))
		}
		at += res.Taken
		if res.Rows == 0 {
			require.Zero(t, buf.Len())
			continue
		}
		more, err := arrowRows(buf.Bytes())
		require.NoError(t, err)
		for _, row := range more {
			for name, v := range row {
				if v == nil {
					delete(row, name) // files differ in which columns were known
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, refused
}

// TestEncodersShareCores has more encoders than cores.
func TestEncodersShareCores(t *testing.T) {
	config := smallGroups(parquet.NewCores(2))
	reg := registry(t, schema.Config{})
	docs := encodetest.Clicks(500, 6)
	var all sync.WaitGroup
	for range 4 {
		e, err := parquet.New(config, reg)
		require.NoError(t, err)
		all.Go(func() {
			for range 3 {
				var buf bytes.Buffer
				res, err := e.Encode(&buf, encodetest.Records(docs), 0)
				assert.NoError(t, err)
				assert.Equal(t, len(docs), res.Rows)
			}
		})
	}
	all.Wait()
}
