package encodetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

const withDefaults = `{"type":"record","name":"order","fields":[
	{"name":"id","type":"long"},
	{"name":"n","type":"long","default":9007199254740993},
	{"name":"s","type":"string","default":"a,b"},
	{"name":"l","type":{"type":"array","items":"long"},"default":[1,2]},
	{"name":"none","type":{"type":"array","items":"long"},"default":[]},
	{"name":"g","type":{"type":"record","name":"inner","fields":[
		{"name":"x","type":"long"},{"name":"y","type":"string","default":"why"}
	]},"default":{"x":7}},
	{"name":"null","type":["null","long"],"default":null},
	{"name":"last","type":"boolean","default":true}
]}`

// Defaults returns a configuration of columns that an Avro schema declares, most of
// them with a default.
func Defaults(t testing.TB) schema.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "order.avsc")
	require.NoError(t, os.WriteFile(path, []byte(withDefaults), 0o600))
	return schema.Config{Mode: schema.Fixed, File: path}
}

// Lacking are records that lack fields of these columns, and what readers must see.
// The fields come in any order, and the second record has no field with a default.
var Lacking = Case{
	Docs: []string{
		`{"id":1,"n":1,"s":"x","l":[],"none":[3],"g":{"x":1,"y":"z"},"null":2,"last":false}`,
		`{"id":2}`,
		`{"g":{"x":5},"s":"late","id":3}`,
		`{"id":4,"g":{"y":"only","x":6},"null":null}`,
		`{"l":[9],"id":5,"n":5}`,
	},
	Want: []string{
		`{"id":1,"n":1,"s":"x","l":[],"none":[3],"g":{"x":1,"y":"z"},"null":2,"last":false}`,
		`{"id":2,"n":9007199254740993,"s":"a,b","l":[1,2],"none":[],"g":{"x":7,"y":"why"},"null":null,"last":true}`,
		`{"id":3,"n":9007199254740993,"s":"late","l":[1,2],"none":[],"g":{"x":5,"y":"why"},"null":null,"last":true}`,
		`{"id":4,"n":9007199254740993,"s":"a,b","l":[1,2],"none":[],"g":{"x":6,"y":"only"},"null":null,"last":true}`,
		`{"id":5,"n":5,"s":"a,b","l":[9],"none":[],"g":{"x":7,"y":"why"},"null":null,"last":true}`,
	},
}

// NotLacking are records that a default does not help, and why.
var NotLacking = Case{
	Docs: []string{`{"id":1,"n":null}`, `{"n":1}`, `{"id":1,"g":{"y":"z"}}`, `{"id":1,"s":5}`},
	Want: []string{
		`the required field "n" is null or missing`, `the required field "id" is`,
		`the required field "g.x" is null or missing`, `field "s": 5 does not fit a column of type string`,
	},
}

// Parsed are records as a processor has parsed them.
func Parsed(docs []string) []record.Record {
	records := make([]record.Record, len(docs))
	for i, doc := range docs {
		records[i].Value = parse([]byte(doc))
	}
	return records
}

// RequireRefused has every record refused, for its reason.
func RequireRefused(t testing.TB, reasons []string, res encode.Result) {
	t.Helper()
	require.Len(t, res.Refused, len(reasons))
	for i, reason := range reasons {
		require.ErrorContains(t, res.Refused[i].Err, reason)
	}
}
