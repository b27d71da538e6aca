// Package host is a Redpanda Connect without our output, which loads it as a dynamic
// plugin. It is the command line of Benthos with the flag --rpc-plugins, whose work the
// same code does as in the command redpanda-connect. That command needs modules which are
// not served everywhere.
package host

import (
	"context"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/redpanda-data/connect/v4/public/plugin/go/rpcnloader"
	"github.com/urfave/cli/v2"
)

// Main runs the command line, in a program that imports components of Redpanda Connect.
func Main() {
	const flag = "rpc-plugins"
	service.RunCLI(context.Background(), service.CLIOptCustomRunFlags(
		[]cli.Flag{&cli.StringSliceFlag{Name: flag, Usage: "manifests of plugins"}},
		func(c *cli.Context) error {
			err := rpcnloader.DiscoverAndRegisterPlugins(service.OSFS(), service.GlobalEnvironment(), c.StringSlice(flag))
			if err != nil {
				return fmt.Errorf("loading the plugins: %w", err)
			}
			return nil
		},
	))
}
