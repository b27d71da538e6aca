package commands_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program around the output alone links nothing of the subcommands.
func TestTheOutputAloneLinksNoCommands(t *testing.T) {
	packages := func(of string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/s3-destination/s3-destination/"+of).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	for _, name := range []string{"s3-destination/internal/commands", "s3-destination/internal/inspect", "parquet-go/parquet-go"} {
		assert.NotContains(t, packages("plugin"), name)
		assert.NotContains(t, packages("plugin/kafka"), name)
		assert.Contains(t, packages("plugin/commands"), name)
	}
	for _, name := range []string{"redpanda-data/connect", "twmb/franz-go"} {
		assert.NotContains(t, packages("plugin/commands"), name, "subcommands need no more than Benthos")
	}
}
