package record

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

type meta map[string]any

func (m meta) MetaGetMut(key string) (any, bool) { v, ok := m[key]; return v, ok }

func TestWhatStandsForNothingIsNotThere(t *testing.T) {
	for key, values := range map[string][]any{
		KafkaMillis:    {nil, -1, int64(-62135596800000), json.Number("-1"), -1.0, "-1", "-62135596800000", time.Time{}.UnixMilli()},
		KafkaSeconds:   {nil, -1, int64(-62135596800), json.Number("-62135596800"), -62135596800.0, []byte("-1")},
		KafkaOffset:    {nil, -1, int32(-1)},
		KafkaPartition: {nil, -1, json.Number("-1")},
		"other":        {nil},
	} {
		for _, v := range values {
			_, ok := Lookup(meta{key: v}, key)
			assert.False(t, ok, "%s is %v", key, v)
		}
	}
	for key, values := range map[string][]any{
		KafkaMillis:    {0, -2, int64(-62135596800), "", "soon"},
		KafkaSeconds:   {0, -2, int64(-62135596800000)},
		KafkaOffset:    {0, int64(-62135596800)},
		KafkaPartition: {0},
		"other":        {-1, int64(-62135596800000), "", false},
	} {
		for _, v := range values {
			got, ok := Lookup(meta{key: v}, key)
			assert.True(t, ok, "%s is %v", key, v)
			assert.Equal(t, v, got)
		}
	}
	_, ok := Lookup(nil, KafkaTopic)
	assert.False(t, ok)
	_, ok = Lookup(meta{}, KafkaTopic)
	assert.False(t, ok)
}

func TestEachSentinelNamesWhatLookupDoesNotFind(t *testing.T) {
	m := meta{KafkaMillis: -1, KafkaSeconds: 0, KafkaOffset: "-1", "other": -1}
	var keys []string
	EachSentinel(m, func(key string) { keys = append(keys, key) })
	assert.ElementsMatch(t, []string{KafkaMillis, KafkaOffset}, keys)
}

func TestIntegersOfEveryKind(t *testing.T) {
	type own int16
	for _, v := range []any{
		7, int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7), own(7),
		float32(7), 7.0, "7", "7.0", "70e-1", []byte("7"), json.Number("7"), json.Number("0.7e1"),
	} {
		n, ok := Integer(v)
		assert.True(t, ok, "%T %v", v, v)
		assert.EqualValues(t, 7, n, "%T %v", v, v)
	}
	for _, v := range []any{
		nil, "", "x", " 7", "7 ", "0x7", "+7", true, 7.5, "7.5", math.NaN(), math.Inf(1), float64(1 << 60), uint64(1) << 63,
		json.Number("9223372036854775808"), json.Number("1e19"),
		[]any{7},
		map[string]any{},
		[]byte(nil), time.Unix(7, 0), (*int)(nil),
	} {
		_, ok := Integer(v)
		assert.False(t, ok, "%T %v", v, v)
	}
	n, ok := Integer(json.Number("9007199254740993"))
	assert.True(t, ok)
	assert.EqualValues(t, 9007199254740993, n, "digit for digit")
}

// TestIntegersSurviveJSON sends numbers through JSON and back, as a dead letter
// that is played again does.
func TestIntegersSurviveJSON(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		want := rapid.Int64().Draw(t, "n")
		text, err := json.Marshal(want)
		require.NoError(t, err)
		got, ok := Integer(json.Number(text))
		require.True(t, ok)
		require.Equal(t, want, got)
		if f := float64(want); int64(f) == want && math.Abs(f) <= 1<<53 {
			got, ok = Integer(f)
			require.True(t, ok)
			require.Equal(t, want, got)
		}
	})
}

func TestText(t *testing.T) {
	for want, v := range map[string]any{
		"x": "x", "b": []byte("b"), "7": int32(7), "1.5": json.Number("1.5"), "true": true, `{"a":1}`: map[string]any{"a": 1},
		"0001-01-01T00:00:00Z": time.Time{},
	} {
		got, ok := Text(v)
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	_, ok := Text(make(chan int))
	assert.False(t, ok)
}

func TestTheZeroTimeInEveryUnit(t *testing.T) {
	var zero time.Time
	for _, n := range []int64{zero.Unix(), zero.UnixMilli(), zero.UnixMicro(), zero.UnixNano()} {
		assert.True(t, IsZeroTime(n), "%d", n)
		assert.False(t, IsZeroTime(n+1), "%d", n+1)
	}
	assert.False(t, IsZeroTime(0))
	assert.False(t, IsZeroTime(-1))
}
