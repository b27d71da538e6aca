package output

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// objects returns what the objects below a prefix hold, in the order of their keys.
func (r *rig) objects(prefix string) (out []string) {
	for _, o := range r.s3.Objects(prefix) {
		out = append(out, string(o.Body))
	}
	return out
}

// lines is an input of the lines of a file, in one batch: they keep their order,
// which records that come one by one need not.
func lines(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return fmt.Sprintf("batched: {child: {file: {paths: [%q]}}, policy: {count: %d}}", path, strings.Count(text, "\n"))
}

// TestTablesKeepTheirColumnsOverRestarts runs one output after the other, with
// tables that take turns in each.
func TestTablesKeepTheirColumnsOverRestarts(t *testing.T) {
	r := newRig(t)
	settings := fmt.Sprintf(`
file_format: csv
folder: 'lake/{{tab}}/{{day}}'
file_name: 'f-{{chunk_id}}'
idle_timeout: 200ms
variables: {tab: '${! json("t") }', day: '${! json("d") }'}
schema: {state: %q}
`, filepath.Join(t.TempDir(), "columns.json"))
	r.run(t, lines(t, `{"t":"users","d":1,"id":1}
{"t":"orders","d":1,"sku":"a","n":2}
`), settings)
	assert.Equal(t, int64(2), r.metrics.get("datasets"))
	r.run(t, lines(t, `{"t":"orders","new":true,"n":3,"d":2,"sku":"b"}
{"t":"users","d":2,"email":"x"}
`), settings)
	r.run(t, lines(t, `{"t":"users","d":3}
`), settings)
	assert.Equal(t, []string{"t,d,id\nusers,1,1\n", "t,d,id,email\nusers,2,,x\n", "t,d,id,email\nusers,3,,\n"}, r.objects("lake/users/"),
		"a day is no table of its own")
	assert.Equal(t, []string{"t,d,sku,n\norders,1,a,2\n", "t,d,sku,n,new\norders,2,b,3,true\n"}, r.objects("lake/orders/"))
	assert.Equal(t, int64(9), r.metrics.get("columns_added_total"))
}

// TestDatasetsOfOneFolderHaveObjectsOfTheirOwn, where the configuration says what
// a dataset is.
func TestDatasetsOfOneFolderHaveObjectsOfTheirOwn(t *testing.T) {
	r := newRig(t)
	r.run(t, lines(t, `{"v":1,"a":1}
{"v":2,"b":2}
{"v":1,"a":3}
`), `
file_format: csv
folder: lake
file_name: 'f-{{chunk_id}}'
idle_timeout: 200ms
schema: {dataset: '${! json("v") }'}
`)
	assert.ElementsMatch(t, []string{"v,a\n1,1\n1,3\n", "v,b\n2,2\n"}, r.objects("lake/"))
}

func TestAWidenedColumnIsCounted(t *testing.T) {
	r := newRig(t)
	r.run(t, lines(t, `{"n":1}
{"n":2}
{"n":"x"}
`), "file_format: parquet\nfolder: lake\nmax_records: 1\nmax_in_flight: 1\nidle_timeout: 200ms\n")
	assert.Equal(t, int64(1), r.metrics.get("columns_added_total"))
	assert.Equal(t, int64(1), r.metrics.get("columns_widened_total", "int64", "string"))
}

func TestAStateThatCannotBeReadKeepsTheOutputFromStarting(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "columns.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	b := r.env.NewStreamBuilder()
	require.NoError(t, b.SetYAML(fmt.Sprintf(`
input: {generate: {count: 1, mapping: 'root = {}'}}
output: {s3_destination: {bucket: b, region: us-east-1, file_format: csv, folder: x, schema: {state: %q}}}
`, path)))
	stream, err := b.Build()
	if err == nil {
		err = stream.Run(t.Context())
	}
	assert.ErrorContains(t, err, "reading schema.state")
}

func TestFolderAndColumnsTakeTheSameOfTwoFields(t *testing.T) {
	r := newRig(t)
	const input = `{"t":"x","n":1,"t":"y"}` + "\n" + `{"t":"y","s":"\ud800"}` + "\n" + `["t"]` + "\n"
	for _, format := range []string{"json", "csv"} {
		r.run(t, lines(t, input), "file_format: "+format+"\nfolder: '"+format+"/{{t}}'\nfile_name: 'f-{{chunk_id}}'\nvariables: {t: '${! json(\"t\") }'}\nidle_timeout: 200ms\non_bad_record: drop\n")
	}
	assert.Equal(t, []string{`{"n":1,"t":"y"}` + "\n" + `{"t":"y","s":"\ufffd"}` + "\n"}, r.objects("json/"))
	assert.Equal(t, []string{"t,n,s\ny,1,\ny,,\ufffd\n"}, r.objects("csv/"))
	assert.Equal(t, int64(2), r.metrics.get("mended_records_total", "lone_surrogate"))
	assert.Equal(t, int64(1), r.metrics.get("mended_records_total", "duplicate_key"))
	assert.Equal(t, int64(2), r.metrics.get("bad_records_total", "drop"))
}

// TestABadRecordHasItsOwnReason, also where no column is known yet.
func TestABadRecordHasItsOwnReason(t *testing.T) {
	for _, format := range []string{"parquet", "avro"} {
		r := newRig(t)
		r.run(t, lines(t, "plain text\n{\"a\":\n[1]\n{}\n"), "file_format: "+format+"\nfolder: lake\nidle_timeout: 200ms\non_bad_record: dead_letter\n")
		letters := strings.Join(r.objects(""), "")
		for _, reason := range []string{"invalid JSON at offset 0", "invalid JSON at offset 5", "the record is an array, not an object", "the record has no field"} {
			assert.Equal(t, 1, strings.Count(letters, reason), "%s: %s in %s", format, reason, letters)
		}
	}
}

func TestTimesBeforeTheGregorianCalendarAreWarnedOf(t *testing.T) {
	r := newRig(t)
	r.run(t, lines(t, `{"d":"1066-10-14"}`+"\n"), "file_format: parquet\nfolder: lake\nidle_timeout: 200ms\nschema: {mode: fixed, fields: [{name: d, type: date}]}\n")
	assert.Contains(t, r.logs.String(), "Column d of lake/")
	assert.Contains(t, r.logs.String(), "datetimeRebaseModeInRead")
}

// TestProcessesAgreeThroughTheBucket: two outputs that run at once, and one after them.
func TestProcessesAgreeThroughTheBucket(t *testing.T) {
	r := newRig(t)
	settings := "file_format: parquet\nfolder: 'lake'\nfile_name: 'f-{{uuid}}'\nidle_timeout: 200ms\nschema: {remember: bucket}\n"
	first := r.start(t, lines(t, `{"id":1,"a":1}`+"\n"), settings)
	second := r.start(t, lines(t, `{"id":"x","b":2}`+"\n"), settings)
	<-first
	<-second
	r.run(t, lines(t, `{"c":true}`+"\n"), settings)
	o, found := r.s3.Object("lake/_schema/lake.json")
	require.True(t, found, "%v", r.s3.Keys(""))
	for _, want := range []string{`"name":"id","type":"string"`, `"name":"a","type":"int64"`, `"name":"b","type":"int64"`, `"name":"c","type":"bool"`, `"format":"parquet"`} {
		assert.Contains(t, string(o.Body), want)
	}
	assert.Len(t, r.s3.Keys("lake/f-"), 3)
	assert.Zero(t, r.metrics.get("schema_state_errors_total"))
}

// TestColumnsThatMayNotBeReadKeepTheOutputFromStarting, until the right is granted.
func TestColumnsThatMayNotBeReadKeepTheOutputFromStarting(t *testing.T) {
	r := newRig(t)
	r.s3.Faults.Deny("GetObject")
	done := r.start(t, lines(t, `{"id":1}`+"\n"), "file_format: csv\nfolder: lake\nidle_timeout: 200ms\nschema: {remember: bucket}\n")
	r.eventually(t, "the message", func() bool { return strings.Contains(r.logs.String(), "needs s3:GetObject") })
	assert.Empty(t, r.s3.Keys("lake/data"))
	r.s3.Faults.Clear()
	<-done
	assert.Equal(t, 1, strings.Count(strings.Join(r.objects("lake/"), ""), "id\n1\n"))
}

// TestColumnsThatMayNotBeKeptAnyMore do not hold records up.
func TestColumnsThatMayNotBeKeptAnyMore(t *testing.T) {
	r := newRig(t)
	r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: `_schema/.*\.json`, Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "no")})
	r.run(t, lines(t, `{"id":1}`+"\n"), "file_format: csv\nfolder: lake\nfile_name: f\nidle_timeout: 200ms\nschema: {remember: bucket}\n")
	assert.Equal(t, []string{"id\n1\n"}, r.objects("lake/f"))
	assert.Equal(t, int64(1), r.metrics.get("schema_state_errors_total"))
	assert.Contains(t, r.logs.String(), "Columns cannot be kept: uploading s3://landing/lake/_schema/lake.json")
}
