package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/jsonschema"
)

func TestPagesAreComplete(t *testing.T) {
	s, err := registered(config.Name)
	require.NoError(t, err)
	page := string(pageOf(s))
	fields := 0
	walk("", s.Config.Children, false, func(path string, _ field, _ bool) {
		fields++
		assert.Contains(t, page, "### `"+path+"`\n")
	})
	assert.Greater(t, fields, 50)
	assert.Contains(t, page, "| [`bucket`](#bucket) | string |  | **required** |")
	assert.Contains(t, page, "| [`auth.secret_access_key`](#authsecret_access_key) | string | `\"\"` | secret |")
}

func TestPagesAreDeterministic(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	require.NoError(t, run(first))
	require.NoError(t, run(second))
	for _, name := range []string{"s3_destination.md", "s3_destination.schema.json"} {
		a, err := os.ReadFile(filepath.Join(first, name))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(second, name))
		require.NoError(t, err)
		assert.Equal(t, string(a), string(b), name)
	}
}

func TestSchemaDescribesEveryField(t *testing.T) {
	s, err := registered(config.Name)
	require.NoError(t, err)
	text, err := jsonschema.Of(&s)
	require.NoError(t, err)
	var schema struct {
		Properties map[string]struct {
			AnyOf []map[string]any `json:"anyOf"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	assert.Len(t, schema.Properties, len(s.Config.Children))
	assert.Equal(t, []string{"bucket", "file_format"}, schema.Required)
	assert.Equal(t, "object", schema.Properties["variables"].AnyOf[0]["type"])
	assert.Contains(t, schema.Properties["auth"].AnyOf[0]["properties"], "secret_access_key")
}
