package docscheck

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	_ "github.com/s3-destination/s3-destination/plugin"
)

// elsewhere are names on the side of "here" that are no settings of
// s3_destination: of the framework, its inputs and processors, and values.
var elsewhere = strings.Fields(`topics consumer_group kafka aws_kinesis http_server broker schema_registry_decode
	batching json csv json+gzip csv+gzip sse-kms parquet avro AWS_PROFILE HTTPS_PROXY`)

// ofColumns are the names in a declared column, and its types.
var ofColumns = strings.Fields("type items fields optional unit precision scale base64 int64 double uuid")

var (
	span       = regexp.MustCompile("`([^`]+)`")
	identifier = regexp.MustCompile(`^[A-Za-z_+.-][A-Za-z0-9_+.-]*`)
	key        = regexp.MustCompile(`(?:^|[ {])([a-z_]+)(?::|, |\}|$)`)
)

// TestSettingsNamedForMigrationExist looks at the second column of the tables
// of docs/migrating.md: what to set here instead.
func TestSettingsNamedForMigrationExist(t *testing.T) {
	known := fields(t)
	for _, name := range append(elsewhere, ofColumns...) {
		known[name] = true
	}
	checked, settings, before := 0, false, ""
	for line := range strings.Lines(read(t, "docs/migrating.md")) {
		columns := strings.Split(line, " | ")
		if !strings.HasPrefix(before, "|") {
			settings = len(columns) > 1 && columns[1] == "here" // the head of a table
		}
		before = line
		if !settings || !strings.HasPrefix(line, "| ") || len(columns) < 3 || columns[1] == "here" {
			continue
		}
		for _, m := range span.FindAllStringSubmatch(columns[1], -1) {
			name := identifier.FindString(m[1])
			if name == "" || strings.ContainsAny(m[1][:1], "{$@'+") {
				continue // a placeholder, an expression, an extension
			}
			checked++
			assert.True(t, known[name], "docs/migrating.md: there is no setting %s: %s", name, strings.TrimSpace(line))
			_, inner, nested := strings.Cut(m[1], "{")
			if !nested || strings.Contains(inner, "{") {
				continue
			}
			for _, k := range key.FindAllStringSubmatch(inner, -1) {
				assert.True(t, known[name+"."+k[1]] || known[k[1]] || isValue(m[1], k[1]), "docs/migrating.md: %s has no %s", name, k[1])
			}
		}
	}
	assert.Greater(t, checked, 95)
}

// isValue reports whether a word stands behind a colon.
func isValue(text, word string) bool { return strings.Contains(text, ": "+word) }

// fields are the paths of all settings.
func fields(t *testing.T) map[string]bool {
	t.Helper()
	view, ok := service.GlobalEnvironment().GetOutputConfig(config.Name)
	require.True(t, ok)
	text, err := view.FormatJSON()
	require.NoError(t, err)
	type field struct {
		Name     string          `json:"name"`
		Children json.RawMessage `json:"children"`
	}
	var spec struct {
		Config field `json:"config"`
	}
	require.NoError(t, json.Unmarshal(text, &spec))
	known := map[string]bool{}
	var walk func(prefix string, children json.RawMessage)
	walk = func(prefix string, children json.RawMessage) {
		var list []field
		if len(children) == 0 || json.Unmarshal(children, &list) != nil {
			return
		}
		for _, f := range list {
			known[prefix+f.Name] = true
			walk(prefix+f.Name+".", f.Children)
		}
	}
	walk("", spec.Config.Children)
	require.Greater(t, len(known), 80)
	return known
}
