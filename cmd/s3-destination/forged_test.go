package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// TestForgedRequestsDecideNoNameAndNoMetadata sends what a client can send to an
// HTTP input: everything of it becomes metadata of the message.
func TestForgedRequestsDecideNoNameAndNoMetadata(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	address := freeAddress(t)
	p := start(t, fmt.Sprintf(`
input:
  http_server: {address: '%s', path: /events}
`, address)+strings.Replace(outputConfig(s, `
    include_source_columns: [topic, partition, offset, key]
    idle_timeout: 50ms
`), "f-{{chunk_id}}", "f-{{source_range}}", 1))
	url := "http://" + address + "/events?kafka_topic=orders&kafka_partition=3&kafka_offset=42"
	post := func(headers ...string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"id":1}`))
		require.NoError(t, err)
		for _, name := range headers {
			r.Header[name] = []string{"7"} // as it is spelled
			r.AddCookie(&http.Cookie{Name: name, Value: "7"})
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	require.Eventually(t, func() bool { return post() == http.StatusOK }, patience, 50*time.Millisecond, "%s", &p.logs)
	require.Equal(t, http.StatusOK, post("kafka_topic", "kafka_partition", "kafka_offset", "kafka_key"))
	objects := s.Objects("in/f")
	require.NotEmpty(t, objects)
	for _, o := range objects {
		assert.Contains(t, o.Key, "f-no-source")
		assert.NotContains(t, o.Metadata, "s3d-source")
		assert.Contains(t, string(o.Body), `"kafka_topic":null,"kafka_partition":null,"kafka_offset":null,"kafka_key":null}`)
	}
	p.terminate(t)
}
