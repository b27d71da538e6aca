package docsrun

import (
	"path"
	"strings"
)

// Entry says how a fence or a command is treated that cannot simply be run.
type Entry struct {
	// Page is a pattern of pages (path.Match), empty for all; Lang names the
	// language of fences that are meant as a whole, and Heading what they are below.
	Page, Lang, Heading string
	// Command is what a command begins with, for entries about one command.
	Command string
	// Skip is the reason why it is not run here.
	Skip string
	// Covered is the target of make in .ci/run that runs it instead.
	Covered string
	// Service means that the command runs until it is stopped: it must become
	// ready, and end well after SIGTERM.
	Service bool
	// Beside is a command that runs meanwhile, on the free ports HTTP_ADDRESS
	// and INPUT_ADDRESS: it must become ready, store something, and end well
	// after SIGTERM.
	Beside string
	// Exit is the exit code that the text around it promises.
	Exit int
	// Replace changes the command before it is run: pairs of old and new.
	Replace []string
	// Pipeline names the configuration that pipeline.yaml is for it; see
	// pipelines. Empty means that of README.md.
	Pipeline string
	// Shows means that a json fence of the page is what the command prints, or a
	// statement of it.
	Shows bool
}

// Listed are the exceptions. One that matches nothing fails the check, so that
// the list does not outlive what it is about.
var Listed = []Entry{
	// Images and clusters.
	{Page: "docs/deployment.md", Command: "make image", Covered: "image-check"},
	{Page: "docs/deployment.md", Command: "docker run", Covered: "image-check"},
	{Page: "docs/deployment.md", Command: "kubectl apply", Skip: "needs a cluster; make deploy-check validates the manifests"},

	{
		Page: "docs/deployment.md", Command: "curl --data-binary", Beside: "s3-destination run config/docker.yaml",
		Replace: []string{"localhost:4196", "$INPUT_ADDRESS"},
	},

	// The picture of the dashboard.
	{Page: "docs/operations.md", Command: "go run ./resources/monitoring", Skip: "eight minutes with a Prometheus; make monitoring-check holds dashboard and alerts to the metrics"},
	{Page: "docs/operations.md", Command: "pip install -r resources/monitoring/requirements.txt", Skip: "only for the picture"},
	{Page: "docs/operations.md", Command: "resources/monitoring/draw.py", Skip: "draws what the command before it has measured"},

	// They need what a process that was killed has left.
	{Page: "docs/spool.md", Command: "s3-destination spool", Covered: "test"},

	// They need a pipeline that ends, and what it has stored: directory.txtar,
	// landed.txtar and records.txtar of the command.
	{Page: "docs/operations.md", Command: "s3-destination run --to", Covered: "test"},
	{Page: "docs/operations.md", Command: "s3-destination ls", Covered: "test"},
	{Page: "docs/operations.md", Command: "s3-destination stat", Covered: "test"},
	{Page: "docs/operations.md", Command: "s3-destination head", Covered: "test"},
	{Page: "docs/operations.md", Command: "s3-destination cat", Covered: "test"},

	// A running process, and a terminal: top_test.go of the command.
	{Page: "docs/operations.md", Command: "s3-destination top", Covered: "test"},
	{Page: "docs/operations.md", Command: "make page-check", Skip: "needs a browser, which no gate installs"},

	// A mistake that is made on purpose.
	{Page: "CONTRIBUTING.md", Command: "bin/s3-destination lint mine.yaml", Exit: 1},

	// Of a format with columns.
	{Page: "docs/columns.md", Command: "s3-destination schema", Pipeline: "parquet"},

	// Measurements.
	{Page: "docs/benchmarks.md", Command: "make", Skip: "benchmarks take minutes, on a machine that does nothing else"},
	{Page: "docs/kafka.md", Command: "make chaos CHAOS_ARGS=", Skip: "minutes to hours; make chaos runs the short form"},
	{Page: "docs/kafka.md", Command: "make chaos", Covered: "chaos"},
	{Page: "docs/spool.md", Command: "make chaos CHAOS_ARGS=", Skip: "minutes; make chaos runs a short form of it"},
	{Page: "docs/sizing.md", Command: "SIZE_SECONDS=", Skip: "make test runs it, shorter"},

	// An expression, which a test of docscheck looks for in the code.
	{Page: "CONTRIBUTING.md", Lang: "go", Skip: "a part of internal/config/rolling.go"},

	// All of Redpanda Connect.
	{Page: "docs/dependencies.md", Lang: "go", Covered: "connect-matrix"},

	// In an empty directory: see fiveMinutes.
	{Page: "README.md", Heading: firstSteps, Covered: "docs-run"},

	// A Redpanda Connect, and a terminal for it.
	{Page: "docs/plugin.md", Command: "redpanda-connect run --rpc-plugins", Covered: "connect-matrix"},
	{Page: "docs/plugin.md", Lang: "dockerfile", Skip: "needs the image of Redpanda Connect"},

	// What only a published version has.
	{
		Page: "README.md", Command: "go install github.com/s3-destination/s3-destination/cmd/s3-destination@latest",
		Replace: []string{"github.com/s3-destination/s3-destination/cmd/s3-destination@latest", "./cmd/s3-destination"},
	},

	// Runs until it is stopped.
	{Page: "README.md", Command: "s3-destination run pipeline.yaml", Service: true},

	// Policies of configurations with roles and keys.
	{Page: "docs/access.md", Command: "s3-destination policy --kind bucket --principal 111122223333 pipeline.yaml", Shows: true},
	{Page: "docs/access.md", Command: "s3-destination policy --kind trust --principal", Pipeline: "role", Shows: true},
	{Page: "docs/access.md", Command: "s3-destination policy --kind trust", Pipeline: "role"},
	{Page: "docs/access.md", Command: "s3-destination policy --kind kms", Pipeline: "kms"},
	{Page: "docs/access.md", Command: "s3-destination policy pipeline.yaml", Pipeline: "kms", Shows: true},

	// A configuration with tests in it.
	{Page: "docs/operations.md", Command: "s3-destination test pipeline.yaml", Pipeline: "tests"},

	// Configurations of other programs.
	{Page: "docs/migrating.md", Lang: "properties", Skip: "the configuration of another program"},
	{Page: "docs/migrating.md", Lang: "toml", Skip: "the configuration of another program"},
	{Page: "docs/migrating.md", Lang: "yml", Skip: "the configuration of another program"},

	// Queries, run where the engines are.
	{Page: "docs/reading.md", Lang: "python", Skip: "make reading runs it"},
	{Page: "docs/reading.md", Lang: "sql", Skip: "make reading runs those of DuckDB; those of Athena and Snowflake need these services"},
}

// firstSteps is the heading of what a newcomer does first.
const firstSteps = "Five minutes without a bucket"

// find returns the entry for a command, or for a fence as a whole when the
// command is empty.
func find(f Fence, command string) (entry Entry, index int, ok bool) {
	for i, e := range Listed {
		if e.Page != "" {
			if match, _ := path.Match(e.Page, f.Page); !match {
				continue
			}
		}
		switch {
		case e.Lang != "" && e.Lang != f.Lang:
			continue
		case e.Heading != "" && e.Heading != f.Heading:
			continue
		case e.Command == "" && e.Lang == "" && e.Heading == "":
			continue
		case e.Command != "" && (command == "" || !begins(command, e.Command)):
			continue
		}
		return e, i, true
	}
	return Entry{}, -1, false
}

// begins reports whether a command begins with words.
func begins(command, words string) bool {
	rest, ok := strings.CutPrefix(command, words)
	return ok && (rest == "" || strings.HasPrefix(rest, " ") || strings.HasSuffix(words, "="))
}
