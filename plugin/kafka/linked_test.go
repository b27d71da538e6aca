package kafka_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program around the output alone links no Kafka client; one that wants the
// input imports this package.
func TestTheOutputAloneLinksNoKafkaClient(t *testing.T) {
	packages := func(of string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/s3-destination/s3-destination/"+of).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	const client = "twmb/franz-go"
	assert.NotContains(t, packages("plugin"), client)
	assert.NotContains(t, strings.ToLower(packages("plugin")), "sarama")
	assert.Contains(t, packages("plugin/kafka"), client)
}
