package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mistakesOf are those of declared columns.
func mistakesOf(t *testing.T, fields string) []string {
	t.Helper()
	found, _ := problems(t, "file_format: parquet\nschema: {mode: fixed, fields: ["+fields+"]}\n")
	return found
}

// Who pastes a schema of parquet_encode is told the type of each column.
func TestTypesOfParquetEncodeAreTranslated(t *testing.T) {
	for theirs, ours := range map[string]string{
		"BOOLEAN": "bool", "INT32": "int32", "INT64": "int64", "FLOAT": "float", "DOUBLE": "double", "BYTE_ARRAY": "bytes",
		"UTF8": "string", "TIMESTAMP": "timestamp", "BSON": "bytes", "ENUM": "string", "JSON": "json", "UUID": "uuid",
	} {
		found := mistakesOf(t, fmt.Sprintf("{name: a, type: %s}", theirs))
		require.Len(t, found, 1, theirs)
		assert.Contains(t, found[0], fmt.Sprintf("schema.fields[0].type: %q is no type of columns: write %s, ", theirs, ours))
		assert.Empty(t, mistakesOf(t, fmt.Sprintf("{name: a, type: %s}", ours)), theirs)
	}
}

// A column that cannot be read does not hide what is wrong with the others, nor
// move their places.
func TestColumnsThatCannotBeReadKeepTheirPlaces(t *testing.T) {
	found := mistakesOf(t, "id, {name: e, type: UTF8, repeated: true}, {name: f, fields: [{name: g, type: timestamp}]}, {name: h, type: BOOLEAN}")
	require.Len(t, found, 5)
	for i, want := range []string{
		"schema.fields[0]: it is no column",
		"schema.fields[1].repeated: a column of several values has the type list: write type: list and items",
		`schema.fields[1].type: "UTF8"`,
		"schema.fields[2].type: it is missing: write group",
		`schema.fields[3].type: "BOOLEAN"`,
	} {
		assert.True(t, strings.HasPrefix(found[i], want), "%s: %s", want, found[i])
	}
}
