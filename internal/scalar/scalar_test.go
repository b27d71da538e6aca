package scalar_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func TestInt64(t *testing.T) {
	tests := map[string]struct {
		want int64
		ok   bool
	}{
		"0": {0, true}, "-0": {0, true}, "12": {12, true}, "-3": {-3, true}, "1e3": {1000, true}, "2.0": {2, true},
		"1.20e1": {12, true}, "120e-1": {12, true}, "9223372036854775807": {math.MaxInt64, true},
		"-9223372036854775808": {math.MinInt64, true}, "9223372036854775808": {}, "18446744073709551616": {},
		"1.5": {}, "1e30": {}, "1e-3": {}, "0e999": {0, true}, "1e99999999999": {}, "": {}, "-": {}, "abc": {}, "1e": {}, "1e+": {},
	}
	for text, want := range tests {
		got, ok := scalar.Int64([]byte(text))
		assert.Equal(t, want.ok, ok, text)
		assert.Equal(t, want.want, got, text)
	}
}

func TestDoubleIsWhatStrconvSays(t *testing.T) {
	check := func(t require.TestingT, text string) {
		want, err := strconv.ParseFloat(text, 64)
		got, ok := scalar.Double([]byte(text))
		require.Equal(t, err == nil, ok, text)
		if ok {
			require.Equal(t, math.Float64bits(want), math.Float64bits(got), text)
		}
	}
	for _, text := range []string{"0", "-0", "0.1", "1e22", "1e23", "9007199254740993", "1e400", "1e-400", "5e-324", "123456789012345678901234567890"} {
		check(t, text)
	}
	property.Check(t, func(t *rapid.T) {
		check(t, strconv.FormatFloat(rapid.Float64().Draw(t, "f"), 'g', rapid.IntRange(-1, 20).Draw(t, "digits"), 64))
		check(t, rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "text"))
	})
}

func TestTimesAreWhatTheTimePackageSays(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		at = at.In(time.FixedZone("", rapid.IntRange(-23, 23).Draw(t, "hours")*3600))
		if y := at.Year(); y < 0 || y > 9999 {
			return
		}
		got, ok := scalar.Timestamp([]byte(at.Format(time.RFC3339Nano)))
		require.True(t, ok)
		want := at.Unix()*1e6 + int64(at.Nanosecond()/1000)
		require.Equal(t, want, got)
		days, ok := scalar.Date([]byte(at.Format(time.DateOnly)))
		require.True(t, ok)
		y, m, d := at.Date()
		require.Equal(t, time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400, int64(days)-b2i(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()%86400 < 0))
		micros, ok := scalar.TimeOfDay([]byte(at.Format("15:04:05.999999")))
		require.True(t, ok)
		require.Equal(t, scalar.TimeOfDayOf(at), micros)
		again, ok := scalar.DaysOf(at)
		require.True(t, ok)
		require.Equal(t, days, again)
	})
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestWhatIsNoTime(t *testing.T) {
	for _, s := range []string{
		"", "2025-07-01", "2025-07-01T12:00:00", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-07-01T24:00:00Z",
		"2025-07-01T12:00:60Z", "2025-07-01T12:00:00.Z", "2025-07-01T12:00:00+2", "2025-07-01T12:00:00+25:00", "20250701T120000Z",
		"0000-01-01T00:00:00-23:59", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
	} {
		_, ok := scalar.Timestamp([]byte(s))
		assert.False(t, ok, s)
	}
	for _, s := range []string{"2024-02-29T00:00:00Z", "2000-02-29 00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"} {
		_, ok := scalar.Timestamp([]byte(s))
		assert.True(t, ok, s)
	}
	_, ok := scalar.TimestampOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
	assert.False(t, ok)
}

func TestDecimal(t *testing.T) {
	tests := []struct {
		text             string
		precision, scale int
		want             int64
		ok               bool
	}{
		{"1.5", 9, 2, 150, true},
		{"-12.34", 9, 2, -1234, true},
		{"1.500", 9, 2, 150, true},
		{"1.501", 9, 2, 0, false},
		{"12345678.9", 9, 2, 0, false},
		{"1e2", 9, 2, 10000, true},
		{"0.000000000000000000000000", 9, 2, 0, true},
		{"1.0000000000000000000000000000", 9, 2, 100, true},
		{"999999999999999999", 18, 0, 999999999999999999, true},
		{"1000000000000000000", 18, 0, 0, false},
		{"1e999999", 18, 0, 0, false},
		{"", 9, 2, 0, false},
		{"x", 9, 2, 0, false},
	}
	for _, test := range tests {
		got, ok := scalar.Decimal64([]byte(test.text), test.precision, test.scale)
		assert.Equal(t, test.ok, ok, test.text)
		assert.Equal(t, test.want, got, test.text)
		b, wide := scalar.AppendDecimal(nil, []byte(test.text), test.precision, test.scale, 9)
		assert.Equal(t, test.ok, wide, test.text)
		if wide && len(b) == 9 {
			v := int64(int8(b[0]))
			for _, c := range b[1:] {
				v = v<<8 | int64(c)
			}
			assert.Equal(t, test.want, v, test.text)
		}
	}
	for precision, size := range map[int]int{1: 1, 2: 1, 3: 2, 9: 4, 18: 8, 19: 9, 38: 16} {
		assert.Equal(t, size, scalar.DecimalSize(precision), precision)
	}
}

func TestUUID(t *testing.T) {
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	u, ok := scalar.UUID([]byte(text))
	require.True(t, ok)
	assert.Equal(t, text, string(scalar.AppendUUID(nil, u)))
	same, ok := scalar.UUID([]byte("00112233445566778899AABBCCDDEEFF"))
	assert.True(t, ok)
	assert.Equal(t, u, same)
	for _, s := range []string{"", text[1:], text + "0", "0011223344-55-6677-8899-aabbccddeeff", "g0112233-4455-6677-8899-aabbccddeeff"} {
		_, ok := scalar.UUID([]byte(s))
		assert.False(t, ok, s)
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add([]byte("1.5"))
	f.Add([]byte("-120e-1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		want, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return
		}
		if v, ok := scalar.Int64(text); ok && float64(v) != want {
			t.Fatalf("%s is %d, not %v", text, v, want)
		}
		if v, ok := scalar.Decimal64(text, 18, 4); ok && math.Abs(float64(v)/1e4-want) > 1e-9*math.Abs(want) {
			t.Fatalf("%s is %d, not %v", text, v, want)
		}
	})
}
