package commands_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	_ "github.com/s3-destination/s3-destination/plugin"
	"github.com/s3-destination/s3-destination/plugin/commands"
)

const pipeline = `
input: {stdin: {}}
output:
  s3_destination:
    bucket: my-bucket
    region: eu-west-1
    folder: '{{country}}'
    file_name: 'part-{{chunk_id}}'
    file_format: json
    variables: {country: '${! json("country") }'}
`

// The subcommands in a command line of a program's own.
func ExampleAll() {
	dir, err := os.MkdirTemp("", "")
	must(err)
	defer func() { _ = os.RemoveAll(dir) }()
	config, records := filepath.Join(dir, "pipeline.yaml"), filepath.Join(dir, "records.jsonl")
	must(os.WriteFile(config, []byte(pipeline), 0o600))
	must(os.WriteFile(records, []byte(`{"id":1,"country":"de"}`+"\n"), 0o600))
	os.Stdin, err = os.Open(records)
	must(err)

	app := cli.App{Name: "lander", Commands: commands.All()}
	must(app.Run([]string{"lander", "lint", config}))
	must(app.Run([]string{"lander", "preview", config}))
	// Output:
	// de/part-00001.json
}

// The subcommands beside those of Benthos.
func ExampleOption() {
	dir, err := os.MkdirTemp("", "")
	must(err)
	defer func() { _ = os.RemoveAll(dir) }()
	config := filepath.Join(dir, "pipeline.yaml")
	must(os.WriteFile(config, []byte(pipeline), 0o600))

	os.Args = []string{"lander", "lint", config}
	code, err := service.RunCLIToCode(context.Background(), commands.Option())
	must(err)
	fmt.Println("exit code", code)
	// Output:
	// exit code 0
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
