package deadletter

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
)

type meta map[string]any

func (m meta) MetaGetMut(key string) (any, bool) { v, ok := m[key]; return v, ok }

func describe(t *testing.T, r record.Record, from string) (string, map[string]any) {
	t.Helper()
	f, err := NewFolder("/x/_dead/{{YYYY_today}}", time.FixedZone("east", 12*3600))
	require.NoError(t, err)
	at := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	path, line := f.Path(at), f.Describe(&r, from, errors.New("it is bad"), at)
	var got map[string]any
	require.NoError(t, json.Unmarshal(line, &got))
	assert.Equal(t, "it is bad", got["reason"])
	assert.Equal(t, "2025-12-31T23:00:00Z", got["time"])
	return path, got
}

func TestLetterKeepsTextPayloadAndSource(t *testing.T) {
	path, got := describe(t, record.Record{
		Raw:  []byte("{\"a\":1"),
		Meta: meta{"kafka_topic": "t", "kafka_partition": 3, "kafka_offset": 42, "kafka_key": []byte("k"), "other": 1},
	}, "in/a=1\x01")
	assert.Contains(t, path, "x/_dead/2026/", "the clock is that of the configured zone")
	assert.Equal(t, `{"a":1`, got["payload"])
	assert.Equal(t, "in/a=1", got["partition"])
	assert.Equal(t, map[string]any{
		"kafka_topic": "t", "kafka_partition": 3., "kafka_offset": 42., "kafka_key": "k",
	}, got["source"])
}

func TestLetterKeepsBinaryPayloadAsBase64(t *testing.T) {
	raw := []byte{0xff, 0x00, 0xfe}
	_, got := describe(t, record.Record{Raw: raw}, "")
	assert.NotContains(t, got, "payload")
	assert.Equal(t, base64.StdEncoding.EncodeToString(raw), got["payload_base64"])
}

func TestLetterKeepsAnEmptyPayload(t *testing.T) {
	_, got := describe(t, record.Record{Raw: []byte{}}, "")
	assert.Empty(t, got["payload"])
	assert.Contains(t, got, "payload")
}

func TestLetterKeepsAParsedPayload(t *testing.T) {
	_, got := describe(t, record.Record{Value: map[string]any{"a": 1}}, "")
	assert.Equal(t, `{"a":1}`, got["payload"])
}

func TestLetterSurvivesASourceThatJSONCannotHold(t *testing.T) {
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{"path": math.Inf(1)}}, "")
	assert.Equal(t, "x", got["payload"])
}

func (m meta) MetaWalkMut(fn func(string, any) error) error {
	for k, v := range m {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func TestLetterTellsATombstoneFromAnEmptyValue(t *testing.T) {
	for _, tombstone := range []any{true, "true"} {
		_, got := describe(t, record.Record{Raw: []byte{}, Meta: meta{"kafka_tombstone_message": tombstone}}, "")
		assert.Contains(t, got, "payload")
		assert.Nil(t, got["payload"])
	}
	for _, m := range []meta{{"kafka_tombstone_message": false}, {}, nil} {
		_, got := describe(t, record.Record{Raw: []byte{}, Meta: m}, "")
		assert.IsType(t, "", got["payload"], "%v", m)
		assert.Empty(t, got["payload"])
	}
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{"kafka_tombstone_message": true}}, "")
	assert.Equal(t, "x", got["payload"], "a mapping has given it a value")
}

func TestLetterKeepsBinaryKeysAsBase64(t *testing.T) {
	for _, key := range []any{[]byte{0xFF, 0xFE, 0}, "\xff\xfe\x00"} {
		_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{"kafka_key": key}}, "")
		assert.Equal(t, map[string]any{"kafka_key_base64": "//4A"}, got["source"])
	}
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{"kafka_key": []byte(nil)}}, "")
	assert.Equal(t, map[string]any{"kafka_key": nil}, got["source"], "no key at all")
	_, got = describe(t, record.Record{Raw: []byte("x"), Meta: meta{"kafka_key": []byte{}}}, "")
	assert.Equal(t, map[string]any{"kafka_key": ""}, got["source"], "an empty key")
}

func TestLetterKeepsHeadersInTheirOrder(t *testing.T) {
	type header struct {
		Key   string
		Value []byte
	}
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{
		"kafka_offset": 1, "kafka_key": []byte("k"), "b": "3", "other": "set by a mapping",
		"__rpcn_kafka_headers": []header{{"b", []byte("1")}, {"a", []byte{0xFF}}, {"b", nil}, {"b", []byte{}}, {"\xff", []byte("3")}},
	}}, "")
	assert.Equal(t, []any{
		map[string]any{"name": "b", "value": "1"},
		map[string]any{"name": "a", "value_base64": "/w=="},
		map[string]any{"name": "b", "value": nil},
		map[string]any{"name": "b", "value": ""},
		map[string]any{"name_base64": "/w==", "value": "3"},
	}, got["headers"])
	assert.NotContains(t, got, "metadata")
	_, got = describe(t, record.Record{Raw: []byte("x"), Meta: meta{"kafka_offset": 1, "kafka_key": []byte("k")}}, "")
	assert.Equal(t, []any{}, got["headers"], "none, of an input that keeps a list")
}

func TestLetterKeepsHeadersThatAreMetadata(t *testing.T) {
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{
		"kafka_offset": 1, "kafka_key": "k", "kafka_lag": 5, "trace": "abc", "bin": "\xff", "many": []any{"1", "\xff", "1"}, "one": []any{"1"}, "schema": map[string]any{},
	}}, "")
	assert.Equal(t, []any{
		map[string]any{"name": "bin", "value_base64": "/w=="},
		map[string]any{"name": "many", "list": []any{
			map[string]any{"value": "1"}, map[string]any{"value_base64": "/w=="}, map[string]any{"value": "1"},
		}},
		map[string]any{"name": "one", "list": []any{map[string]any{"value": "1"}}},
		map[string]any{"name": "trace", "value": "abc"},
	}, got["metadata"])
	assert.NotContains(t, got, "headers")
	_, got = describe(t, record.Record{Raw: []byte("x"), Meta: meta{"path": "/in/x", "Authorization": "secret", "kafka_key": "k", "kafka_offset": "1"}}, "")
	assert.NotContains(t, got, "metadata", "from a client that says it is from Kafka")
	assert.Equal(t, map[string]any{"path": "/in/x", "kafka_key": "k", "kafka_offset": "1"}, got["source"])
}

func TestLetterHasNoTimestampThatIsNone(t *testing.T) {
	_, got := describe(t, record.Record{Raw: []byte("x"), Meta: meta{
		"kafka_topic": "t", "kafka_timestamp_ms": int64(-62135596800000), "kafka_timestamp_unix": int64(-1),
	}}, "")
	assert.Equal(t, map[string]any{"kafka_topic": "t"}, got["source"])
}

func TestLetterKeepsNumbersDigitForDigit(t *testing.T) {
	f, err := NewFolder("x", time.UTC)
	require.NoError(t, err)
	r := record.Record{Raw: []byte("x"), Meta: meta{"kafka_offset": json.Number("9007199254740993"), "kafka_partition": "3"}}
	line := f.Describe(&r, "", errors.New("bad"), time.Time{})
	assert.Contains(t, string(line), `"source":{"kafka_offset":9007199254740993,"kafka_partition":"3"}`, "and text as text")
}

func TestFolderOfDeadLettersUsesTheClockOnly(t *testing.T) {
	for _, folder := range []string{"{{account}}", "{{chunk}}", "{{YYYY}}/x"} {
		_, err := NewFolder(folder, time.UTC)
		require.ErrorContains(t, err, "dead_letter_folder", folder)
	}
}
