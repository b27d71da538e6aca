package main

import (
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/health"
)

// healthCommand asks the running process whether it is ready, for images that
// have no shell and no HTTP client.
func healthCommand() *cli.Command {
	return &cli.Command{
		Name:  "health",
		Usage: "Ask the process on this host whether it is ready (for a container's HEALTHCHECK)",
		Description: "Requests /ready of the running process. The exit code is 0 when it is ready to take records " +
			"and 1 when it is not, or does not answer.",
		Flags: []cli.Flag{
			&cli.StringFlag{
				Name: "url", Value: "http://127.0.0.1:4195/ready", EnvVars: []string{"S3_DESTINATION_READY_URL"},
				Usage: "what to request: http.address of the configuration, and /ready",
			},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Second, Usage: "how long to wait for the answer"},
		},
		Action: func(c *cli.Context) error {
			if err := health.AskReady(c.Context, &http.Client{Timeout: c.Duration("timeout")}, c.String("url")); err != nil {
				return cli.Exit(err.Error(), 1)
			}
			return nil
		},
	}
}
