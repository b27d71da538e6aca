package encodetest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// Tables is a format whose columns are under test: over many objects, written by
// several encoders and processes, of datasets that take turns.
type Tables struct {
	// New makes an encoder that shares what is known.
	New func(*schema.Registry) encode.Encoder
	// Decode reads an object back, with columns under their names in the file.
	Decode func(object []byte) ([]map[string]any, error)
	// Columns returns the columns of an object, in order: name and type, with a
	// colon in between. A format without types leaves those empty.
	Columns func(object []byte) ([]string, error)
	// Text says that values have no type: they are read back as their text.
	Text bool
	// Named says that Decode gives columns the names that they have in records.
	Named bool

	signless bool // zeros with a sign are not drawn
}

// values are what fields hold, awkward ones above all.
var values = []string{
	`null`, `[]`, `{}`, `[null]`, `{"x":null}`, `[{}]`, `1`, `0`, `-0`, `-0.0`, `7e2`, `2.0`, `1.5`, `0.1`, `1.000000000000000001`, `1e400`, `1e-400`,
	`0.30000000000000004`, `9007199254740992`, `9007199254740993`, `-9223372036854775808`, `18446744073709551615`, `123456789.123456789123`,
	`"x"`, `""`, `"1"`, `" \\N,\"\n"`, `true`, `false`, `[1]`, `[1.5,2]`, `["x",1]`, `[[1],[]]`, `[{"x":1},{"y":[2]}]`,
	`{"k":1,"l":2.5,"m":9007199254740993}`, `{"k":{"x":1},"l":{"x":[]},"n~/":{"x":"y"}}`, `{"x":1}`, `{"x":1.5,"X":"y"}`, `{"x":{"y":"z"}}`, `{"x":[9007199254740993]}`, `[9007199254740993]`, `[9007199254740993,0.5]`,
}

var tableFields = []string{"a", "b", "A", "c-d", "c_d", "wide"}

// process is what runs between two restarts.
type process struct {
	tables   *Tables
	registry *schema.Registry
	encoders []encode.Encoder
	declared []schema.FieldConfig
}

func (z *Tables) process(t tb, c schema.Config) *process {
	r, err := schema.New(c)
	require.NoError(t, err)
	require.NoError(t, r.Open())
	p := &process{tables: z, registry: r, declared: c.Fields}
	for range 3 {
		p.encoders = append(p.encoders, z.New(r))
	}
	return p
}

// history is what is known of a dataset's columns.
type history struct {
	columns []string            // of the last object that had a new one
	types   map[string][]string // that a column has had
	meant   map[string]bool     // fields of records that were stored, with a value
}

// Check draws sequences of records, divides them into objects, encoders, datasets
// and processes, and demands: columns of a dataset only grow and widen, in one
// order; each value that was stored comes back; and a refused record leaves no
// trace.
func (z Tables) Check(t *testing.T, c schema.Config) {
	t.Helper()
	if c.Numbers == schema.Decimals || c.Mode == schema.Fixed {
		z.signless = true // those who choose integers or decimals choose a zero without a sign
	}
	dir, run := t.TempDir(), 0
	property.Check(t, func(t *rapid.T) {
		run++
		c := c
		if rapid.Bool().Draw(t, "state") {
			c.State = filepath.Join(dir, strconv.Itoa(run))
		}
		c.MaxColumns = rapid.SampledFrom([]int{3, 1000}).Draw(t, "max columns")
		p := z.process(t, c)
		known := map[string]*history{}
		for range rapid.IntRange(1, 12).Draw(t, "objects") {
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				p = z.process(t, c)
				if c.State == "" {
					known = map[string]*history{}
				}
			}
			name := rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "dataset")
			if known[name] == nil {
				known[name] = &history{types: map[string][]string{}, meant: map[string]bool{}}
			}
			p.objects(t, known[name], z.drawRecords(t, record.DatasetOf(name)))
		}
	})
}

func (z *Tables) drawRecords(t *rapid.T, d record.Dataset) []record.Record {
	var records []record.Record
	for range rapid.IntRange(1, 8).Draw(t, "records") {
		var fields []string
		for _, name := range tableFields {
			if rapid.IntRange(0, 2).Draw(t, "has") == 0 {
				value := rapid.SampledFrom(values).Draw(t, name)
				if !z.signless || value != "-0" && value != "-0.0" {
					fields = append(fields, fmt.Sprintf("%q:%s", name, value))
				}
			}
		}
		if len(fields) == 0 {
			fields = []string{`"a":null`}
		}
		if rapid.IntRange(0, 9).Draw(t, "twice") == 0 {
			fields = append([]string{`"a":` + rapid.SampledFrom(values).Draw(t, "first")}, append(fields, `"a":7`)...)
		}
		doc := []byte("{" + strings.Join(fields, ",") + "}")
		records = append(records, record.Record{Raw: doc, Dataset: d})
		if rapid.IntRange(0, 5).Draw(t, "bad") == 0 {
			bad := rapid.SampledFrom([]string{`{"bad":1,}`, `{"bad":[1],"a":"\ud800x"`, `[{"bad":1}]`}).Draw(t, "which")
			records = append(records, record.Record{Raw: []byte(bad), Dataset: d})
		}
	}
	return records
}

// objects encodes records, by any of the encoders, and checks what is said above.
func (p *process) objects(t *rapid.T, h *history, records []record.Record) {
	for len(records) > 0 {
		enc := p.encoders[rapid.IntRange(0, len(p.encoders)-1).Draw(t, "encoder")]
		limit := rapid.SampledFrom([]int64{0, 0, 400, 3000}).Draw(t, "limit")
		var out bytes.Buffer
		res, err := enc.Encode(&out, records, limit)
		require.NoError(t, err)
		require.Positive(t, res.Taken)
		var stored []record.Record
		refused := res.Refused
		for i := range records[:res.Taken] {
			if len(refused) > 0 && refused[0].Index == i {
				refused = refused[1:]
				continue
			}
			stored = append(stored, records[i])
		}
		require.Len(t, stored, res.Rows)
		h.store(stored)
		// What comes after in the same call may be learned from, too.
		pending := records[res.Taken:]
		if res.Rows > 0 {
			p.object(t, h, out.Bytes(), stored, pending)
		}
		records = pending
	}
}

// store notes which fields have values in records that were stored.
func (h *history) store(records []record.Record) {
	for i := range records {
		for name := range parse(records[i].Raw).(map[string]any) {
			h.meant[name] = true
		}
	}
}

func (p *process) object(t *rapid.T, h *history, object []byte, stored, pending []record.Record) {
	memory, err := p.registry.For(&stored[0])
	require.NoError(t, err)
	fields := memory.Schema().Fields
	columns, err := p.tables.Columns(object)
	require.NoError(t, err)
	h.grow(t, columns)
	allowed := &history{meant: map[string]bool{schema.RescuedColumn: true}}
	for _, f := range p.declared {
		allowed.meant[f.Name] = true
	}
	allowed.store(slices.DeleteFunc(slices.Clone(pending), func(r record.Record) bool { return jsonscan.Valid(r.Raw) != nil || r.Raw[0] != '{' }))
	for i := range fields {
		require.True(t, h.meant[fields[i].Name] || allowed.meant[fields[i].Name], "column %q is the trace of a refused record", fields[i].Name)
	}
	rows, err := p.tables.Decode(object)
	require.NoError(t, err)
	require.Len(t, rows, len(stored))
	for i, row := range rows {
		want := parse(stored[i].Raw)
		if !p.tables.Named {
			row = original(fields, row)
		}
		if err := p.tables.same(want, row); err != nil {
			require.NoError(t, err, "%s as %v", stored[i].Raw, row)
		}
	}
}

// grow demands that columns are those that were known, in the same order, maybe
// with others behind them, and that no type comes back that a column has left.
func (h *history) grow(t *rapid.T, columns []string) {
	require.GreaterOrEqual(t, len(columns), len(h.columns), "%v after %v", columns, h.columns)
	names := make([]string, len(columns))
	for i, column := range columns {
		name, typ, _ := strings.Cut(column, ":")
		names[i] = name
		had := h.types[name]
		if len(had) == 0 || had[len(had)-1] != typ {
			require.NotContains(t, had, typ, "column %q has had the type before", name)
			h.types[name] = append(had, typ)
		}
	}
	require.True(t, slices.Equal(h.columns, names[:len(h.columns)]), "columns have moved: %v after %v", names, h.columns)
	h.columns = names
}

// original gives the names that they have in records to columns.
func original(fields []schema.Field, row map[string]any) map[string]any {
	out := make(map[string]any, len(row))
	for i := range fields {
		f := &fields[i]
		if v, ok := row[f.ColumnName()]; ok {
			out[f.Name] = originalValue(f, v)
		}
	}
	return out
}

func originalValue(f *schema.Field, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if f.Type == schema.Map {
			entries := make(map[string]any, len(v))
			for key := range v {
				entries[key] = originalValue(f.Elem, v[key])
			}
			return entries
		}
		return original(f.Fields, v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = originalValue(f.Elem, v[i])
		}
		return items
	}
	return v
}

// CheckTurns gives records of datasets that take turns to one encoder: an object
// ends where another dataset begins, and all of its own records are learned from
// before its columns are final, also those that fitted.
func (z Tables) CheckTurns(t *testing.T) {
	t.Helper()
	r, err := schema.New(schema.Config{})
	require.NoError(t, err)
	enc := z.New(r)
	in := func(dataset string, docs ...string) (records []record.Record) {
		for _, doc := range docs {
			records = append(records, record.Record{Raw: []byte(doc), Dataset: record.DatasetOf(dataset)})
		}
		return records
	}
	taken := func(records []record.Record) (int, []string) {
		var out bytes.Buffer
		res, err := enc.Encode(&out, records, 0)
		require.NoError(t, err)
		require.Empty(t, res.Refused)
		columns, err := z.Columns(out.Bytes())
		require.NoError(t, err)
		if res.Taken < len(records) {
			require.Equal(t, encode.SchemaChanged, res.Stopped)
		}
		return res.Taken, columns
	}
	records := append(in("a", `{"id":1}`, `{"id":1}`), in("b", `{"other":"x"}`)...)
	n, columns := taken(records)
	require.Equal(t, 2, n)
	require.Len(t, columns, 1)
	n, columns = taken(records[n:])
	require.Equal(t, 1, n)
	require.Len(t, columns, 1)
	require.NotContains(t, columns[0], "id")

	taken(in("c", `{"v":1,"w":1}`))
	n, columns = taken(in("c", `{"v":2,"w":1,"x":"x","v":5}`, `{"v":9007199254740993,"y":[],"w":"text","w":2}`, `{"v":1.5,"w":3}`, `{"y":[1]}`))
	require.Equal(t, 4, n)
	require.Len(t, columns, 4)
	if !z.Text {
		require.Contains(t, strings.ToLower(columns[0]), "str", "%v", columns)
		require.NotContains(t, strings.ToLower(columns[1]), "str", "what a later field of the name replaces does not count: %v", columns)
	}

	taken(in("d", `{"b":1}`))
	_, columns = taken(in("d", `{"n":null,"b":1}`, `{"z":1,"n":2}`))
	for i, name := range []string{"b", "n", "z"} {
		require.True(t, strings.HasPrefix(columns[i], name), "a null keeps the place of its field: %v", columns)
	}
}
