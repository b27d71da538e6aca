package plugin_test

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/linkedin/goavro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const columnar = `
folder: in
file_name: 'f-{{chunk_id}}'
idle_timeout: 300ms
max_file_size: 40KB
`

const event = `root = {"id": counter(), "name": "n-" + random_int().string(), "at": "2025-07-01T00:00:00Z", "user": {"age": random_int(max: 90), "tags": ["a", "b"]}}`

func TestParquetObjectsAreReadByArrow(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	logs := run(t, generate(20_000, event, 100), outputYAML(s, columnar+"file_format: parquet\nschema: {infer_timestamps: true}\n"))
	assert.Empty(t, logs)
	found := map[int]int{}
	objects := s.Objects("in/f")
	require.Greater(t, len(objects), 3)
	for _, o := range objects {
		assert.LessOrEqual(t, len(o.Body), 40_000, o.Key)
		assert.Equal(t, "application/vnd.apache.parquet", o.Headers["content-type"])
		reader, err := file.NewParquetReader(bytes.NewReader(o.Body))
		require.NoError(t, err)
		arrow, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		require.NoError(t, err)
		table, err := arrow.ReadTable(t.Context())
		require.NoError(t, err)
		column := func(name string) int { return table.Schema().FieldIndices(name)[0] }
		assert.Equal(t, "timestamp[us, tz=UTC]", table.Schema().Field(column("at")).Type.String())
		for _, chunk := range table.Column(column("id")).Data().Chunks() {
			for _, id := range chunk.(*array.Int64).Int64Values() {
				found[int(id)]++
			}
		}
	}
	requireOnceEach(t, found, 20_000)
}

func TestAvroObjectsAreReadByGoavro(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	logs := run(t, generate(20_000, event, 100), outputYAML(s, columnar+"file_format: avro\n"))
	assert.Empty(t, logs)
	found := map[int]int{}
	for _, o := range s.Objects("in/f") {
		assert.LessOrEqual(t, len(o.Body), 40_000, o.Key)
		reader, err := goavro.NewOCFReader(bytes.NewReader(o.Body))
		require.NoError(t, err)
		for reader.Scan() {
			row, err := reader.Read()
			require.NoError(t, err)
			found[int(row.(map[string]any)["id"].(map[string]any)["long"].(int64))]++
		}
		require.NoError(t, reader.Err())
	}
	requireOnceEach(t, found, 20_000)
}

func TestFolderHasTheColumn(t *testing.T) {
	for _, format := range []string{"json", "csv", "parquet", "avro"} {
		s := s3test.StartT(t, s3test.Config{})
		conf := `
folder: 'in/country={{country}}'
file_name: 'f-{{chunk_id}}'
variables: {country: '${! this.country }'}
partition_columns: drop
file_format: ` + format
		logs := run(t, generate(4, `root = {"id": counter(), "country": if count("n") % 2 == 0 { "de" } else { "fr" }}`, 2), outputYAML(s, conf))
		assert.Empty(t, logs)
		assert.Len(t, s.Objects("in/country=de/"), 1, format)
		for _, o := range s.Objects("in/") {
			assert.NotContains(t, string(o.Body), "country", format)
			assert.Contains(t, string(o.Body), "id", format)
		}
	}
}

func TestFixedSchemaRejectsWhatItDoesNotKnow(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	conf := columnar + `file_format: parquet
on_bad_record: dead_letter
schema:
  mode: fixed
  fields:
    - {name: id, type: int64}
`
	run(t, generate(100, `root = if counter() % 10 == 0 { {"id": "no"} } else { {"id": 1} }`, 10), outputYAML(s, conf))
	letters := s.Objects("in/_dead_letters/")
	rows := 0
	for _, o := range letters {
		rows += bytes.Count(o.Body, []byte("\n"))
		assert.Contains(t, string(o.Body), "id")
	}
	assert.Equal(t, 10, rows)
}
