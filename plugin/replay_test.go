package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/deadletter"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// replayer runs the processors of config/replay-dead-letters.yaml as they are.
type replayer struct {
	letters service.MessageHandlerFunc
	records chan *service.Message
}

func newReplayer(t *testing.T) *replayer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "config", "replay-dead-letters.yaml"))
	require.NoError(t, err)
	file, err := service.NewConfigSpec().Field(service.NewAnyField("pipeline")).ParseYAML(string(text), nil)
	require.NoError(t, err)
	pipeline, err := file.FieldAny("pipeline")
	require.NoError(t, err)
	r := &replayer{records: make(chan *service.Message, 1)}
	b := service.NewStreamBuilder()
	for _, p := range pipeline.(map[string]any)["processors"].([]any) {
		conf, err := json.Marshal(p)
		require.NoError(t, err)
		require.NoError(t, b.AddProcessorYAML(string(conf)))
	}
	r.letters, err = b.AddProducerFunc()
	require.NoError(t, err)
	require.NoError(t, b.AddConsumerFunc(func(_ context.Context, m *service.Message) error {
		r.records <- m
		return nil
	}))
	stream, err := b.Build()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = stream.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

// replay returns the record that a letter makes.
func (r *replayer) replay(t require.TestingT, letter []byte) *service.Message {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.letters(ctx, service.NewMessage(letter)))
	m := <-r.records
	require.NoError(t, m.GetError(), "%s", letter)
	return m
}

// letterOf is the dead letter of a message.
func letterOf(t require.TestingT, m *service.Message) []byte {
	rec, err := partition.FromMessage(m)
	require.NoError(t, err)
	f, err := deadletter.NewFolder("letters", time.UTC)
	require.NoError(t, err)
	line := f.Describe(&rec, "p", errors.New("bad"), time.Unix(1751328000, 0))
	return line
}

// kafkaHeader is of the same form as a header of the Kafka client.
type kafkaHeader struct {
	Key   string
	Value []byte
}

// anyBytes are text, JSON, bytes of all kinds, none, and nil.
func anyBytes() *rapid.Generator[[]byte] {
	return rapid.OneOf(
		rapid.SliceOf(rapid.Byte()),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.SampledFrom([][]byte{nil, {}, {0xFF, 0xFE, 0x00}, []byte("base64:AAAA"), []byte(`{"a":1}`), []byte("null"), []byte("\ufffd")}),
	)
}

func anyName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "trace", "trace_base64", "name", "value", "list", "path", "a.b", "\xff\x00", "Ünï"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 4), func(b []byte) string { return "h" + string(b) }),
	)
}

// kafkaMessage sets what the Kafka inputs of Redpanda Connect set, as they do.
func kafkaMessage(t *rapid.T) *service.Message {
	value, key := anyBytes().Draw(t, "value"), anyBytes().Draw(t, "key")
	headers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) kafkaHeader {
		return kafkaHeader{anyName().Draw(t, "name"), anyBytes().Draw(t, "header")}
	}), 0, 4).Draw(t, "headers")
	at := rapid.SampledFrom([]time.Time{{}, time.UnixMilli(-1), time.UnixMilli(1751328000123), time.UnixMilli(0)}).Draw(t, "timestamp")
	m := service.NewMessage(value)
	m.MetaSetMut("kafka_topic", rapid.SampledFrom([]string{"orders", "a.b_c-d"}).Draw(t, "topic"))
	m.MetaSetMut("kafka_partition", int(rapid.Int32Min(0).Draw(t, "partition")))
	m.MetaSetMut("kafka_offset", int(rapid.Int64Min(0).Draw(t, "offset")))
	m.MetaSetMut("kafka_timestamp_unix", at.Unix())
	m.MetaSetMut("kafka_timestamp_ms", at.UnixMilli())
	m.MetaSetMut("kafka_tombstone_message", value == nil)
	switch rapid.SampledFrom([]string{"redpanda", "kafka", "multi_header"}).Draw(t, "input") {
	case "redpanda":
		m.MetaSetMut("kafka_key", key)
		for _, h := range headers {
			if h.Value == nil {
				m.MetaSetMut(h.Key, nil)
			} else {
				m.MetaSetMut(h.Key, string(h.Value))
			}
		}
		if len(headers) > 0 {
			m.MetaSetMut("__rpcn_kafka_headers", headers)
		}
	case "kafka":
		m.MetaSetMut("kafka_key", string(key))
		for _, h := range headers {
			m.MetaSetMut(h.Key, string(h.Value))
		}
	case "multi_header":
		m.MetaSetMut("kafka_key", string(key))
		lists := map[string][]any{}
		for _, h := range headers {
			lists[h.Key] = append(lists[h.Key], string(h.Value))
		}
		for name, list := range lists {
			m.MetaSetMut(name, list)
		}
	}
	return m
}

// metadataOf lists metadata as text, so that the same from Kafka and from JSON
// compares equal.
func metadataOf(t require.TestingT, m *service.Message) map[string]any {
	all := map[string]any{}
	require.NoError(t, m.MetaWalkMut(func(key string, value any) error {
		if key == record.KafkaHeaders {
			return nil
		}
		if _, ok := record.Lookup(m, key); !ok {
			return nil
		}
		if list, isList := value.([]any); isList {
			all[key] = list
			return nil
		}
		if b, isBytes := value.([]byte); isBytes {
			all[key] = append([]byte{}, b...)
			return nil
		}
		text, ok := record.Text(value)
		require.True(t, ok)
		all[key] = text
		return nil
	}))
	return all
}

// TestReplayedLettersAreTheRecordsThatCameIn sends records through the letter
// and the configuration that plays letters again.
func TestReplayedLettersAreTheRecordsThatCameIn(t *testing.T) {
	t.Parallel()
	r := newReplayer(t)
	columns, err := source.NewColumns([]string{source.All}, source.DefaultPrefix)
	require.NoError(t, err)
	property.Check(t, func(t *rapid.T) {
		in := kafkaMessage(t)
		letter := letterOf(t, in)
		out := r.replay(t, letter)

		want, err := in.AsBytes()
		require.NoError(t, err)
		got, err := out.AsBytes()
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%q became %q", want, got)
		expected := metadataOf(t, in)
		if key, isBytes := expected["kafka_key"].([]byte); isBytes && len(key) == 0 {
			if v, _ := in.MetaGetMut("kafka_key"); v.([]byte) == nil {
				delete(expected, "kafka_key") // no key at all
			}
		}
		require.Equal(t, expected, metadataOf(t, out), "%s", letter)

		wantHeaders, how := source.HeadersOf(in)
		gotHeaders, again := source.HeadersOf(out)
		require.Equal(t, how, again)
		require.Equal(t, wantHeaders, gotHeaders, "%s", letter)
		require.Equal(t, string(columns.NewReader().AppendMembers(nil, in, true)), string(columns.NewReader().AppendMembers(nil, out, true)))
		require.Equal(t, source.AnyMetadata.RangeName([]record.Record{{Meta: in}}), source.AnyMetadata.RangeName([]record.Record{{Meta: out}}))
		require.Equal(t, string(letter), string(letterOf(t, out)), "a record that is bad again has the same letter again")
	})
}

// TestLettersOfFilesAndRequestsAreReplayed have no key and no headers.
func TestLettersOfFilesAndRequestsAreReplayed(t *testing.T) {
	r := newReplayer(t)
	for _, key := range []string{"path", "http_server_request_path"} {
		for _, path := range []string{"/in/a.jsonl", "/in/\xff"} {
			in := service.NewMessage([]byte("not JSON \xff"))
			in.MetaSetMut(key, path)
			in.MetaSetMut("Authorization", "Bearer of a secret")
			in.MetaSetMut("kafka_key", "sent by a client")
			in.MetaSetMut("kafka_offset", "42")
			letter := letterOf(t, in)
			assert.NotContains(t, string(letter), "secret", "metadata of other inputs is not for the bucket")
			out := r.replay(t, letter)
			got, err := out.AsBytes()
			require.NoError(t, err)
			assert.Equal(t, "not JSON \xff", string(got))
			assert.Equal(t, map[string]any{key: path, "kafka_key": "sent by a client", "kafka_offset": "42"}, metadataOf(t, out))
			assert.Equal(t, source.NoRange, source.KafkaInputs.RangeName([]record.Record{{Meta: out}}), "and is believed no more than before")
		}
	}
}

// A record of a file keeps its place when its letter is read from another file.
func TestThePlaceInAFileIsReplayed(t *testing.T) {
	r := newReplayer(t)
	at := func(m *service.Message, line int64) *service.Message {
		payload, err := m.AsBytes()
		require.NoError(t, err)
		return m.WithContext(source.WithPosition(t.Context(), source.Position{Line: line, Byte: 10 * line}, payload))
	}
	in := at(service.NewMessage([]byte("not JSON")), 7)
	in.MetaSetMut("path", "/in/a.jsonl")
	letter := letterOf(t, in)
	assert.Contains(t, string(letter), `"source":{"path":"/in/a.jsonl","source_byte":70,"source_line":7}`)
	assert.Equal(t, string(letter), string(letterOf(t, at(r.replay(t, letter), 1))))
}

// TestOldLettersAreReplayed has lines as releases wrote them that kept neither
// headers nor keys that are no text.
func TestOldLettersAreReplayed(t *testing.T) {
	r := newReplayer(t)
	for line, want := range map[string]struct {
		payload string
		meta    map[string]any
	}{
		`{"reason":"r","time":"2026-07-01T00:00:00Z","payload":""}`:                     {"", map[string]any{}},
		`{"reason":"r","time":"2026-07-01T00:00:00Z","payload_base64":"//4="}`:          {"\xff\xfe", map[string]any{}},
		`{"reason":"r","time":"t","partition":"p","source":{"path":"x"},"payload":"{"}`: {"{", map[string]any{"path": "x"}},
		`{"reason":"r","time":"t","source":{"kafka_key":"k","kafka_offset":9007199254740993,"kafka_partition":3,"kafka_timestamp_ms":1751328000123,"kafka_timestamp_unix":1751328000,"kafka_topic":"t"},"payload":"{\"a\":1}"}`: {
			`{"a":1}`,
			map[string]any{
				"kafka_key": "k", "kafka_offset": "9007199254740993", "kafka_partition": "3", "kafka_timestamp_ms": "1751328000123",
				"kafka_timestamp_unix": "1751328000", "kafka_topic": "t", "kafka_tombstone_message": "false",
			},
		},
	} {
		out := r.replay(t, []byte(line))
		got, err := out.AsBytes()
		require.NoError(t, err)
		assert.Equal(t, want.payload, string(got), line)
		assert.Equal(t, want.meta, metadataOf(t, out), line)
		if want.meta["kafka_topic"] != nil {
			assert.Equal(t, "t+3+9007199254740993-9007199254740993", source.AnyMetadata.RangeName([]record.Record{{Meta: out}}))
			assert.Equal(t, fmt.Sprint(source.AsMetadata), fmt.Sprint(keepingOf(out)))
		}
	}
}

func keepingOf(m *service.Message) source.Keeping {
	_, how := source.HeadersOf(m)
	return how
}
