package plugin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestWrappersStoreNothingTwice puts a bad record into components that send a
// batch again as a whole until none of its records fails.
func TestWrappersStoreNothingTwice(t *testing.T) {
	inside := func(wrapper string) func(conf string) string {
		return func(conf string) string {
			indent := wrapper[strings.LastIndex(wrapper, "\n")+1:]
			return wrapper + strings.ReplaceAll(strings.TrimSpace(conf), "\n", "\n"+strings.Repeat(" ", len(indent)))
		}
	}
	parsed := "generate: {count: 100, interval: '', batch_size: 20, mapping: 'root = if counter() == 7 { \"{\" } else { {\"id\": counter()} }'}"
	bytes := "generate: {count: 100, interval: '', batch_size: 20, mapping: 'root = if counter() == 7 { \"{\" } else { {\"id\": counter()}.format_json() }'}"
	for name, c := range map[string]struct {
		input string
		wrap  func(conf string) string
	}{
		"retry":                       {parsed, inside("retry:\n  backoff: {initial_interval: 10ms, max_interval: 50ms}\n  output:\n    ")},
		"retry, of bytes":             {bytes, inside("retry:\n  backoff: {initial_interval: 10ms, max_interval: 50ms}\n  output:\n    ")},
		"broker, fan_out":             {parsed, inside("broker:\n  outputs:\n    - drop: {}\n    - ")},
		"broker, fan_out_sequential":  {parsed, inside("broker:\n  pattern: fan_out_sequential\n  outputs:\n    - drop: {}\n    - ")},
		"switch, retry_until_success": {parsed, inside("switch:\n  retry_until_success: true\n  cases:\n    - check: 'false'\n      output: {drop: {}}\n    - output:\n        ")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s3test.StartT(t, s3test.Config{})
			stream, logs := build(t, c.input, c.wrap(outputYAML(s, jsonLines+"idle_timeout: 100ms\n")))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = stream.Run(ctx)
			}()
			const refused = "A record cannot be stored"
			again := func() bool { return strings.Contains(logs.String(), "sent again as a whole") }
			assert.Eventually(t, again, patience, 20*time.Millisecond, "%s", logs)
			time.Sleep(1500 * time.Millisecond) // some more times
			cancel()
			<-done
			assert.Equal(t, 1, strings.Count(logs.String(), refused), logs)
			found := ids(t, s, "in/f")
			assert.GreaterOrEqual(t, len(found), 19, "the neighbours of the bad record")
			for id, n := range found {
				assert.Equal(t, 1, n, "record %d", id)
			}
		})
	}
}
