package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
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
			if err := askReady(c.Context, c.String("url"), c.Duration("timeout")); err != nil {
				return cli.Exit(err.Error(), 1)
			}
			return nil
		},
	}
}

func askReady(ctx context.Context, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		const enough = 4 << 10
		text, _ := io.ReadAll(io.LimitReader(res.Body, enough))
		return fmt.Errorf("not ready: %s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
