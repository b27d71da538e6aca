package frame_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// written is a file of frames, and where each begins.
func written(salt frame.Salt, groups ...uint64) (data []byte, starts []int64) {
	data = frame.Header(salt, []byte("meta"))
	f := frame.Frame{}
	for i, g := range groups {
		f.Index++
		if f.Group != g {
			f.Group, f.Index = g, 0
		}
		starts = append(starts, int64(len(data)))
		f.Payload = fmt.Appendf(nil, "payload %d", i)
		data = frame.Append(data, salt, int64(len(data)), f)
	}
	return data, starts
}

// read is the payloads of a file.
func read(data []byte, salt frame.Salt, more bool) (payloads []string, gaps []frame.Gap) {
	gaps = frame.Scan(data, salt, more, func(_ int64, f frame.Frame) {
		payloads = append(payloads, string(f.Payload))
	})
	return payloads, gaps
}

func TestFramesAreReadAsWritten(t *testing.T) {
	salt := frame.NewSalt()
	data, _ := written(salt, 1, 1, 2)
	got, meta, ok := frame.ParseHeader(data)
	require.True(t, ok)
	assert.Equal(t, salt, got)
	assert.Equal(t, "meta", string(meta))
	payloads, gaps := read(data, salt, false)
	assert.Equal(t, []string{"payload 0", "payload 1", "payload 2"}, payloads)
	assert.Empty(t, gaps)
}

func TestAnyBitThatFlipsLosesOneFrameAndIsNoticed(t *testing.T) {
	salt := frame.NewSalt()
	data, starts := written(salt, 1, 2, 3)
	for bit := frame.HeaderSize * 8; bit < len(data)*8; bit++ {
		damaged := bytes.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		payloads, gaps := read(damaged, salt, true)
		require.Len(t, payloads, 2, "bit %d", bit)
		require.Len(t, gaps, 1, "bit %d", bit)
		assert.Contains(t, starts, gaps[0].From)
		assert.False(t, gaps[0].Torn)
	}
}

// A frame whose payload was summed before is the same, wherever it was divided.
func TestASumStandsForItsBytes(t *testing.T) {
	salt := frame.NewSalt()
	property.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "payload")
		at := rapid.IntRange(0, len(payload)).Draw(t, "divided")
		offset := int64(rapid.Uint32().Draw(t, "offset"))
		want := frame.Append(nil, salt, offset, frame.Frame{Group: 7, Index: 3, Payload: payload})
		b := append(frame.New(0), payload[:at]...)
		frame.SealWith(b, frame.SumOf(payload[at:]), salt, offset, 7, 3)
		require.Equal(t, want, append(b, payload[at:]...))
	})
}

func TestOneCopyOfTheHeaderIsEnough(t *testing.T) {
	salt := frame.NewSalt()
	whole, _ := written(salt)
	for bit := range len(whole) * 8 {
		data := bytes.Clone(whole)
		data[bit/8] ^= 1 << (bit % 8)
		got, meta, ok := frame.ParseHeader(data)
		require.True(t, ok, "bit %d", bit)
		require.Equal(t, salt, got)
		require.Equal(t, "meta", string(meta))
	}
	both := bytes.Clone(whole)
	both[20] ^= 1
	both[len(both)/2+20] ^= 1
	_, _, ok := frame.ParseHeader(both)
	assert.False(t, ok)
}

func TestOnlyTheLastGroupCanBeTorn(t *testing.T) {
	salt := frame.NewSalt()
	data, starts := written(salt, 1, 2, 2, 2)
	cases := map[string]struct {
		at   int64
		torn bool
	}{
		"a group with another behind it": {starts[0], false},
		"the first frame of the last":    {starts[1], true},
		"within the last":                {starts[2], true},
		"the end":                        {starts[3], true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			damaged := bytes.Clone(data)
			damaged[c.at+frame.Overhead] ^= 1
			_, gaps := read(damaged, salt, false)
			require.Len(t, gaps, 1)
			assert.Equal(t, c.torn, gaps[0].Torn)
			_, gaps = read(damaged, salt, true)
			assert.False(t, gaps[0].Torn, "a later file proves that it was synced")
		})
	}
}

func TestAFrameCountsOnlyInItsFileAndPlace(t *testing.T) {
	salt := frame.NewSalt()
	inner := frame.Append(nil, frame.NewSalt(), frame.HeaderSize+frame.Overhead, frame.Frame{Payload: []byte("forged")})
	data := frame.Header(salt, nil)
	data = frame.Append(data, salt, frame.HeaderSize, frame.Frame{Payload: inner})
	moved := frame.Append(nil, salt, frame.HeaderSize, frame.Frame{Payload: []byte("moved")})
	data = append(data, moved...)
	data[frame.HeaderSize] ^= 1 // so that the reader looks inside
	payloads, gaps := read(data, salt, true)
	assert.Empty(t, payloads)
	assert.Len(t, gaps, 1)
}

func FuzzScan(f *testing.F) {
	salt := frame.Salt{1}
	whole, _ := written(salt, 1, 2, 3)
	f.Add(whole, true)
	f.Add(whole[:len(whole)-3], false)
	f.Fuzz(func(t *testing.T, data []byte, more bool) {
		frame.ParseHeader(data)
		at := int64(frame.HeaderSize)
		total := int64(0)
		gaps := frame.Scan(data, salt, more, func(end int64, fr frame.Frame) {
			if end <= at || end > int64(len(data)) {
				t.Fatalf("a frame ends at %d, after one at %d, of %d", end, at, len(data))
			}
			total += frame.Overhead + int64(len(fr.Payload))
			at = end
		})
		for _, g := range gaps {
			total += g.To - g.From
		}
		if want := max(int64(len(data))-frame.HeaderSize, 0); total != want {
			t.Fatalf("frames and gaps are %d bytes of %d", total, want)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(frame.AppendBytes([]byte{1, 2}, "text"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := frame.Cursor{Rest: data}
		for len(c.Rest) > 0 {
			before := len(c.Rest)
			c.Uint()
			c.Int()
			c.Bytes()
			c.Count()
			if len(c.Rest) >= before {
				t.Fatal("nothing was read, and it was not noticed")
			}
		}
	})
}
