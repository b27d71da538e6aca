package jsonschema_test

import (
	"bytes"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/jsonschema"
)

const specification = `{
  "config": [{"name": "logger", "type": "object", "children": [{"name": "level", "type": "string", "options": ["OFF", "INFO"], "default": "INFO"}], "is_optional": true}, {"name": "input", "type": "input", "kind": "scalar", "default": null}, {"name": "outputs", "type": "output", "kind": "array", "default": []}],
  "inputs": [{"name": "few", "summary": "A few.", "config": {"type": "object", "kind": "scalar", "children": [
    {"name": "n", "type": "int", "description": "First.\nSecond."},
    {"name": "how", "type": "string", "options": ["fast", "slow+sure"], "linter": "is not a valid option", "default": "fast"},
    {"name": "codec", "type": "string", "annotated_options": [["lines", ""], ["delim:x", ""]], "default": "lines"},
    {"name": "group", "type": "object", "children": [{"name": "a", "type": "int", "default": 1}], "is_optional": true},
    {"name": "names", "type": "string", "kind": "map", "default": {}},
    {"name": "grid", "type": "int", "kind": "2darray", "default": []},
    {"name": "then", "type": "processor", "kind": "array", "is_optional": true}]}}],
  "outputs": [{"name": "out", "config": {"type": "string", "kind": "scalar"}}, {"name": "old", "status": "deprecated", "config": {"type": "unknown"}}],
  "processors": [{"name": "try", "config": {"type": "processor", "kind": "array"}}],
  "metrics": [{"name": "none", "config": {"type": "object"}}]
}`

func compiled(t *testing.T) *validator.Schema {
	t.Helper()
	text, err := jsonschema.OfPipelines([]byte(specification))
	require.NoError(t, err)
	value, err := validator.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := validator.NewCompiler()
	require.NoError(t, c.AddResource("pipeline.json", value))
	s, err := c.Compile("pipeline.json")
	require.NoError(t, err)
	assert.Contains(t, string(text), `"First."`, "what an editor shows at once")
	assert.NotContains(t, string(text), "Second")
	return s
}

func TestWholePipelines(t *testing.T) {
	s := compiled(t)
	for text, right := range map[string]bool{
		`{}`: true,
		`{"input": {"label": "a", "few": {"n": 1, "how": "slow+sure", "names": {"x": 1}, "grid": [[1]], "then": [{"try": [{"try": []}]}]}, "processors": [{"label": "p", "try": []}]}}`: true,
		`{"input": {"few": {"n": "${N:3}", "how": "x${HOW}"}}, "outputs": [{"out": 5}, {"old": [1]}]}`:                                                                                  true,
		`{"input": {"few": {"n": 1, "how": "FAST", "codec": "delim:;"}}, "logger": {"level": "info"}}`:                                                                                  true,
		`{"input": {"few": {"n": "${N|base64decode}", "names": "${A}", "grid": "${B}", "then": "${C:[]}", "group": "${D}"}}}`:                                                           true,
		`{"input": "${IN}", "outputs": "${OUT}"}`: true,
		`{"input": {"type": "few", "meta": {"x": 1}, "few": {"n": 1}}, "outputs": [{"type": "out", "plugin": 5}]}`: true,
		`{"logger": {"level": "verbose"}}`:                       false,
		`{"input": {"type": "fw"}}`:                              false,
		`{"input": {"few": {"n": 1, "how": "slowwsure"}}}`:       false,
		`{"input": {"few": {"n": 1, "names": "x"}}}`:             false,
		`{"input": {"few": {"n": 1, "codec": {}}}}`:              false,
		`{"inputs": {}}`:                                         false,
		`{"input": {"fw": {"n": 1}}}`:                            false,
		`{"input": {"few": {}}}`:                                 false,
		`{"input": {"few": {"n": 1.5}}}`:                         false,
		`{"input": {"few": {"n": 1, "how": "fas"}}}`:             false,
		`{"input": {"few": {"n": 1, "names": ["x"]}}}`:           false,
		`{"input": {"few": {"n": 1, "grid": [1]}}}`:              false,
		`{"input": {"few": {"n": 1, "then": [{"tri": []}]}}}`:    false,
		`{"input": {"few": {"n": 1}, "processors": [{"x": 1}]}}`: false,
		`{"outputs": {"out": 5}}`:                                false,
		`{"outputs": [{"out": {}}]}`:                             false,
		`{"outputs": [{"out": 5, "mapping": "x"}]}`:              false,
	} {
		value, err := validator.UnmarshalJSON(bytes.NewReader([]byte(text)))
		require.NoError(t, err)
		assert.Equal(t, right, s.Validate(value) == nil, text)
	}
	_, err := jsonschema.OfPipelines([]byte("{"))
	assert.ErrorContains(t, err, "reading the specification of all components")
}
