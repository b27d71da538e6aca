package validate

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sized is what `s3-destination size` says of a pipeline under a load.
type sized struct {
	Memory struct {
		Container float64 `json:"container_bytes"`
	}
	Findings []any
}

// size runs the binary that S3_DESTINATION names; resources/ci/deploy.sh sets it.
func size(t *testing.T, env []string, args ...string) sized {
	t.Helper()
	binary := os.Getenv("S3_DESTINATION")
	if binary == "" {
		t.Skip("S3_DESTINATION does not name a binary: run make deploy-check")
	}
	cmd := exec.Command(binary, append([]string{"size", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.Output()
	require.NoError(t, err, "%s", text)
	var s sized
	require.NoError(t, json.Unmarshal(text, &s))
	require.Positive(t, s.Memory.Container)
	return s
}

func TestConsumersStandTheLoadThatTheyAreMadeFor(t *testing.T) {
	// All of the topic on one replica, when the others are gone.
	s := size(t, nil, "--rate", "6000", "--row-bytes", "1000", "--kafka-partitions", "12", "../consumers/pipeline.yaml")
	resources := ours(t, load(t, "../consumers")).Resources
	assert.LessOrEqual(t, int64(s.Memory.Container), resources.Limits.Memory().Value())
	assert.Empty(t, s.Findings)
}

func TestSidecarStandsTheLoadThatItIsMadeFor(t *testing.T) {
	m := load(t, "../sidecar")
	var env []string
	for name, value := range configMap(t, m, "s3-destination-settings").Data {
		env = append(env, name+"="+value)
	}
	// A record in each request.
	s := size(t, env, "--rate", "800", "--row-bytes", "1000", "--batch-rows", "1", "../../../config/docker.yaml")
	resources := ours(t, m).Resources
	assert.LessOrEqual(t, int64(s.Memory.Container), resources.Limits.Memory().Value())
}
