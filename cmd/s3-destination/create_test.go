package main

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inspect"
)

// Benthos' command create writes all settings of a component with their defaults.
func TestWhatCreateWritesLintsClean(t *testing.T) {
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	for _, args := range [][]string{
		{"stdin//s3_destination"},
		{"--small", "stdin//s3_destination"},
		{"s3_destination_kafka//s3_destination"},
		{"--small", "s3_destination_kafka//s3_destination"},
	} {
		text, err := exec.CommandContext(t.Context(), binary, append([]string{"create"}, args...)...).Output()
		require.NoError(t, err)
		r, err := inspect.ReadText("created.yaml", string(text))
		require.NoError(t, err)
		assert.Empty(t, r.Findings, "%v\n%s", args, text)
		assert.Len(t, r.Outputs(), 1)
	}
}
