package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/ddl"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// A year of restarts: so many processes write so many objects each of one kind of
// stream, of two datasets that take turns.
const (
	restarts = 60
	objects  = 15
	rows     = 20
)

var datasets = []string{"users", "orders"}

// baseline is what `s3-destination schema` prints for records of the stream.
var baseline = []schema.FieldConfig{
	{Name: "id", Type: "int64", Optional: true, Exact: true},
	{Name: "v", Type: "string", Optional: true},
	{Name: "w", Type: "double", Optional: true, Exact: true},
	{Name: "name", Type: "string", Optional: true},
	{Name: "g", Type: "group", Optional: true, Fields: []schema.FieldConfig{
		{Name: "x", Type: "int64", Optional: true, Exact: true}, {Name: "y", Type: "string", Optional: true},
	}},
	{Name: "late", Type: "bool", Optional: true},
	{Name: "l", Type: "list", Optional: true, Items: &schema.FieldConfig{Type: "int64", Optional: true, Exact: true}},
}

// streamed is a record of the stream: fields come and go, some are null or empty,
// and one has another type now and then.
func streamed(r *rand.Rand, id int) []byte {
	fields := []string{fmt.Sprintf(`"id":%d`, id)}
	add := func(name string, values ...string) {
		if r.IntN(3) > 0 {
			fields = append(fields, fmt.Sprintf("%q:%s", name, values[r.IntN(len(values))]))
		}
	}
	add("v", "1", "2", "3", "9007199254740993", "null")
	if seldom := 400; r.IntN(seldom) == 0 {
		add("v", "1.5", `"x"`) // instead of the one before: the last one counts
		add("late", "true")
	}
	add("w", "1", "2", "3", "0.5", "null", "[]")
	add("name", `"a"`, `"b, \"c\"\n"`, "null", "{}")
	add("g", "null", "{}", `{"x":null}`, `{"x":1}`, `{"y":"z"}`, `{"x":2,"y":"z"}`)
	add("l", "[]", "null", "[null]", "[1,2]", "[3,null]")
	r.Shuffle(len(fields)-1, func(i, j int) { fields[i+1], fields[j+1] = fields[j+1], fields[i+1] })
	return []byte("{" + strings.Join(fields, ",") + "}")
}

// formats are the encoders, by what their files end with.
var formats = map[string]func(*schema.Registry) (encode.Encoder, error){
	"parquet": func(r *schema.Registry) (encode.Encoder, error) { return parquet.New(parquet.Config{}, r) },
	"avro":    func(r *schema.Registry) (encode.Encoder, error) { return avro.New(avro.Config{Codec: "deflate"}, r) },
	"csv": func(r *schema.Registry) (encode.Encoder, error) {
		return csv.New(csv.Config{Header: true, Schema: r}), nil
	},
}

// live writes the objects of all processes into dir/dataset and what must be in
// them into dir/dataset.jsonl, and returns the schemas of each dataset, in order.
func live(t *testing.T, format string, c kind, dir string) map[string][]*schema.Schema {
	t.Helper()
	known := map[string][]*schema.Schema{}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // test data
	expected := map[string]*bytes.Buffer{}
	for _, d := range datasets {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o700))
		expected[d] = &bytes.Buffer{}
	}
	n := 0
	for range restarts {
		replicas := start(t, format, c)
		for i := range objects {
			registry, enc := replicas[i%len(replicas)].registry, replicas[i%len(replicas)].enc
			d := datasets[r.IntN(len(datasets))]
			records := make([]record.Record, rows)
			for i := range records {
				records[i] = record.Record{Raw: streamed(r, n*rows+i), Dataset: record.DatasetOf(d)}
				expected[d].Write(append(records[i].Raw, '\n'))
			}
			var out bytes.Buffer
			res, err := enc.Encode(&out, records, 0)
			require.NoError(t, err)
			require.Equal(t, rows, res.Rows, "%v", res.Refused)
			require.NoError(t, os.WriteFile(filepath.Join(dir, d, fmt.Sprintf("%05d.%s", n, format)), out.Bytes(), 0o600))
			memory, err := registry.For(&records[0])
			require.NoError(t, err)
			if all := known[d]; len(all) == 0 || all[len(all)-1].Fingerprint() != memory.Schema().Fingerprint() {
				known[d] = append(all, memory.Schema())
			}
			n++
		}
	}
	next := start(t, format, c)[0].registry // which knows what all of them have learned
	for _, d := range datasets {
		memory, err := next.For(&record.Record{Dataset: record.DatasetOf(d)})
		require.NoError(t, err)
		if all := known[d]; all[len(all)-1].Fingerprint() != memory.Schema().Fingerprint() {
			known[d] = append(all, memory.Schema())
		}
	}
	for d, text := range expected {
		require.NoError(t, os.WriteFile(filepath.Join(dir, d+".jsonl"), text.Bytes(), 0o600))
	}
	return known
}

// kind is how columns outlive a process.
type kind struct {
	schema.Config

	// shelf returns what keeps them, if that is not a file; replicas is how many
	// processes run at a time then.
	shelf    func() schema.Shelf
	replicas int
}

// replica is a process.
type replica struct {
	registry *schema.Registry
	enc      encode.Encoder
}

func start(t *testing.T, format string, c kind) (all []replica) {
	t.Helper()
	for range max(c.replicas, 1) {
		registry, err := schema.New(c.Config)
		require.NoError(t, err)
		require.NoError(t, registry.Open())
		if c.shelf != nil {
			registry.Keep(c.shelf(), format)
		}
		enc, err := formats[format](registry)
		require.NoError(t, err)
		all = append(all, replica{registry, enc})
	}
	return all
}

// distinct counts schemas that differ.
func distinct(all []*schema.Schema) int {
	prints := map[string]bool{}
	for _, s := range all {
		prints[s.Fingerprint()] = true
	}
	return len(prints)
}

// kinds of memory over restarts. In the bucket it is that of three replicas that take
// turns, all of which end and begin anew.
func kinds(t *testing.T, dir string) map[string]kind {
	t.Helper()
	server := s3test.StartT(t, s3test.Config{})
	bucket, err := store.New(t.Context(), store.Config{
		Bucket: server.Bucket, Endpoint: server.URL, ForcePathStyle: true,
		Auth: auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
	})
	require.NoError(t, err)
	t.Cleanup(bucket.Close)
	return map[string]kind{
		"state":    {Config: schema.Config{State: filepath.Join(dir, "columns.json")}},
		"declared": {Config: schema.Config{Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen, Fields: baseline}},
		"bucket": {replicas: 3, shelf: func() schema.Shelf {
			shelf := remember.New(bucket, remember.Config{})
			t.Cleanup(shelf.Close)
			return shelf
		}},
	}
}

// TestRestarts counts the schemas of a year of restarts, and writes the files for
// read_restarts.py when INTEROP_DIR is set.
func TestRestarts(t *testing.T) {
	keep := os.Getenv("INTEROP_DIR")
	for format := range formats {
		for _, kind := range []string{"state", "declared", "bucket"} {
			t.Run(format+"/"+kind, func(t *testing.T) {
				dir := t.TempDir()
				to := dir
				if keep != "" {
					to = filepath.Join(keep, "restarts", kind, format)
				}
				for d, all := range live(t, format, kinds(t, dir)[kind], to) {
					last := all[len(all)-1]
					if keep != "" {
						tables(t, format, filepath.Join(to, d), all, last)
					}
					if kind != "bucket" { // of several processes some are behind
						assert.Equal(t, distinct(all), len(all), "%s: no schema comes back that was left", d)
					}
					if kind == "declared" {
						assert.Len(t, all, 1, d)
					} else {
						assert.LessOrEqual(t, distinct(all), 12, "%s: there are no more schemas than columns and widenings", d)
					}
					for _, s := range all {
						for i := range s.Fields {
							assert.Equal(t, last.Fields[i].ColumnName(), s.Fields[i].ColumnName(), "%s: columns stay where they are", d)
						}
					}
					t.Logf("%s: %d schemas, the last one %s", d, distinct(all), names(last))
				}
			})
		}
	}
}

// tables writes the statements of each engine by which it reads the files of a dataset,
// and the names of columns that had several types.
func tables(t *testing.T, format, dir string, all []*schema.Schema, last *schema.Schema) {
	t.Helper()
	statements(t, dir, ddl.Table{
		Name: "restarts", Location: dir + "/", Format: format, CSV: ddl.CSV{Separator: ',', Header: true}, Schema: last,
	})
	changed := []string{}
	for i := range last.Fields {
		for _, s := range all {
			if i < len(s.Fields) && s.Fields[i].Type != last.Fields[i].Type {
				changed = append(changed, last.Fields[i].ColumnName())
				break
			}
		}
	}
	text, err := json.Marshal(changed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+".changed.json", text, 0o600))
}

func names(s *schema.Schema) string {
	out := make([]string, len(s.Fields))
	for i := range s.Fields {
		out[i] = s.Fields[i].ColumnName() + " " + s.Fields[i].Type.String()
	}
	text, _ := json.Marshal(out)
	return string(text)
}
