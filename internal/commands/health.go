package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/health"
)

// healthCommand asks the running process whether it is ready, for images that
// have no shell and no HTTP client.
func healthCommand(out io.Writer) *cli.Command {
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
			&cli.BoolFlag{Name: "json", Usage: "print the answer as JSON, on standard output"},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Second, Usage: "how long to wait for the answer"},
		},
		Action: func(c *cli.Context) error {
			err := health.AskReady(c.Context, &http.Client{Timeout: c.Duration("timeout")}, c.String("url"))
			if c.Bool("json") {
				answer := struct {
					Ready bool   `json:"ready"`
					URL   string `json:"url"`
					Why   string `json:"why,omitempty"`
				}{Ready: err == nil, URL: c.String("url")}
				if err != nil {
					answer.Why = err.Error()
				}
				if err := json.NewEncoder(out).Encode(answer); err != nil {
					return cli.Exit(fmt.Sprintf("printing the answer: %v", err), exitUsage)
				}
			}
			if err != nil {
				return cli.Exit(err.Error(), exitNo)
			}
			return nil
		},
	}
}
