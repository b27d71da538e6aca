package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	ours "github.com/s3-destination/s3-destination/internal/jsonschema"
	"github.com/s3-destination/s3-destination/internal/scaffold"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const schemaFile = "../../docs/reference/pipeline.schema.json"

// pipelineSchema reads the schema as editors do.
func pipelineSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	require.NoError(t, err)
	return s
}

// validate compares a configuration with the schema.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var file yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	asJSON, err := json.Marshal(plainValue(t, file.Content[0]))
	require.NoError(t, err)
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return s.Validate(instance)
}

// plainValue is a node as editors see it: names are text, also that of csv.null.
func plainValue(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		fields := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			fields[n.Content[i].Value] = plainValue(t, n.Content[i+1])
		}
		return fields
	case yaml.SequenceNode:
		items := []any{}
		for _, item := range n.Content {
			items = append(items, plainValue(t, item))
		}
		return items
	default:
		var value any
		require.NoError(t, n.Decode(&value))
		return value
	}
}

func TestTheSchemaOfPipelinesIsThatOfTheProgram(t *testing.T) {
	all, err := service.GlobalEnvironment().FullConfigSchema("", "").MarshalJSONV0()
	require.NoError(t, err)
	want, err := ours.OfPipelines(all)
	require.NoError(t, err)
	kept, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, kept), "docs/reference/pipeline.schema.json is stale: run make docs")
}

// schemaLine tells editors where the schema is.
const schemaLine = "# yaml-language-server: $schema=" + scaffold.SchemaURL + "\n"

// variables are those outside of quotes, with their defaults.
var variables = regexp.MustCompile(`([ \[{])\$\{[A-Z_0-9]+:?([^}]*)\}`)

func TestEveryExampleFitsTheSchemaAndNamesIt(t *testing.T) {
	assert.Contains(t, scaffold.SchemaURL, "/main"+strings.TrimPrefix(schemaFile, "../.."), "the address is that of the file")
	s := pipelineSchema(t)
	examples, err := filepath.Glob("../../config/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, path := range examples {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), schemaLine), "%s: begin it with\n%s", path, schemaLine)
		filled := variables.ReplaceAllString(string(text), "$1$2") // docker.yaml is no YAML before that
		assert.NoError(t, validate(t, s, filled), path)
	}
}

func TestWhatInitWritesFitsTheSchemaAndNamesIt(t *testing.T) {
	s := pipelineSchema(t)
	for i, choices := range everyChoice() {
		if !long.Takes(i, 17) { // which meets every value
			continue
		}
		text, err := choices.Pipeline()
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(text, schemaLine), "%+v", choices)
		require.NoError(t, validate(t, s, text), "%+v", choices)
	}
}

func TestTheSchemaOfPipelinesRefusesWhatIsNotThere(t *testing.T) {
	s := pipelineSchema(t)
	const right = `
input: {label: in, file: {paths: [x], scanner: {s3_destination_records: {}}}, processors: [mapping: root = this]}
pipeline: {processors: [{switch: [{check: 'true', processors: [{log: {message: hm}}]}]}]}
output: {s3_destination: {bucket: b, folder: f, file_format: json, compression_level: '${LEVEL:3}', auth: {mode: default}}}
`
	require.NoError(t, validate(t, s, right))
	for _, text := range []string{
		"input: {file: {paths: '${PATHS}', codec: 'delim:;'}}\noutput: {type: stdout, stdout: {}}\nlogger: {level: debug}\n",
		"pipeline: {processors: [{unarchive: {format: 'csv:|'}}], threads: '${N|base64decode}'}\noutput: {s3_destination: '${OURS}'}\n",
	} {
		require.NoError(t, validate(t, s, text), text)
	}
	for old, misspelt := range map[string]string{
		"bucket: b": "bucket: b, buckets: c", "file_format: json": "file_format: jsn", "mode: default": "mod: default",
		"'${LEVEL:3}'": "high", "s3_destination:": "s3_destinations:", "s3_destination_records": "s3_destination_record",
		"message: hm": "mesage: hm", "label: in": "lable: in", "pipeline: {": "pipelines: {", "check: 'true'": "chek: 'true'",
		"processors: [mapping": "procesors: [mapping", "folder: f, file_format: json": "folder: f",
	} {
		require.Contains(t, right, old)
		assert.Error(t, validate(t, s, strings.Replace(right, old, misspelt, 1)), misspelt)
	}
}
