package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// errSeen ends a run when its outputs are made.
var errSeen = errors.New("seen")

// deaf is an output that takes the place of ours and stores nothing.
type deaf struct{}

func (deaf) Connect(context.Context) error                          { return nil }
func (deaf) WriteBatch(context.Context, service.MessageBatch) error { return nil }
func (deaf) Close(context.Context) error                            { return nil }

// whatRuns is the binary with an output that prints the configuration which
// Benthos gives to it. It ends when all outputs are made.
func whatRuns() {
	env := service.NewEnvironment()
	err := env.RegisterBatchOutput(config.Name, config.Spec(), func(parsed *service.ParsedConfig, _ *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
		c, err := config.Parse(parsed)
		if err == nil {
			_, _ = fmt.Fprintf(os.Stderr, "RUNS %s\nSTRAIGHT %t\n", understood(c), inflight.Straight())
		}
		return deaf{}, service.BatchPolicy{}, 1, err
	})
	if err != nil {
		panic(err)
	}
	begin := &starting{to: os.Stderr, ending: func(*ending) {}}
	code, err := service.RunCLIToCode(context.Background(),
		service.CLIOptSetEnvironment(env),
		service.CLIOptCustomRunFlags(runFlags, begin.read),
		service.CLIOptOnConfigParse(begin.warn),
		service.CLIOptOnStreamStart(func(*service.RunningStreamSummary) error { return errSeen }),
	)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// understood is what a configuration means: where, under which names, in which
// format, encrypted how, and when objects end.
func understood(c *config.Config) string {
	text, err := json.Marshal(map[string]any{
		"store": c.Store, "size": c.Sized(), "format": c.Format.Name, "type": c.Format.ContentType, "encoding": c.Format.ContentEncoding,
		"prefix": c.Layout.StaticPrefix(), "extension": c.Layout.Extension(), "names": c.Layout.Variables(), "date": c.Layout.DateGranularity(),
		"variables": c.Partition.Variables, "field": c.Partition.DateField, "layout": c.Partition.DateFormat, "zone": c.Partition.Location.String(),
		"bad": c.Chunks.OnBadRecord, "refused": c.Chunks.OnRefusedObject, "check": c.Health, "trust": c.Trust,
	})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// whatStarts tells what runs, and what is said about it.
func whatStarts(t *testing.T, env []string, args ...string) (outputs []string, said string) {
	t.Helper()
	binary, err := exec.LookPath("what-runs")
	require.NoError(t, err)
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), env...)
	out, _ := cmd.CombinedOutput() // it always ends with an error
	for line := range strings.Lines(string(out)) {
		if conf, ok := strings.CutPrefix(line, "RUNS "); ok {
			outputs = append(outputs, strings.TrimSpace(conf))
		}
	}
	slices.Sort(outputs)
	return outputs, string(out)
}

// reads tells what the subcommands see.
func reads(t *testing.T, env []string, q inspect.Request) (outputs []string, mistakes []inspect.Finding) {
	t.Helper()
	q.Lookup = func(name string) (string, bool) {
		for _, e := range slices.Backward(env) {
			if v, ok := strings.CutPrefix(e, name+"="); ok {
				return v, true
			}
		}
		return os.LookupEnv(name)
	}
	r, err := inspect.ReadConfig(q)
	require.NoError(t, err)
	if len(r.Mistakes()) > 0 {
		return nil, r.Mistakes()
	}
	for _, o := range r.Outputs() {
		o.Sizing() // adapts to the input, as run does
		outputs = append(outputs, understood(o.Config()))
	}
	slices.Sort(outputs)
	return outputs, nil
}

// agree compares what runs with what is read.
func agree(t *testing.T, name string, env []string, q inspect.Request, args ...string) {
	t.Helper()
	running, said := whatStarts(t, env, args...)
	read, mistakes := reads(t, env, q)
	if len(mistakes) > 0 {
		assert.Empty(t, running, "%s: what lint refuses does not run", name)
		for _, m := range mistakes {
			assert.Contains(t, said, m.String(), "%s: run says what lint says", name)
		}
		return
	}
	require.NotEmpty(t, running, "%s: what lint accepts runs\n%s", name, said)
	assert.Equal(t, running, read, "%s", name)
}

// TestBatchesOfKafkaAreHandedOverWhole: where nothing stands between input and output,
// and that stays so.
func TestBatchesOfKafkaAreHandedOverWhole(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
http: {enabled: false}
input:
  s3_destination_kafka: {seed_brokers: ['127.0.0.1:1'], topics: [t], consumer_group: g}
output:
  s3_destination: {bucket: b, region: r, folder: f, file_name: 'n-{{uuid}}', file_format: json}
`), 0o600))
	for _, c := range []struct {
		args     []string
		straight bool
	}{
		{[]string{"run", file}, true},
		{[]string{"run", "--watcher", file}, false},
		{[]string{"--watcher", "run", file}, false},
		{[]string{"run", "--set", "output.processors=[{log: {}}]", file}, false},
	} {
		_, said := whatStarts(t, nil, c.args...)
		require.Contains(t, said, fmt.Sprintf("STRAIGHT %t", c.straight), "%s", c.args)
	}
}

var needed = regexp.MustCompile(`\$\{([A-Z_]+)}`)

func TestExamplesAreReadAsTheyRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../config/*.yaml")
	require.NoError(t, err)
	for i, path := range files {
		if strings.HasSuffix(path, "_benthos_test.yaml") || !long.Takes(i, 8) {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		env := []string{"AWS_REGION=eu-west-1"}
		for _, m := range needed.FindAllStringSubmatch(string(text), -1) {
			env = append(env, m[1]+"=given")
		}
		agree(t, path, env, inspect.Request{Main: path, Set: []string{"http.enabled=false"}}, "run", "--set", "http.enabled=false", path)
	}
}

// TestCasesAreReadAsTheyRun takes the configurations of the golden messages:
// what is refused does not run, and the others run as they are read.
func TestCasesAreReadAsTheyRun(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("../../internal/inspect/testdata/mistakes/*.txtar")
	require.NoError(t, err)
	cases := 0
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		for _, f := range archive.Files {
			if filepath.Ext(f.Name) != ".yaml" {
				continue
			}
			if cases++; !long.Takes(cases, 50) {
				continue
			}
			t.Run(f.Name, func(t *testing.T) {
				t.Parallel()
				main := filepath.Join(t.TempDir(), f.Name)
				text := strings.NewReplacer(`\t`, "\t", `\r`, "\r", `\u00a0`, "\u00a0").Replace(string(f.Data))
				require.NoError(t, os.WriteFile(main, []byte(text), 0o600))
				agree(t, f.Name, []string{"SET=env"}, inspect.Request{Main: main, Set: []string{"http.enabled=false"}}, "run", "--set", "http.enabled=false", main)
			})
		}
	}
}

func TestSourcesOfAConfigurationAreReadAsTheyRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive, err := txtar.ParseFile("testdata/sources/sources.txtar")
	require.NoError(t, err)
	at := func(names ...string) []string {
		for i := range names {
			names[i] = filepath.Join(dir, names[i])
		}
		return names
	}
	for _, f := range archive.Files {
		path := filepath.Join(dir, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	quiet := "http.enabled=false"
	main := func(name string) inspect.Request { return inspect.Request{Main: at(name)[0], Set: []string{quiet}} }
	run := func(more ...string) []string { return append([]string{"run", "--set", quiet}, more...) }
	for name, c := range map[string]struct {
		q    inspect.Request
		args []string
		env  []string
	}{
		"text that looks like other types": {main("types.yaml"), run(at("types.yaml")...), nil},
		"aliases of values":                {main("aliases.yaml"), run(at("aliases.yaml")...), nil},
		"variables":                        {main("env.yaml"), run(at("env.yaml")...), []string{"LANDING=by-env", "SIZE=64MB", "NUMBER=012"}},
		"several outputs":                  {main("several.yaml"), run(at("several.yaml")...), nil},
	} {
		agree(t, name, c.env, c.q, c.args...)
	}

	q := main("plain.yaml")
	q.Set = append(q.Set, "output.s3_destination.bucket=0042", "output.s3_destination.variables.team=a.b", "output.s3_destination.include_source_columns=offset", "output.s3_destination.max_age=2m")
	agree(t, "--set", nil, q, run("--set", q.Set[1], "--set", q.Set[2], "--set", q.Set[3], "--set", q.Set[4], at("plain.yaml")[0])...)

	q = main("resource.yaml")
	q.Resources = at("more.yaml")
	agree(t, "-r", nil, q, run("-r", q.Resources[0], at("resource.yaml")[0])...)

	streams := inspect.Request{Main: at("root.yaml")[0], Streams: at("streams"), Set: []string{quiet}}
	agree(t, "streams", nil, streams, "streams", "--set", quiet, "-o", streams.Main, streams.Streams[0])
}
