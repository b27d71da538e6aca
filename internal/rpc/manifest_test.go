package rpc_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/rpc"
	_ "github.com/s3-destination/s3-destination/plugin"
)

func TestTheManifestHasEverySettingAndItsDefault(t *testing.T) {
	m, err := rpc.ManifestOf("s3_destination", []string{"./it", "rpc"}, map[string]string{"on_bad_record": "It must be given."})
	require.NoError(t, err)
	text, err := m.YAML()
	require.NoError(t, err)
	var read struct {
		Name, Type string
		Command    []string
		Fields     []map[string]any
	}
	require.NoError(t, yaml.Unmarshal(text, &read))
	assert.Equal(t, []string{"./it", "rpc"}, read.Command)
	assert.Equal(t, "output", read.Type)
	fields := map[string]map[string]any{}
	for _, f := range read.Fields {
		fields[f["name"].(string)] = f
		assert.NotEmpty(t, f["description"], f["name"])
	}
	assert.NotContains(t, fields["bucket"], "default", "must be given")
	assert.NotContains(t, fields["on_bad_record"], "default", "so must this in a plugin")
	assert.Contains(t, fields["on_bad_record"]["description"], "It must be given.")
	assert.Equal(t, map[string]any{}, fields["auth"]["default"], "has settings of its own")
	assert.Equal(t, "128 MB", fields["max_file_size"]["default"])
	assert.Equal(t, []any{"int", 5}, []any{fields["compression_level"]["type"], fields["compression_level"]["default"]})
	assert.Equal(t, "list", fields["include_source_columns"]["kind"])
	assert.Equal(t, "map", fields["variables"]["kind"])

	written := m.Written(map[string]any{
		"bucket": "b", "compression_level": int64(5), "max_file_size": "1 MB", "auth": map[string]any{}, "include_source_columns": []any{},
		"variables": map[string]any{"a": "b"}, "unknown": 1,
	})
	assert.Equal(t, map[string]any{
		"bucket": "b", "max_file_size": "1 MB", "variables": map[string]any{"a": "b"}, "unknown": 1,
	}, written)
	_, err = rpc.ManifestOf("none", nil, nil)
	assert.ErrorContains(t, err, "no output is registered as none")
}
