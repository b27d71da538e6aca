//go:build !nokafka

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// These tests run the pipelines of resources/kubernetes and resources/compose,
// as they are, against servers of the test.

func deployed(path ...string) string {
	return filepath.Join(append([]string{"..", "..", "resources"}, path...)...)
}

// settings are the variables of a deployment, with those of the test instead.
func settings(t *testing.T, path string, own map[string]string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			all[name] = value
		}
	}
	for name := range own {
		if strings.HasPrefix(name, "AWS_") || name == "HTTP_ADDRESS" {
			continue
		}
		assert.Contains(t, all, name, "%s sets it", path)
	}
	maps.Copy(all, own)
	var env []string
	for name, value := range all {
		env = append(env, name+"="+value)
	}
	return env
}

func keysOf(s *s3test.Server) map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": s.AccessKey, "AWS_SECRET_ACCESS_KEY": s.SecretKey}
}

func TestKubernetesConsumersShareATopicAndStopCleanly(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	const partitions, records = 12, 6000
	s, kafka := s3test.StartT(t, s3test.Config{}), kafkatest.StartT(t)
	require.NoError(t, kafka.CreateTopic(t.Context(), "events", partitions))
	own := keysOf(s)
	own["KAFKA_BROKERS"], own["BUCKET"] = kafka.Seeds[0], s.Bucket
	env := settings(t, deployed("kubernetes", "consumers", "settings.env"), own)
	join := func(pod string) *process {
		address := freeAddress(t)
		flags := []string{
			"--set", "http.address=" + address,
			"--set", "output.s3_destination.endpoint=" + s.URL, "--set", "output.s3_destination.force_path_style_urls=true",
		}
		own := append(slices.Clone(env), "KAFKA_INSTANCE_ID="+pod)
		return startFile(t, address, deployed("kubernetes", "consumers", "pipeline.yaml"), flags, own...)
	}
	replicas := []*process{join("s3-destination-0"), join("s3-destination-1")}
	for _, r := range replicas {
		r.waitReady(t)
	}
	require.Eventually(t, func() bool {
		n, stable, err := kafka.Members(t.Context(), "s3-destination")
		return err == nil && n == 2 && stable
	}, patience, 100*time.Millisecond)

	var ids []string
	produce := func(from, to int) {
		var batch []*kgo.Record
		for i := from; i < to; i++ {
			ids = append(ids, strconv.Itoa(i))
			batch = append(batch, &kgo.Record{
				Topic: "events", Partition: int32(i % partitions),
				Value: fmt.Appendf(nil, `{"id":%d,"created_at":"2026-07-0%dT00:00:00Z"}`, i, 1+i%3),
			})
		}
		require.NoError(t, kafka.Produce(t.Context(), batch...))
	}
	produce(0, records/2)
	require.Eventually(t, func() bool {
		return replicas[0].gauge("s3_destination_waiting_batches") > 0 && replicas[1].gauge("s3_destination_waiting_batches") > 0
	}, patience, 50*time.Millisecond, "both have partitions")
	replicas[0].terminate(t)
	replicas[0] = join("s3-destination-0")
	produce(records/2, records)
	require.Eventually(t, func() bool { return len(landed(t, s, "events/date=2026-07-0")) == records }, patience, 200*time.Millisecond)
	for _, r := range replicas {
		r.terminate(t)
	}
	assert.Equal(t, once(ids...), landed(t, s, "events/date=2026-07-0"), "neither a stop nor a restart doubles anything")
	committed, err := kafka.Committed(t.Context(), "s3-destination", "events")
	require.NoError(t, err)
	ends, err := kafka.Ends(t.Context(), "events")
	require.NoError(t, err)
	assert.Equal(t, ends, committed)
}

func TestKubernetesSidecarTakesWhatItsApplicationPosts(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	address, input := freeAddress(t), freeAddress(t)
	own := keysOf(s)
	own["BUCKET"], own["INPUT_ADDRESS"], own["HTTP_ADDRESS"] = s.Bucket, input, address
	env := append(settings(t, deployed("kubernetes", "sidecar", "settings.env"), own),
		"ENDPOINT="+s.URL, "FORCE_PATH_STYLE_URLS=true")
	sidecar := startFile(t, address, dockerConfig, nil, env...)
	sidecar.waitReady(t)
	application := startFile(t, "", deployed("kubernetes", "sidecar", "application.yaml"), []string{
		"--set", "output.http_client.url=http://" + input + "/events", "--set", "input.generate.interval=20ms",
	})
	require.Eventually(t, func() bool { return len(landed(t, s, "events/date=")) > 100 }, patience, 200*time.Millisecond)
	application.terminate(t)
	sidecar.terminate(t)
	for id, n := range landed(t, s, "events/date=") {
		assert.Equal(t, 1, n, id)
	}
	assert.NotContains(t, application.logs.String(), "level=error")
}

func TestComposePipelinesLandWhatIsProduced(t *testing.T) {
	long.Skip(t)
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	landComposed(t, kafkatest.StartT(t), s, []string{
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey, "ENDPOINT=" + s.URL,
	})
}

// landComposed runs producer and lander between a broker and a bucket.
func landComposed(t *testing.T, kafka *kafkatest.Cluster, b bucket, env []string) {
	t.Helper()
	require.NoError(t, kafka.CreateTopic(t.Context(), "events", 4))
	brokers := "KAFKA_BROKERS=" + kafka.Seeds[0]
	address := freeAddress(t)
	lander := startFile(t, address, deployed("compose", "lander.yaml"), []string{"--set", "http.address=" + address}, append(env, brokers)...)
	lander.waitReady(t)
	producer := startFile(t, "", deployed("compose", "producer.yaml"), nil, brokers, "INTERVAL=5ms")
	require.Eventually(t, func() bool { return lander.gauge("input_received") > 20_000 }, patience, 100*time.Millisecond)
	producer.terminate(t)
	var produced int64
	require.Eventually(t, func() bool {
		ends, err := kafka.Ends(t.Context(), "events")
		produced = sum(ends)
		return err == nil && produced == int64(lander.gauge("input_received"))
	}, patience, 100*time.Millisecond)
	lander.terminate(t)

	found := map[string]int{}
	days := map[string]bool{}
	for _, account := range []string{"acme", "globex", "initech"} {
		prefix := "events/account=" + account + "/date="
		for id, n := range landed(t, b, prefix) {
			found[id] += n
		}
		for _, o := range b.Objects(prefix) {
			days[strings.Split(o.Key, "/")[2]] = true
		}
	}
	assert.Greater(t, len(days), 2, "some are late: %v", slices.Sorted(maps.Keys(days)))
	letters := deadLetterIDs(t, b, "events/_dead_letters/")
	assert.Contains(t, letters, "10000", "the one without a date")
	for _, id := range letters {
		found[id]++
	}
	assert.Len(t, found, int(produced), "each record is stored")
	for id, n := range found {
		assert.Equal(t, 1, n, id)
	}
}

func sum(offsets map[int32]int64) int64 {
	var n int64
	for _, o := range offsets {
		n += o
	}
	return n
}

func deadLetterIDs(t *testing.T, s bucket, prefix string) []string {
	t.Helper()
	var ids []string
	for _, o := range s.Objects(prefix) {
		for line := range bytes.Lines(o.Body) {
			var letter struct{ Payload string }
			require.NoError(t, json.Unmarshal(line, &letter))
			ids = append(ids, recordID(t, []byte(letter.Payload)))
		}
	}
	return ids
}

func TestComposeSidecarTakesWhatItsApplicationPosts(t *testing.T) {
	t.Parallel()
	s := s3test.StartT(t, s3test.Config{})
	p := startSidecar(t, s, "ENCRYPTION_MODE=none", "FOLDER=posted/date={{YYYY}}-{{MM}}-{{DD}}", "MAX_AGE=1s", "MEMORY_LIMIT=128MiB")
	application := startFile(t, "", deployed("compose", "application.yaml"), nil,
		"SIDECAR="+strings.TrimSuffix(p.input, "/events"), "INTERVAL=20ms")
	require.Eventually(t, func() bool { return len(landed(t, s, "posted/date=")) > 20 }, patience, 200*time.Millisecond)
	application.terminate(t)
	status, _ := p.post(t.Context(), `{"id":"mine"}`)
	assert.Equal(t, http.StatusOK, status)
	p.terminate(t)
	assert.Equal(t, 1, landed(t, s, "posted/date=")["mine"])
}
