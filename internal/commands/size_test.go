package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	_ "github.com/redpanda-data/benthos/v4/public/components/io" // the input stdin

	"github.com/s3-destination/s3-destination/internal/config"
)

func TestMain(m *testing.M) {
	if err := errors.Join(config.RegisterLint(), service.RegisterBatchOutput(config.Name, config.Spec(), nil)); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// sized runs size on a configuration, and returns what it says of the cores.
func sized(t *testing.T, args ...string) (level, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	require.NoError(t, os.WriteFile(path, []byte("input: {stdin: {}}\noutput: {s3_destination: {bucket: b, region: eu-west-1, file_format: json}}\n"), 0o600))
	var out bytes.Buffer
	app := &cli.App{Commands: []*cli.Command{ofConfig(sizeCommand(&out))}, ExitErrHandler: func(*cli.Context, error) {}}
	err := app.Run(append(append([]string{"s3-destination", "size", "--json"}, args...), path))
	var report struct {
		Findings []struct {
			Level, Setting, Text string
		}
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report), "%v %s", err, &out)
	for _, f := range report.Findings {
		if f.Setting == "replicas" {
			return f.Level, f.Text
		}
	}
	return "", ""
}

// Two cores are a guess when nobody has said how many there are, and then far too few of
// them are no mistake. Whoever has said two means two.
func TestCoresThatAreSaidAreNoGuess(t *testing.T) {
	level, text := sized(t, "--rate", "1e9")
	assert.Equal(t, "advice", level)
	assert.Contains(t, text, "2 are assumed (--cores says how many each process has)")
	level, text = sized(t, "--rate", "1e9", "--cores", "2")
	assert.Equal(t, "warning", level)
	assert.Contains(t, text, "there are 2, so that records come faster than they are stored")
	level, _ = sized(t, "--rate", "10", "--cores", "2")
	assert.Empty(t, level)
}
