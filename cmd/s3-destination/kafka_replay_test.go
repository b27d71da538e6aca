//go:build !nokafka

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// replayConfig is config/replay-dead-letters.yaml, with the names and columns of
// the pipeline that refused the records, and with today for their date.
func replayConfig(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "replay-dead-letters.yaml"))
	require.NoError(t, err)
	config := string(text)
	for old, changed := range map[string]string{
		"folder: events/date={{YYYY}}-{{MM}}-{{DD}}":        "folder: lake/{{YYYY}}",
		"file_name: events-{{timestamp}}-{{uuid}}":          "file_name: '{{source_range}}'",
		"file_format: json+gzip":                            "file_format: json\n    include_source_columns: [all]\n    on_missing_date: today",
		"dead_letter_folder: events/_dead_letters/replayed": "dead_letter_folder: lake/_dead_again",
	} {
		require.Equal(t, 1, strings.Count(config, old), old)
		config = strings.Replace(config, old, changed, 1)
	}
	path := filepath.Join(t.TempDir(), "replay.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	return path
}

// linesBelow returns the lines of all objects below a prefix, as one.
func linesBelow(s *s3test.Server, prefix string) []byte {
	var all []byte
	for _, o := range s.Objects(prefix) {
		all = append(all, o.Body...)
	}
	return all
}

// letterPayloads are the payloads of letters by place, as they stand there.
func letterPayloads(t *testing.T, lines []byte) map[place]string {
	t.Helper()
	found := map[place]string{}
	for line := range bytes.Lines(lines) {
		var l struct {
			kafkaLetter
			Payload json.RawMessage
			Source  map[string]any
		}
		require.NoError(t, json.Unmarshal(line, &l), "%s", line)
		require.NoError(t, json.Unmarshal(line, &l.kafkaLetter))
		key, err := json.Marshal([]any{l.Source["kafka_key"], l.Source["kafka_key_base64"]})
		require.NoError(t, err)
		found[l.place()] = string(l.Payload) + " " + string(key)
	}
	return found
}

// TestKafkaDeadLettersAreReplayed refuses every record of each input for Kafka,
// plays the letters again, and finds what would have landed at once.
func TestKafkaDeadLettersAreReplayed(t *testing.T) {
	for _, kind := range kafkaInputs {
		t.Run(kind, func(t *testing.T) {
			if kind != sizing.OwnKafka {
				long.Skip(t)
			}
			t.Parallel()
			c, s := kafkatest.StartT(t), s3test.StartT(t, s3test.Config{})
			require.NoError(t, c.CreateTopic(t.Context(), "events", 3))
			records, want := variety("events", 3, 60, kind != "kafka_franz")
			require.NoError(t, c.Produce(t.Context(), records...))
			empty := []*kgo.Record{
				{Topic: "events", Key: []byte{0xFF, 0xFE, 0x00}}, {Topic: "events", Partition: 1, Key: []byte("k"), Value: []byte{}},
			}
			require.NoError(t, c.Produce(t.Context(), empty...))
			output := strings.Replace(kafkaOutput(s, "json", "    date_field: created_at\n"), "folder: lake", "folder: lake/{{YYYY}}", 1)
			p := start(t, kafkaInput(kind, c, "events")+output)
			settle(t, c, "events", p)
			p.terminate(t)

			letters := linesBelow(s, "lake/_dead_letters/")
			require.Equal(t, len(records)+len(empty), bytes.Count(letters, []byte("\n")))
			file := filepath.Join(t.TempDir(), "letters.jsonl")
			require.NoError(t, os.WriteFile(file, letters, 0o600))
			flags := []string{"--set", "output.s3_destination.endpoint=" + s.URL, "--set", "output.s3_destination.force_path_style_urls=true"}
			p = startFile(t, "", replayConfig(t), flags, "LETTERS="+file, "BUCKET="+s.Bucket, "AWS_REGION="+s3test.Region,
				"AWS_ACCESS_KEY_ID="+s.AccessKey, "AWS_SECRET_ACCESS_KEY="+s.SecretKey)
			select {
			case err := <-p.done:
				require.NoError(t, err, p.logs.String())
			case <-time.After(patience):
				require.FailNow(t, "the process does not end at the end of its letters", p.logs.String())
			}
			requireVariety(t, s, records, want)
			again := letterPayloads(t, linesBelow(s, "lake/_dead_again"))
			assert.Equal(t, map[place]string{
				{0, empty[0].Offset}: `null [null,"//4A"]`, {1, empty[1].Offset}: `"" ["k",null]`,
			}, again, "a tombstone stays one, and its key what it was")
			first := letterPayloads(t, letters)
			for at, payload := range again {
				assert.Equal(t, first[at], payload)
			}
		})
	}
}
