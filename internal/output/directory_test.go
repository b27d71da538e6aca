package output

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
)

// A dry run must not write to what belongs to the process that it stands in for.
func TestADirectoryTakesNothingFromTheBucket(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "columns.json")
	const kept = `{"version":1,"datasets":[{"dataset":"d","fields":[{"name":"id","type":"int64"}]}]}`
	require.NoError(t, os.WriteFile(state, []byte(kept), 0o600))
	conf, err := config.ParseValues(map[string]any{
		"bucket": "b", "folder": "in", "file_name": "f-{{chunk_id}}", "file_format": "csv", "on_bad_record": "drop", "idle_timeout": "50ms",
		"auth":   map[string]any{"mode": "assume_role", "role_arn": "arn:aws:iam::111122223333:role/nobody"},
		"schema": map[string]any{"state": state, "dataset": "d"}, "spool": map[string]any{"path": filepath.Join(dir, "spool")},
	})
	require.NoError(t, err)
	require.NoError(t, conf.LandIn(filepath.Join(dir, "out")))
	o, err := New(t.Context(), conf, service.MockResources())
	require.NoError(t, err)
	defer o.Close(t.Context())
	require.NoError(t, o.Connect(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- o.WriteBatch(t.Context(), service.MessageBatch{service.NewMessage([]byte(`{"new":true}`))})
	}()
	require.NoError(t, <-done)
	text, err := os.ReadFile(filepath.Join(dir, "out", "in", "f-00001.csv"))
	require.NoError(t, err)
	assert.Equal(t, "id,new\n,true\n", string(text), "the columns that are known come first")
	text, err = os.ReadFile(state)
	require.NoError(t, err)
	assert.JSONEq(t, kept, string(text))
	assert.NoDirExists(t, filepath.Join(dir, "spool"))
	assert.Equal(t, "directory "+filepath.Join(dir, "out"), o.Unstored().Destination)
}
