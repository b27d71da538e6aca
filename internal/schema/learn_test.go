package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TestRefusedRecordsTeachNothing: whatever encoders would refuse.
func TestRefusedRecordsTeachNothing(t *testing.T) {
	wide := make([]string, 101)
	for i := range wide {
		wide[i] = fmt.Sprintf(`"w%d":1`, i)
	}
	inferred := schema.Config{MaxColumns: 100, Columns: sourceColumns(t, "offset")}
	declared := schema.Config{
		Mode: schema.Fixed, OnUnknownField: schema.Add, OnTypeMismatch: schema.Reject,
		Fields: []schema.FieldConfig{
			{Name: "a", Type: "int64"},
			{Name: "g", Type: "group", Optional: true, Fields: []schema.FieldConfig{{Name: "x", Type: "bool"}}},
			{Name: "l", Type: "list", Optional: true, Items: &schema.FieldConfig{Type: "int32"}},
		},
	}
	rescuing := declared
	rescuing.OnTypeMismatch = schema.Rescue
	closed := declared
	closed.OnUnknownField, closed.OnTypeMismatch = schema.RejectField, schema.Widen
	for name, test := range map[string]struct {
		config schema.Config
		doc    string
	}{
		"too many columns":                {inferred, "{" + strings.Join(wide, ",") + "}"},
		"a source column":                 {inferred, `{"new":1,"kafka_offset":null}`},
		"a broken document":               {inferred, `{"new":1,}`},
		"a required field that is absent": {declared, `{"new":1}`},
		"one that is null":                {declared, `{"new":1,"a":null}`},
		"one inside of a group":           {declared, `{"new":1,"a":1,"g":{}}`},
		"an item that is null":            {declared, `{"new":1,"a":1,"l":[1,null]}`},
		"a value that does not fit":       {declared, `{"new":1,"a":"x"}`},
		"an empty list that does not fit": {declared, `{"new":1,"a":1,"g":[]}`},
		"a required one, with rescue":     {rescuing, `{"new":1,"a":"x"}`},
		"the column for rescued values":   {rescuing, `{"new":1,"a":1,"g":7,"_rescued_data":1}`},
		"an unknown field":                {closed, `{"a":1.5,"new":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			m := memory(t, test.config)
			before := m.Schema()
			assert.Same(t, before, learn(m, records(test.doc)))
		})
	}
	m := memory(t, inferred)
	s := learn(m, records("{"+strings.Join(wide, ",")+"}", `{"b":{"c":[1]}}`))
	assert.Equal(t, "kafka_offset int64, b {c [int64]}", show(s.Fields), "others are learned from")
}

// TestLearningLooksAtAllRecords: the ones that fitted count, too.
func TestLearningLooksAtAllRecords(t *testing.T) {
	m := memory(t, schema.Config{})
	assert.Equal(t, "v string", show(learn(m, records(`{"v":9007199254740993}`, `{"v":1.5}`)).Fields))
	m = memory(t, schema.Config{})
	learn(m, records(`{"v":1}`, `{"v":9007199254740993}`))
	assert.Equal(t, "v string", show(learn(m, records(`{"v":1.5}`)).Fields), "and those of earlier objects")
}

func TestOnlyTheSchemaInUseLearns(t *testing.T) {
	m := memory(t, schema.Config{})
	first := m.Schema()
	second, learned := m.Learn(first, records(`{"a":1}`))
	require.True(t, learned)
	now, learned := m.Learn(first, records(`{"b":1}`))
	assert.False(t, learned, "the present schema may have room for the record")
	assert.Same(t, second, now)
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	for doc, want := range map[string][3]string{
		`{"n":1.5}`:                         {"double", "decimal(38,18)", "double"},
		`{"n":1.000000000000000001}`:        {"string", "decimal(38,18)", "double"},
		`{"n":1.0000000000000000001}`:       {"string", "string", "double"},
		`{"n":0.1}`:                         {"double", "decimal(38,18)", "double"},
		`{"n":0.10000000000000001}`:         {"string", "decimal(38,18)", "double"},
		`{"n":-0}`:                          {"double", "decimal(38,18)", "double"},
		`{"n":1e400}`:                       {"string", "string", "string"},
		`{"n":1e22}`:                        {"double", "string", "double"},
		`{"n":18446744073709551616}`:        {"string", "decimal(38,18)", "double"},
		`{"n":7}`:                           {"int64", "int64", "int64"},
		`{"n":[9007199254740993,0.5]}`:      {"[string]", "[decimal(38,18)]", "[double]"},
		`{"n":[-9223372036854775808,0.5]}`:  {"[string]", "[decimal(38,18)]", "[double]"},
		`{"n":[0.5,18446744073709551616]}`:  {"[string]", "[decimal(38,18)]", "[double]"},
		`{"n":[1.5,"1.5"]}`:                 {"json", "json", "json"},
		`{"n":[12345678901234567.89,1e-7]}`: {"[string]", "[decimal(38,18)]", "[double]"},
	} {
		for i, numbers := range []schema.Numbers{schema.Exact, schema.Decimals, schema.Doubles} {
			got := show(learn(memory(t, schema.Config{Numbers: numbers}), records(doc)).Fields)
			if want := "n " + want[i]; got != "n json" || !strings.HasPrefix(want, "n [string") {
				assert.Equal(t, want, got, "%s %s", numbers, doc)
			}
		}
	}
}

func TestNamesThatDifferOnlyInCase(t *testing.T) {
	docs := records(`{"id":1,"ID":2}`, `{"Id_2":3,"iD":4}`)
	s := learn(memory(t, schema.Config{}), docs)
	assert.Equal(t, map[string]string{"ID_3": "ID", "iD_4": "iD"}, s.Renamed(), "names that are free keep theirs")

	s = learn(memory(t, schema.Config{OnCaseCollision: schema.Merge}), append(docs, records(`{"ID":"x"}`, `{"a":1}`)...))
	assert.Equal(t, "Id_2 int64, iD string, a int64", show(s.Fields), "a record that has both is refused")
	assert.Equal(t, []string{"ID"}, s.Fields[1].Aliases)

	s = learn(memory(t, schema.Config{OnCaseCollision: schema.RejectName}), append(records(`{"id":1}`), docs...))
	assert.Equal(t, "id int64", show(s.Fields))

	_, err := schema.New(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		{Name: "l", Type: "list", Items: &schema.FieldConfig{Type: "group", Fields: []schema.FieldConfig{{Name: "a", Type: "bool"}, {Name: "A", Type: "bool"}}}},
	}})
	require.ErrorContains(t, err, `"a" and "A" differ only in case`)
}

func TestTimesStayInTheirRange(t *testing.T) {
	field := func(typ, unit string) schema.Field {
		m := memory(t, schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "t", Type: typ, Unit: unit}}})
		return m.Schema().Fields[0]
	}
	for _, test := range []struct {
		typ, unit, number string
		want              any
	}{
		{"timestamp", "nanos", "-9223372036854775808", int64(-9223372036854776)},
		{"timestamp", "nanos", "-1", int64(-1)},
		{"timestamp", "nanos", "1999", int64(1)},
		{"timestamp", "seconds", "1719835200.1234569", int64(1719835200123456)},
		{"timestamp", "seconds", "-0.0000001", int64(-1)},
		{"timestamp", "seconds", "1e9", int64(1e15)},
		{"timestamp", "millis", "0.5", int64(500)},
		{"timestamp", "seconds", "253402300799", int64(253402300799e6)},
		{"timestamp", "seconds", "253402300800", nil},
		{"timestamp", "seconds", "-62135596800", int64(-62135596800e6)},
		{"timestamp", "seconds", "-62135596801", nil},
		{"timestamp", "micros", "9223372036854775807", nil},
		{"timestamp", "millis", "9223372036854775807", nil},
		{"timestamp", "", "1", nil},
		{"time", "seconds", "86399.9999999", int64(86399999999)},
		{"time", "seconds", "86400", nil},
		{"time", "seconds", "-1", nil},
		{"date", "", "2932896", int64(2932896)},
		{"date", "", "2932897", nil},
		{"date", "", "-719163", nil},
	} {
		f := field(test.typ, test.unit)
		v, ok := f.NumberInt64([]byte(test.number))
		if assert.Equal(t, test.want != nil, ok, "%v", test) && ok {
			assert.Equal(t, test.want, v, "%v", test)
		}
	}
	f := field("timestamp", "nanos")
	v, ok := f.ValueInt64(int64(-1))
	assert.Equal(t, int64(-1), v, "towards the past")
	assert.True(t, ok)
	f = field("timestamp", "seconds")
	v, ok = f.ValueInt64(1719835200.5)
	assert.Equal(t, int64(1719835200500000), v)
	assert.True(t, ok)
}

func TestChecker(t *testing.T) {
	c := schema.Config{Mode: schema.Fixed, OnUnknownField: schema.Add, Fields: []schema.FieldConfig{{Name: "a", Type: "int64"}}}
	check := memory(t, c).Checker()
	for range 2 {
		require.NoError(t, check.Check(&record.Record{Raw: []byte(`{"a":1,"b":"x"}`)}))
		require.ErrorContains(t, check.Check(&record.Record{Raw: []byte(`{"a":"x"}`)}), `field "a": "x" does not fit a column of type int64`)
		require.ErrorContains(t, check.Check(&record.Record{Value: map[string]any{"b": 1}}), `the required field "a" is null or missing`)
	}
	assert.Nil(t, memory(t, schema.Config{}).Checker())
}

// A new field takes the room of one column, however many records have it.
func TestACheckerForgetsEachRecord(t *testing.T) {
	c := schema.Config{Mode: schema.Fixed, OnUnknownField: schema.Add, Fields: []schema.FieldConfig{{Name: "a", Type: "int64"}}, MaxColumns: 2}
	check := memory(t, c).Checker()
	for range 5 {
		require.NoError(t, check.Check(&record.Record{Raw: []byte(`{"a":1,"b":"x"}`)}))
	}
	require.ErrorContains(t, check.Check(&record.Record{Raw: []byte(`{"b":1,"c":1,"d":1}`)}), `no room for a column for the field "d"`)
}

// What an encoder could not place is told for what it is: the rest of the record
// may be the reason.
func TestReasons(t *testing.T) {
	m := memory(t, schema.Config{MaxColumns: 1})
	noRoom := schema.Unlearned(errors.New("no room for b"))
	var r schema.Reasons
	for doc, want := range map[string]string{
		`{"a":1`:        "invalid JSON at offset 6",
		`{"a":1,"b":2}`: `no room for a column for the field "b"`,
		`{"a":1}`:       "no room for b",
	} {
		require.ErrorContains(t, r.Of(m, &record.Record{Raw: []byte(doc)}, noRoom), want)
	}
	other := errors.New("of another kind")
	require.Equal(t, other, r.Of(m, &record.Record{Raw: []byte(`{"a":1`)}, other))
}
