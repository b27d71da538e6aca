package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/parquet-go/parquet-go"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// example runs a file of config/ as it is, except for where S3 is and for how
// long records wait.
func example(t *testing.T, w *world, name string, stores map[string]*s3test.Server, env ...string) *consumer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", name))
	require.NoError(t, err)
	config := regexp.MustCompile(`(?m)^( +)bucket: \$\{(\w+):.*$`).ReplaceAllStringFunc(string(text), func(line string) string {
		m := regexp.MustCompile(`^( +)bucket: \$\{(\w+):`).FindStringSubmatch(line)
		s := stores[m[2]]
		require.NotNil(t, s, m[2])
		settings := []string{
			"bucket: " + s.Bucket, "endpoint: " + s.URL, "force_path_style_urls: true",
		}
		return m[1] + strings.Join(settings, "\n"+m[1])
	})
	config = regexp.MustCompile(`max_age: \w+`).ReplaceAllString(config, "max_age: 1s")
	config = regexp.MustCompile(`max_elapsed_time: \w+`).ReplaceAllString(config, "max_elapsed_time: 1s")
	config = strings.ReplaceAll(config, "0.0.0.0:4195", "127.0.0.1:0")
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	c, err := spawn(t.Context(), w.binary, path, append([]string{
		"KAFKA_BROKERS=" + strings.Join(w.kafka.Seeds, ","), "KAFKA_TOPIC=" + topic, "KAFKA_GROUP=" + group,
		"AWS_ACCESS_KEY_ID=" + w.s3.AccessKey, "AWS_SECRET_ACCESS_KEY=" + w.s3.SecretKey,
	}, env...), nil)
	require.NoError(t, err)
	t.Cleanup(c.kill)
	return c
}

// feedLines produces JSON to partitions by turns.
func feedLines(t *testing.T, w *world, lines ...string) {
	t.Helper()
	for i, l := range lines {
		require.NoError(t, w.kafka.Produce(t.Context(), &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: []byte(l)}))
	}
}

func finishExample(t *testing.T, w *world, c *consumer) {
	t.Helper()
	require.NoError(t, w.caughtUp(t.Context(), 30*time.Second), c.logged())
	_, err := c.terminate()
	require.NoError(t, err, c.logged())
}

func TestExampleParquet(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	c := example(t, w, "kafka-parquet.yaml", map[string]*s3test.Server{"BUCKET": w.s3})
	feedLines(t, w,
		`{"order_id":1,"customer_id":"a","ordered_at":"2026-07-01T10:00:00Z","amount":12.50,"tags":["x"]}`,
		`{"order_id":2,"customer_id":"b","ordered_at":"2026-07-02T10:00:00Z","new":true}`,
		`{"order_id":"three","customer_id":"b","ordered_at":"2026-07-02T10:00:00Z"}`)
	finishExample(t, w, c)
	found := map[string]int64{}
	for _, o := range w.s3.Objects("orders/date=") {
		f, err := parquet.OpenFile(bytes.NewReader(o.Body), int64(len(o.Body)))
		require.NoError(t, err, o.Key)
		found[o.Key[:len("orders/date=2026-07-01")]] += f.NumRows()
		assert.Equal(t, "order_id", f.Schema().Fields()[0].Name())
		assert.Len(t, f.Schema().Fields(), 9)
		assert.Equal(t, "kafka_offset", f.Schema().Fields()[7].Name())
	}
	assert.Equal(t, map[string]int64{"orders/date=2026-07-01": 1, "orders/date=2026-07-02": 1}, found)
	letters := w.s3.Objects("orders/_dead_letters/")
	require.Len(t, letters, 1)
	assert.Contains(t, string(letters[0].Body), `"kafka_partition":2`)
}

func TestExampleFallbackBucketTakesWhatThePartnerRefuses(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	partner, second := s3test.StartT(t, s3test.Config{}), s3test.StartT(t, s3test.Config{})
	partner.Faults.Deny("PutObject")
	c := example(t, w, "kafka-fallback-bucket.yaml",
		map[string]*s3test.Server{"BUCKET": w.s3, "PARTNER_BUCKET": partner, "FALLBACK_BUCKET": second})
	feedLines(t, w, `{"id":1,"created_at":"2026-07-01"}`, `{"id":2,"created_at":"2026-07-01"}`)
	require.NoError(t, w.caughtUp(t.Context(), 30*time.Second), c.logged())
	assert.Equal(t, 2, gzipLines(t, second, "undelivered/partner/date=2026-07-01/"))
	partner.Faults.Clear()
	feedLines(t, w, `{"id":3,"created_at":"2026-07-02"}`)
	finishExample(t, w, c)
	assert.Equal(t, 1, gzipLines(t, partner, "from-us/events/date=2026-07-02/"))
	assert.Equal(t, 2, gzipLines(t, second, "undelivered/"))
	assert.Equal(t, 3, gzipLines(t, w.s3, "events/date="))
}

func TestExampleJSON(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	w := place(t)
	c := example(t, w, "kafka-json-gzip.yaml", map[string]*s3test.Server{"BUCKET": w.s3})
	feedLines(t, w, `{"id":1,"email":"a@example.com","created_at":"2026-07-01"}`, `{"id":2}`)
	finishExample(t, w, c)
	assert.Equal(t, 1, gzipLines(t, w.s3, "events/date=2026-07-01/"))
	assert.Len(t, w.s3.Objects("events/_dead_letters/"), 1)
}

func gzipLines(t *testing.T, s *s3test.Server, prefix string) int {
	t.Helper()
	n := 0
	for _, o := range s.Objects(prefix) {
		r, err := gzip.NewReader(bytes.NewReader(o.Body))
		require.NoError(t, err, o.Key)
		text, err := io.ReadAll(r)
		require.NoError(t, err, o.Key)
		n += bytes.Count(text, []byte("\n"))
	}
	return n
}
