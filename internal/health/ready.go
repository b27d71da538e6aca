package health

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// AskReady asks a running process whether it is ready, for the health check of
// a container without a shell. url is that of its readiness endpoint, such as
// http://127.0.0.1:4195/ready. Any answer but a success is an error that holds
// what it said.
func AskReady(ctx context.Context, client *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("asking whether the process is ready: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // the status says enough
	return fmt.Errorf("%s answers %s: %s", url, resp.Status, strings.TrimSpace(string(said)))
}
