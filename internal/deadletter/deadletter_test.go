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
	path, line := f.Describe(&r, from, errors.New("it is bad"), at)
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

func TestFolderOfDeadLettersUsesTheClockOnly(t *testing.T) {
	for _, folder := range []string{"{{account}}", "{{chunk}}", "{{YYYY}}/x"} {
		_, err := NewFolder(folder, time.UTC)
		require.ErrorContains(t, err, "dead_letter_folder", folder)
	}
}
