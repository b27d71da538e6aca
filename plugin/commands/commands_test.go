package commands_test

import (
	"os"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/testutil/awsenv"
	"github.com/s3-destination/s3-destination/plugin/commands"
)

func TestMain(m *testing.M) {
	awsenv.Clear()
	os.Exit(m.Run())
}

// The command line of Benthos has each command, and ends with its exit code.
func TestOptionAddsTheCommandsToBenthos(t *testing.T) {
	exited := -1
	exit := cli.OsExiter
	cli.OsExiter = func(code int) { exited = code }
	t.Cleanup(func() { cli.OsExiter = exit })
	path := t.TempDir() + "/pipeline.yaml"
	require.NoError(t, os.WriteFile(path, []byte("input: {stdin: {}}\noutput: {s3_destination: {bucket: b, region: r, folder: f, file_name: a/b}}\n"), 0o600))
	run := func(args ...string) {
		_, _ = service.RunCLIToCode(t.Context(), commands.Option(), service.CLIOptSetArgs(append([]string{"lander"}, args...)...))
	}
	for _, c := range commands.All() {
		want, args := commandsExit(c, path)
		exited = -1
		run(append([]string{c.Name}, args...)...)
		assert.Equal(t, want, exited, c.Name)
	}
}

// commandsExit is the exit code of a command for a configuration with mistakes, and the
// arguments it is given.
func commandsExit(c *cli.Command, path string) (code int, args []string) {
	switch c.Name {
	case "health":
		return 1, []string{"--url", "http://127.0.0.1:1/ready"}
	case "init":
		return 2, []string{path} // is kept
	case "lint":
		return 1, []string{path}
	case "spool":
		return 2, []string{"inspect", path}
	}
	return 2, []string{path}
}
