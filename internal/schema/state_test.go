package schema_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// started is a registry of a process that has read its state.
func started(t *testing.T, c schema.Config) *schema.Registry {
	t.Helper()
	r, err := schema.New(c)
	require.NoError(t, err)
	require.NoError(t, r.Open())
	return r
}

func dataset(t *testing.T, r *schema.Registry, name string) *schema.Memory {
	t.Helper()
	m, err := r.For(&record.Record{Dataset: record.DatasetOf(name)})
	require.NoError(t, err)
	return m
}

func TestDatasetsDoNotSeeEachOther(t *testing.T) {
	r := started(t, schema.Config{})
	users, orders := dataset(t, r, "users"), dataset(t, r, "orders")
	learn(users, records(`{"id":1,"email":"x"}`))
	learn(orders, records(`{"id":"o-1","total":0.5}`))
	assert.Equal(t, "id int64, email string", show(users.Schema().Fields))
	assert.Equal(t, "id string, total double", show(orders.Schema().Fields))
	assert.Same(t, users, dataset(t, r, "users"))
}

func TestColumnsOutliveTheProcess(t *testing.T) {
	c := schema.Config{State: filepath.Join(t.TempDir(), "columns.json"), InferTimestamps: true, Columns: sourceColumns(t, "offset")}
	docs := []string{`{"id":9007199254740993,"ID":"x","t":"2025-07-01T00:00:00Z","g":{"b":[1],"B":1.5}}`, `{"z":{"y":true},"":1}`}
	before := dataset(t, started(t, c), "a")
	learn(before, records(docs...))
	other := dataset(t, started(t, c), "b")
	learn(other, records(`{"x":1}`))
	r := started(t, c)
	assert.Equal(t, before.Schema().Fingerprint(), dataset(t, r, "a").Schema().Fingerprint())
	assert.Equal(t, other.Schema().Fingerprint(), dataset(t, r, "b").Schema().Fingerprint(), "another process keeps what it does not use")
	after := dataset(t, r, "a")
	learn(after, records(`{"new":1,"id":1.5}`))
	assert.Equal(t, "kafka_offset int64, id string, ID string, t timestamp, g {b [int64], B double}, z {y bool},  int64, new int64",
		show(after.Schema().Fields), "a double does not hold what an earlier process has seen")
	assert.Equal(t, map[string]string{"ID_2": "ID", "g.B_2": "B"}, after.Schema().Renamed())
}

func TestAvroNamesOutliveTheProcess(t *testing.T) {
	c := schema.Config{State: filepath.Join(t.TempDir(), "columns.json")}
	r := started(t, c)
	r.UseAvroNames()
	learn(dataset(t, r, ""), records(`{"a-b":{"x":1}}`))
	r = started(t, c)
	r.UseAvroNames()
	s := learn(dataset(t, r, ""), records(`{"a_b":{"x":1},"a-b":{"x":2}}`))
	assert.Equal(t, map[string]string{"a_b": "a-b", "a_b_2": "a_b"}, s.Renamed(), "a name once given keeps its meaning")
	assert.Equal(t, []string{"_a_b", "_a_b_2"}, []string{s.Fields[0].Record, s.Fields[1].Record})
}

func TestMergedNamesAreAvroAliases(t *testing.T) {
	r := started(t, schema.Config{OnCaseCollision: schema.Merge})
	r.UseAvroNames()
	s := learn(dataset(t, r, ""), records(`{"id":1,"x-y":"a","n":{"z":1}}`, `{"ID":2,"X-Y":"b","n":{"Z":2}}`))
	text, err := s.AvroSchema("Record", false)
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"record","name":"Record","fields":[
		{"name":"id","type":["null","long"],"default":null,"aliases":["ID"]},
		{"name":"x_y","type":["null","string"],"default":null,"originalName":"x-y"},
		{"name":"n","default":null,"type":["null",{"type":"record","name":"Record_n","fields":[
			{"name":"z","type":["null","long"],"default":null,"aliases":["Z"]}]}]}]}`, string(text))
}

func TestDeclaredColumnsMeetRememberedOnes(t *testing.T) {
	c := schema.Config{
		Mode: schema.Fixed, State: filepath.Join(t.TempDir(), "columns.json"), OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen,
		Fields: []schema.FieldConfig{{Name: "a", Type: "int64", Optional: true}, {Name: "b", Type: "string", Optional: true}},
	}
	learn(dataset(t, started(t, c), ""), records(`{"a":1.5,"new":1}`))
	c.Fields = append([]schema.FieldConfig{{Name: "first", Type: "bool", Optional: true}}, c.Fields...)
	assert.Equal(t, "a double, b string, new int64, first bool", show(dataset(t, started(t, c), "").Schema().Fields),
		"columns that files have stay where they are, and as wide as they are")
	c.OnTypeMismatch, c.OnUnknownField = schema.Reject, schema.RejectField
	assert.Equal(t, "a int64, b string, new int64, first bool", show(dataset(t, started(t, c), "").Schema().Fields))
}

func TestStateThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"cut": `{"version":1,"datasets":[{"datas`, "version": `{"version":2}`, "type": `{"version":1,"datasets":[{"fields":[{"name":"a","type":"matrix"}]}]}`,
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		r, err := schema.New(schema.Config{State: path})
		require.NoError(t, err)
		require.ErrorContains(t, r.Open(), "reading schema.state "+path)
	}
	r, err := schema.New(schema.Config{State: filepath.Join(dir, "missing", "file")})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Open(), "writing schema.state")
}

// watcher notes what a registry tells.
type watcher struct {
	mu        sync.Mutex
	changes   []schema.Change
	held      int
	forgotten int
	unsaved   error
}

func (w *watcher) ColumnChanged(c schema.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
}

func (w *watcher) Datasets(held int, _ int64, forgotten int) {
	w.held, w.forgotten = held, w.forgotten+forgotten
}
func (w *watcher) Unsaved(err error) { w.unsaved = errors.Join(w.unsaved, err) }

func TestEachChangeIsTold(t *testing.T) {
	var w watcher
	r := started(t, schema.Config{})
	r.Observe(&w)
	m := dataset(t, r, "orders")
	learn(m, records(`{"id":1,"g":{"x":1},"l":[1]}`))
	w.changes = nil
	learn(m, records(`{"id":1}`))
	assert.Empty(t, w.changes)
	learn(m, records(`{"id":"x","g":{"x":1.5,"y":[true]},"l":["a"]}`))
	assert.Equal(t, []schema.Change{
		{Dataset: "orders", Column: "id", From: "int64", To: "string"},
		{Dataset: "orders", Column: "g.x", From: "int64", To: "double"},
		{Dataset: "orders", Column: "g.y", To: "list of bool"},
		{Dataset: "orders", Column: "l", From: "list of int64", To: "json"},
	}, w.changes)
}

func TestStateThatCannotBeWrittenIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.Mkdir(dir, 0o700))
	var w watcher
	r := started(t, schema.Config{State: filepath.Join(dir, "columns.json")})
	r.Observe(&w)
	require.NoError(t, os.RemoveAll(dir))
	s := learn(dataset(t, r, ""), records(`{"a":1}`))
	assert.Len(t, s.Fields, 1, "records go on")
	assert.Error(t, w.unsaved)
}

// TestDatasetsAreBounded looks whether those that were not used for the longest
// time are forgotten, in memory and in the file.
func TestDatasetsAreBounded(t *testing.T) {
	var w watcher
	c := schema.Config{MaxMemory: 100 << 10, State: filepath.Join(t.TempDir(), "columns.json")}
	r := started(t, c)
	r.Observe(&w)
	used := dataset(t, r, "used")
	for i := range 500 {
		learn(dataset(t, r, fmt.Sprint(i)), records(`{"a":1,"b":2,"c":"x"}`))
		require.Same(t, used, dataset(t, r, "used"), "it is in use")
	}
	assert.Less(t, w.held, 50)
	assert.Equal(t, 501, w.held+w.forgotten)
	file, err := os.Stat(c.State)
	require.NoError(t, err)
	assert.Less(t, file.Size(), int64(20<<10))
}
