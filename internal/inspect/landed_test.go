package inspect

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/directory"
	"github.com/s3-destination/s3-destination/internal/store"
)

func TestObjectsTellTheirColumns(t *testing.T) {
	at, err := directory.Open(directory.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer at.Close()
	put := func(key, content string, meta map[string]string) {
		_, err := at.Put(t.Context(), store.Object{Key: key, Body: store.BodyOf([]byte(content)), Metadata: meta})
		require.NoError(t, err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write([]byte("id;\"a \"\"b\"\"\"\n1;2\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	put("f.csv.gz", zipped.String(), map[string]string{"s3d-rows": "1", "s3d-roll-reason": "age", "s3d-source": "t/0:0-0"})
	put("empty.csv", "", nil)
	put("f.json", "{}", map[string]string{"s3d-rows": "many"})
	put("f.parquet", "PAR1 is what it is not", nil)
	put("f.avro", "Obj", nil)

	o, err := Read(`output: {s3_destination: {bucket: b, region: r, folder: f, file_format: csv+gzip, separator: semicolon}}`, "")
	require.NoError(t, err)
	found, err := o.Describe(t.Context(), at, "f.csv.gz")
	require.NoError(t, err)
	assert.Equal(t, []Column{{Name: "id"}, {Name: `a "b"`}}, found.Columns)
	assert.EqualValues(t, 1, *found.Rows)
	assert.Equal(t, "age", found.Reason)
	assert.Equal(t, "t/0:0-0", found.Source)
	for _, key := range []string{"empty.csv", "f.json"} {
		found, err = o.Describe(t.Context(), at, key)
		require.NoError(t, err, key)
		assert.Empty(t, found.Columns)
		assert.Nil(t, found.Rows, "nothing tells")
	}
	for _, key := range []string{"f.parquet", "f.avro"} {
		_, err = o.Describe(t.Context(), at, key)
		require.ErrorContains(t, err, "reading the columns of "+key)
	}
	_, err = o.Describe(t.Context(), at, "none")
	require.ErrorIs(t, err, store.ErrNotFound)

	bare, err := Read(`output: {s3_destination: {bucket: b, region: r, folder: f, file_format: csv, csv: {header: false}, schema: {mode: fixed, fields: [{name: id, type: int64}]}}}`, "")
	require.NoError(t, err)
	put("bare.csv", "1\n", nil)
	found, err = bare.Describe(t.Context(), at, "bare.csv")
	require.NoError(t, err)
	assert.Empty(t, found.Columns, "the first row is a record")
}

func TestRecordsOfObjects(t *testing.T) {
	at, err := directory.Open(directory.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer at.Close()
	for key, object := range map[string]struct{ content, rows string }{
		"f.csv": {"id;a\n1;x\n", "1"}, "bare.csv": {"t,1,x\n", "1"}, "f.json": {"{\"id\":1}\n", "1"},
		"fewer.json": {"{\"id\":1}\n", "2"}, "none.csv": {"", ""}, "cut.json": {"{\"id\":1}\n{", "2"},
	} {
		o := store.Object{Key: key, Body: store.BodyOf([]byte(object.content)), Metadata: map[string]string{"s3d-rows": object.rows}}
		_, err := at.Put(t.Context(), o)
		require.NoError(t, err)
	}
	const output = "output: {s3_destination: {bucket: b, region: r, folder: f, file_format: "
	semicolon, bare, parquet := output+"csv, separator: semicolon}}", output+"csv, csv: {header: false}, include_source_columns: [topic], source_column_prefix: k_, schema: {mode: fixed, fields: [{name: id, type: int64}, {name: a, type: string}]}}}",
		output+"parquet}}"
	for _, c := range []struct{ config, key, want, problem string }{
		{semicolon, "f.csv", `{"id":1,"a":"x"}`, ""},
		{bare, "bare.csv", `{"k_topic":"t","id":1,"a":"x"}`, ""},
		{parquet, "f.json", `{"id":1}`, ""},
		{parquet, "none.csv", "", ""},
		{parquet, "fewer.json", `{"id":1}`, "reading the records of fewer.json: it has 1, and was stored with 2 by its metadata"},
		{parquet, "cut.json", `{"id":1}`, "reading the records of cut.json: behind record 1: line 2 is no JSON"},
		{parquet, "no.json", "", "no such object"},
	} {
		o, err := Read(c.config, "")
		require.NoError(t, err)
		var got []string
		for line, err := range o.Records(t.Context(), at, c.key) {
			if err != nil {
				require.NotEmpty(t, c.problem, err)
				require.ErrorContains(t, err, c.problem)
				c.problem = ""
				break
			}
			got = append(got, string(line))
		}
		assert.Equal(t, c.want, strings.Join(got, "\n"), c.key)
		assert.Empty(t, c.problem, c.key)
	}
}
