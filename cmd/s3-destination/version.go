package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
)

// versions is what the program is made of.
type versions struct {
	Version string `json:"version"`
	Date    string `json:"date"`
	Go      string `json:"go"`
	Benthos string `json:"benthos,omitempty"`
	Connect string `json:"connect,omitempty"`
}

// versionCommand tells the version, as --version does, and those of what matters most
// inside.
func versionCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "Print the version, and those of Benthos and Redpanda Connect inside",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print them as JSON"}},
		Action: func(c *cli.Context) error {
			v := versions{Version: version, Date: date, Go: runtime.Version()}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, m := range info.Deps {
					switch m.Path {
					case "github.com/redpanda-data/benthos/v4":
						v.Benthos = m.Version
					case "github.com/redpanda-data/connect/v4":
						v.Connect = m.Version
					}
				}
			}
			var err error
			if c.Bool("json") {
				err = json.NewEncoder(out).Encode(v)
			} else {
				_, err = fmt.Fprintf(out, "Version: %s\nDate: %s\nGo: %s\nBenthos: %s\nRedpanda Connect: %s\n", v.Version, v.Date, v.Go, v.Benthos, v.Connect)
			}
			if err != nil {
				return cli.Exit(fmt.Sprintf("printing the version: %v", err), commands.ExitUsage)
			}
			return nil
		},
	}
}
