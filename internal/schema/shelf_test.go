package schema_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// shelf is a shelf in memory that honours conditions. It is used by one goroutine:
// what happens between two requests of a process is what meanwhile does.
type shelf struct {
	texts     map[string][][]byte // all versions, in order
	meanwhile func()
	down      error
}

func newShelf() *shelf { return &shelf{texts: map[string][][]byte{}, meanwhile: func() {}} }

func (s *shelf) Read(dataset string) ([]byte, string, error) {
	s.meanwhile()
	all := s.texts[dataset]
	if s.down != nil || len(all) == 0 {
		return nil, "", s.down
	}
	return all[len(all)-1], strconv.Itoa(len(all)), nil
}

func (s *shelf) Write(dataset string, text []byte, version string) (string, error) {
	s.meanwhile()
	all := s.texts[dataset]
	has := ""
	if len(all) > 0 {
		has = strconv.Itoa(len(all))
	}
	switch {
	case s.down != nil:
		return "", s.down
	case version != has:
		return "", schema.ErrMoved
	}
	s.texts[dataset] = append(all, text)
	return strconv.Itoa(len(all) + 1), nil
}

// replica is a process that keeps its columns on the shelf.
func replica(t require.TestingT, s schema.Shelf, format string, c schema.Config) *schema.Registry {
	r, err := schema.New(c)
	require.NoError(t, err)
	r.Keep(s, format)
	return r
}

func TestReplicasTakeWhatOthersHaveLearned(t *testing.T) {
	s := newShelf()
	a, b := dataset(t, replica(t, s, "parquet", schema.Config{}), "orders"), dataset(t, replica(t, s, "parquet", schema.Config{}), "orders")
	learn(a, records(`{"id":1,"email":"x"}`))
	learn(b, records(`{"total":0.5,"id":"o-1"}`))
	assert.Equal(t, "id string, email string, total double", show(b.Schema().Fields), "the first one decides about the order")
	learn(a, records(`{"late":true}`))
	assert.Equal(t, "id string, email string, total double, late bool", show(a.Schema().Fields))
	assert.Equal(t, a.Schema().Fingerprint(), dataset(t, replica(t, s, "parquet", schema.Config{}), "orders").Schema().Fingerprint(),
		"whoever starts begins with all of it")
	assert.Len(t, s.texts["orders"], 3, "what is known already is not written again")
	learn(a, records(`{"id":7}`))
	assert.Len(t, s.texts["orders"], 3)
}

func TestConflictingTypesMeetInTheWiderOne(t *testing.T) {
	for name, c := range map[string]struct{ mine, theirs, want string }{
		"numbers":      {`{"v":1}`, `{"v":1.5}`, "v double"},
		"large":        {`{"v":9007199254740993}`, `{"v":1.5}`, "v string"},
		"text":         {`{"v":true}`, `{"v":"x"}`, "v string"},
		"lists":        {`{"v":[1]}`, `{"v":[1.5]}`, "v [double]"},
		"mixed lists":  {`{"v":[1]}`, `{"v":["x"]}`, "v json"},
		"groups":       {`{"v":{"a":1,"b":2}}`, `{"v":{"c":1,"a":"x"}}`, "v {c int64, a string, b int64}"},
		"list, object": {`{"v":[1]}`, `{"v":{"a":1}}`, "v string"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			r := replica(t, s, "parquet", schema.Config{})
			s.down = errors.New("denied")
			m := dataset(t, r, "") // cannot read what there is, and goes on
			learn(m, records(c.mine))
			s.down = nil
			learn(dataset(t, replica(t, s, "parquet", schema.Config{}), ""), records(c.theirs))
			learn(m, records(`{"new":1}`))
			assert.Equal(t, c.want+", new int64", show(m.Schema().Fields))
		})
	}
}

// apart has one process learn while the shelf is down, and another one meanwhile, and
// returns what the first one knows when it has met the other.
func apart(t *testing.T, mine, theirs schema.Config, docs, others []string) *schema.Memory {
	t.Helper()
	s := newShelf()
	s.down = errors.New("denied")
	r, other := replica(t, s, "avro", mine), replica(t, s, "avro", theirs)
	r.UseAvroNames()
	other.UseAvroNames()
	m := dataset(t, r, "")
	for _, doc := range docs {
		learn(m, records(doc))
	}
	s.down = nil
	learn(dataset(t, other, ""), records(others...))
	learn(m, records(`{"last":1}`))
	return m
}

func TestNamesOfProcessesThatWereApartStayDistinct(t *testing.T) {
	m := apart(t, schema.Config{}, schema.Config{}, []string{`{"c_d":{"x":1}}`}, []string{`{"c-d":{"y":1}}`})
	assert.Equal(t, map[string]string{"c_d": "c-d", "c_d_2": "c_d"}, m.Schema().Renamed())
	assert.NotEqual(t, m.Schema().Fields[0].Record, m.Schema().Fields[1].Record)
	merging := schema.Config{OnCaseCollision: schema.Merge}
	m = apart(t, merging, merging, []string{`{"id":1}`, `{"ID":2}`}, []string{`{"id":1}`})
	assert.Equal(t, "id int64, last int64", show(learn(m, records(`{"ID":3}`)).Fields))
	assert.Equal(t, []string{"ID"}, m.Schema().Fields[0].Aliases)
}

func TestWhatOneProcessAllowsBothDo(t *testing.T) {
	strict := schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen, Fields: []schema.FieldConfig{{Name: "a", Type: "double", Exact: true}},
	}
	m := apart(t, schema.Config{Numbers: schema.Doubles}, strict, []string{`{"a":0.1}`}, []string{`{"a":1,"b":1}`})
	assert.Equal(t, "a double, b int64, last int64", show(m.Schema().Fields))
	assert.True(t, m.Schema().Fields[0].Optional)
	assert.True(t, m.Schema().Fields[0].Round)
}

func TestColumnsThatCannotBeKeptAreTold(t *testing.T) {
	s, w := newShelf(), watcher{}
	r := replica(t, s, "parquet", schema.Config{})
	r.Observe(&w)
	s.down = errors.New("denied")
	m := dataset(t, r, "")
	require.ErrorContains(t, w.unsaved, "denied")
	w.unsaved = nil
	learn(m, records(`{"a":1}`))
	assert.Equal(t, "a int64", show(m.Schema().Fields), "records go on")
	require.ErrorContains(t, w.unsaved, "denied")
	w.unsaved = nil
	learn(m, records(`{"a":2}`))
	assert.NoError(t, w.unsaved, "the same columns are not tried again at once")
	s.down = nil
	learn(m, records(`{"b":1}`))
	assert.Len(t, s.texts[""], 1, "others are")
}

func TestWhatIsNotOursStaysOnTheShelf(t *testing.T) {
	s := newShelf()
	learn(dataset(t, replica(t, s, "csv", schema.Config{}), "a"), records(`{"x":1}`))
	m := dataset(t, replica(t, s, "parquet", schema.Config{}), "a")
	assert.Empty(t, m.Schema().Fields, "files of another format have columns of their own")
	learn(m, records(`{"y":1}`))
	assert.Equal(t, "x int64", show(dataset(t, replica(t, s, "csv", schema.Config{}), "a").Schema().Fields))

	s.texts["b"] = [][]byte{[]byte(`{"version":2}`)}
	w := watcher{}
	r := replica(t, s, "parquet", schema.Config{})
	r.Observe(&w)
	learn(dataset(t, r, "b"), records(`{"y":1}`))
	assert.ErrorContains(t, w.unsaved, "version 2")
	assert.Len(t, s.texts["b"], 1, "what cannot be read is not replaced")
}

func TestDeclaredColumnsMeetThoseOnTheShelf(t *testing.T) {
	s := newShelf()
	c := schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen,
		Fields: []schema.FieldConfig{{Name: "a", Type: "int64", Optional: true}},
	}
	learn(dataset(t, replica(t, s, "avro", c), ""), records(`{"a":1.5,"b":1}`))
	c.Fields = append(c.Fields, schema.FieldConfig{Name: "c", Type: "bool", Optional: true})
	assert.Equal(t, "a double, b int64, c bool", show(dataset(t, replica(t, s, "avro", c), "").Schema().Fields))
}

// TestDeclaredColumnsOfReplicasHaveOneNumberEach, also before a record is there.
func TestDeclaredColumnsOfReplicasHaveOneNumberEach(t *testing.T) {
	s := newShelf()
	c := schema.Config{Mode: schema.Fixed, FieldIDs: true, OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen}
	c.Fields = []schema.FieldConfig{{Name: "a", Type: "int64", Optional: true}}
	first := dataset(t, replica(t, s, "parquet", c), "")
	learn(first, records(`{"x":1}`))
	c.Fields = []schema.FieldConfig{{Name: "b", Type: "bool", Optional: true}, {Name: "a", Type: "int64", Optional: true}}
	second := dataset(t, replica(t, s, "parquet", c), "").Schema().Fields
	assert.Equal(t, "a int64, x int64, b bool", show(second))
	assert.Equal(t, []int{1, 2}, []int{second[0].ID, second[1].ID})
	assert.Greater(t, second[2].ID, 2)
	third := dataset(t, replica(t, s, "parquet", c), "").Schema().Fields
	assert.Equal(t, second[2].ID, third[2].ID)
}

// TestAStoreThatRefusesEveryWriteEnds, which no conflict of writers explains.
func TestAStoreThatRefusesEveryWriteEnds(t *testing.T) {
	s, w := newShelf(), watcher{}
	r := replica(t, refusing{s}, "parquet", schema.Config{})
	r.Observe(&w)
	learn(dataset(t, r, ""), records(`{"a":1}`))
	assert.ErrorIs(t, w.unsaved, schema.ErrMoved)
}

type refusing struct{ *shelf }

func (refusing) Write(string, []byte, string) (string, error) { return "", schema.ErrMoved }

// fleet is replicas that write one dataset, each of which may act while another one
// is between two requests.
type fleet struct {
	t      *rapid.T
	shelf  *shelf
	format string
	config schema.Config
	each   []*schema.Registry
	busy   []bool
	acts   int
	seen   []*schema.Schema // that objects were made of
}

// act has a replica that is not busy do something.
func (f *fleet) act() {
	i := rapid.IntRange(0, len(f.each)-1).Draw(f.t, "replica")
	if f.busy[i] || f.acts == 0 {
		return
	}
	f.acts--
	f.busy[i] = true
	defer func() { f.busy[i] = false }()
	if rapid.IntRange(0, 7).Draw(f.t, "restart") == 0 {
		f.each[i] = replica(f.t, f.shelf, f.format, f.config)
	}
	m, err := f.each[i].For(&record.Record{})
	require.NoError(f.t, err)
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "A", "b", "c-d", "c_d"}), 1, 3, rapid.ID).Draw(f.t, "fields")
	if f.format == "csv" {
		var columns []schema.Named
		for _, name := range fields {
			columns = append(columns, schema.Named{Name: name, Column: name})
		}
		for s, ok := m.Extend(m.Schema(), columns); !ok; s, ok = m.Extend(s, columns) {
			f.shelf.meanwhile()
		}
	} else {
		doc := "{"
		for j, name := range fields {
			doc += fmt.Sprintf("%s%q:%s", []string{"", ","}[min(j, 1)], name, rapid.SampledFrom(
				[]string{`1`, `1.5`, `"x"`, `9007199254740993`, `[1]`, `["x"]`, `{"x":1}`, `{"y":[{"z":1}]}`, `{}`, `true`}).Draw(f.t, "value"))
		}
		m.Learn(m.Schema(), records(doc+"}"))
	}
	f.seen = append(f.seen, m.Schema())
}

// TestReplicasAgree draws interleavings of replicas: whatever an object is made of is
// one of the versions on the shelf, which only grow and widen, in one order.
func TestReplicasAgree(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		f := &fleet{t: t, shelf: newShelf(), format: rapid.SampledFrom([]string{"parquet", "avro", "csv"}).Draw(t, "format"), acts: 25}
		f.config.FieldIDs = rapid.Bool().Draw(t, "field ids")
		for range rapid.IntRange(2, 4).Draw(t, "replicas") {
			f.each = append(f.each, replica(t, f.shelf, f.format, f.config))
		}
		f.busy = make([]bool, len(f.each))
		f.shelf.meanwhile = func() {
			if rapid.IntRange(0, 1).Draw(t, "meanwhile") == 0 {
				f.act()
			}
		}
		for f.acts > 0 {
			f.act()
		}
		versions := map[string]bool{}
		var last []schema.Field
		widest := map[string][]string{} // types that a column has had
		for _, text := range f.shelf.texts[""] {
			s := &shelf{texts: map[string][][]byte{"": {text}}, meanwhile: func() {}}
			now := datasetOf(t, replica(t, s, f.format, f.config))
			require.GreaterOrEqual(t, len(now.Fields), len(last))
			for i := range now.Fields {
				column := now.Fields[i].ColumnName()
				if i < len(last) {
					require.Equal(t, last[i].ColumnName(), column, "columns stay where they are")
				}
				had, kind := widest[column], now.Fields[i].Type.String()
				if len(had) == 0 || had[len(had)-1] != kind {
					require.False(t, slices.Contains(had, kind), "column %s was of type %s before: %v", column, kind, had)
					widest[column] = append(had, kind)
				}
			}
			last = now.Fields
			versions[now.Fingerprint()] = true
		}
		for _, s := range f.seen {
			require.True(t, versions[s.Fingerprint()], "an object has columns that nobody else knows: %s", show(s.Fields))
		}
	})
}

func datasetOf(t *rapid.T, r *schema.Registry) *schema.Schema {
	m, err := r.For(&record.Record{})
	require.NoError(t, err)
	return m.Schema()
}
