package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noVariable are the fields of the output that config/docker.yaml leaves out.
var noVariable = map[string]string{
	"encryption.bucket_key": "optional, and a variable that is empty is not a bool; the bucket decides",
	"batching.check":        "a query",
	"batching.processors":   "processors",
}

// ownDefault are the fields whose default is another than the output's.
var ownDefault = map[string]any{
	"folder":          "events/date={{YYYY}}-{{MM}}-{{DD}}",
	"file_name":       "{{timestamp}}-{{uuid}}",
	"file_format":     "json+gzip",
	"date_field":      "@received_at",
	"max_age":         "5s",
	"idle_timeout":    "1s",
	"max_file_size":   "64MB",
	"memory_limit":    "256MiB",
	"max_in_flight":   5000,
	"on_bad_record":   "dead_letter",
	"bucket":          "given",
	"batching.period": "",
}

// field is a field of the output as its JSON schema describes it.
type field struct {
	path     string
	schema   fieldSchema
	sample   string // of its variable
	want     any    // in the configuration
	standard any    // default
}

type fieldSchema struct {
	Type       any                    `json:"type"`
	Enum       []string               `json:"enum"`
	Default    any                    `json:"default"`
	AnyOf      []fieldSchema          `json:"anyOf"`
	Properties map[string]fieldSchema `json:"properties"`
}

// first is what a field is, where it is not a variable or a word in other letters.
func (s fieldSchema) first() fieldSchema {
	if len(s.AnyOf) > 0 {
		return s.AnyOf[0]
	}
	return s
}

// outputFields reads every field from the generated schema.
func outputFields(t *testing.T) []field {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "s3_destination.schema.json"))
	require.NoError(t, err)
	var whole fieldSchema
	require.NoError(t, json.Unmarshal(text, &whole))
	var fields []field
	var walk func(prefix string, s fieldSchema)
	walk = func(prefix string, s fieldSchema) {
		for name, f := range s.Properties {
			if group := f.first(); len(group.Properties) > 0 {
				walk(prefix+name+".", group)
			} else if noVariable[prefix+name] == "" {
				fields = append(fields, sampled(prefix+name, f))
			}
		}
	}
	walk("", whole)
	require.Greater(t, len(fields), 80)
	return fields
}

// sampled gives a field a value that is not its default.
func sampled(path string, s fieldSchema) field {
	f := field{path: path, schema: s, standard: s.Default}
	kind, enum := s.first().Type, s.first().Enum
	switch {
	case len(enum) > 0:
		for _, word := range enum {
			if word != fmt.Sprint(s.Default) && word != fmt.Sprint(ownDefault[path]) {
				f.sample, f.want = word, word
			}
		}
	case kind == "boolean":
		f.want = s.Default != true
		f.sample = fmt.Sprint(f.want)
	case kind == "integer":
		f.sample, f.want = "7", 7
	case path == "max_in_flight": // a number, or auto
		f.sample, f.want = "7", "7"
	case kind == "object":
		f.sample, f.want = "a: b, c: 'd e'", map[string]any{"a": "b", "c": "d e"}
	case path == "auth.role_chain":
		f.sample = "{role_arn: r}"
		f.want = []any{map[string]any{"role_arn": "r"}}
	case path == "schema.fields":
		f.sample = "{name: n, type: int64}, {name: m, type: list, items: {type: string}}"
		f.want = []any{
			map[string]any{"name": "n", "type": "int64"},
			map[string]any{"name": "m", "type": "list", "items": map[string]any{"type": "string"}},
		}
	case kind == "array":
		f.sample, f.want = "a, b.c", []any{"a", "b.c"}
	default:
		f.sample = "{{x}}-" + path + ": #1"
		f.want = f.sample
	}
	return f
}

func variable(path string) string {
	return strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// echo is the output's configuration as the binary reads it from
// config/docker.yaml.
func echo(t *testing.T, env ...string) map[string]any {
	t.Helper()
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	cmd := exec.Command(binary, "echo", dockerConfig)
	cmd.Env = env
	text, err := cmd.Output()
	require.NoError(t, err)
	parsed, err := service.NewConfigSpec().Field(service.NewAnyField("output")).ParseYAML(string(text), nil)
	require.NoError(t, err)
	output, err := parsed.FieldAny("output")
	require.NoError(t, err)
	config, ok := at(output.(map[string]any), "s3_destination").(map[string]any)
	require.True(t, ok, "%s", text)
	return config
}

func at(config map[string]any, path string) any {
	var v any = config
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func TestSidecarTakesEveryFieldFromItsVariable(t *testing.T) {
	t.Parallel()
	var env []string
	fields := outputFields(t)
	for _, f := range fields {
		require.NotEmpty(t, f.sample, f.path)
		env = append(env, variable(f.path)+"="+f.sample)
	}
	config := echo(t, env...)
	for _, f := range fields {
		assert.Contains(t, []string{fmt.Sprint(f.want), "!!!SECRET_SCRUBBED!!!"}, fmt.Sprint(at(config, f.path)),
			"config/docker.yaml takes %s from %s=%s", f.path, variable(f.path), f.sample)
	}
}

func TestSidecarHasTheDefaultsOfTheOutput(t *testing.T) {
	t.Parallel()
	config := echo(t, "BUCKET=given")
	for _, f := range outputFields(t) {
		want, own := ownDefault[f.path]
		if !own {
			want = f.standard
		}
		assert.Equal(t, fmt.Sprint(want), fmt.Sprint(at(config, f.path)), "config/docker.yaml has the default of %s", f.path)
	}
}

var anyVariable = regexp.MustCompile(`\$\{([A-Z_]+)[:}]`)

func TestSidecarVariablesAreExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "deployment.md"))
	require.NoError(t, err)
	for path, value := range ownDefault {
		if path == "bucket" || value == "" {
			continue
		}
		assert.Contains(t, string(text), fmt.Sprintf("| `%s` | `%v` |", variable(path), value), "docs/deployment.md gives the default of %s", path)
	}
	config, err := os.ReadFile(dockerConfig)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, f := range outputFields(t) {
		known[variable(f.path)] = true
	}
	for _, m := range anyVariable.FindAllStringSubmatch(string(config), -1) {
		if !known[m[1]] {
			assert.Contains(t, string(text), "`"+m[1]+"`", "docs/deployment.md explains %s", m[1])
		}
	}
}
