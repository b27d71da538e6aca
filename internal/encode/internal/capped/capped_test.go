package capped_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/encode/internal/capped"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func gunzip(t require.TestingT, b []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(b))
	require.NoError(t, err)
	r.Multistream(false)
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(out)
}

// fill adds rows until one is turned away and returns what was taken.
func fill(t require.TestingT, s *capped.Stream, limit int64, tail string, row func(i int) []byte, rows int) (raw string, object []byte) {
	var out, want bytes.Buffer
	s.Reset(&out, limit, len(tail))
	for i := range rows {
		r := row(i)
		if !s.Add(r[:len(r)/2], r[len(r)/2:]) {
			break
		}
		want.Write(r)
	}
	n, err := s.Close([]byte(tail))
	require.NoError(t, err)
	require.Equal(t, int64(out.Len()), n)
	if want.Len() > 0 {
		want.WriteString(tail)
	}
	return want.String(), out.Bytes()
}

var content = map[string]func(rnd *rand.Rand, n int) []byte{
	"constant": func(_ *rand.Rand, n int) []byte { return bytes.Repeat([]byte("x"), n) },
	"random": func(rnd *rand.Rand, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	},
	"text": func(rnd *rand.Rand, n int) []byte {
		return fmt.Appendf(nil, "%0*d,%d,https://example.com/%d\n", n/2, rnd.IntN(1000), rnd.IntN(1e9), rnd.IntN(100))
	},
	"nine bits": func(rnd *rand.Rand, n int) []byte {
		// Bytes above 143 cost nine bits in the fixed code of deflate.
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(144 + rnd.IntN(112))
		}
		return b
	},
}

func TestObjectsStayUnderTheLimitAndAreFilled(t *testing.T) {
	for i, level := range []int{1, 5, 9} {
		if !long.Takes(i, 3) {
			continue
		}
		s := capped.NewGzip(level)
		for name, make := range content {
			for _, limit := range []int64{3 << 10, 60 << 10, 200 << 10} {
				t.Run(fmt.Sprintf("level %d/%s/%d", level, name, limit), func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(1, uint64(limit)))
					row := func(int) []byte { return make(rnd, 1+rnd.IntN(int(limit)/150)) }
					if name == "constant" && limit > 3<<10 {
						return // no realistic amount of rows fills it
					}
					if name == "constant" {
						row = func(int) []byte { return make(rnd, 64<<10) }
					}
					raw, object := fill(t, s, limit, "tail", row, 1<<20)
					assert.LessOrEqual(t, int64(len(object)), limit)
					assert.GreaterOrEqual(t, float64(len(object)), 0.98*float64(limit))
					assert.Equal(t, raw, gunzip(t, object))
				})
			}
		}
	}
}

func TestAFirstRowAboveTheLimitStandsAlone(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	big := content["random"](rnd, 100<<10)
	for name, s := range map[string]*capped.Stream{"plain": capped.NewPlain(), "gzip": capped.NewGzip(1)} {
		t.Run(name, func(t *testing.T) {
			raw, object := fill(t, s, 1000, "]", func(int) []byte { return big }, 3)
			assert.Equal(t, string(big)+"]", raw)
			assert.Greater(t, len(object), 1000)
			if name == "gzip" {
				assert.Equal(t, raw, gunzip(t, object))
			}
		})
	}
}

func TestARowThatCompressesWellIsTried(t *testing.T) {
	s := capped.NewGzip(5)
	raw, object := fill(t, s, 1000, "", func(int) []byte { return bytes.Repeat([]byte("ab"), 30<<10) }, 1000)
	assert.Greater(t, len(raw), 2*60<<10, "a 60 KiB row takes about 100 bytes")
	assert.LessOrEqual(t, len(object), 1000)
	assert.Equal(t, raw, gunzip(t, object))
}

func TestNothingIsWrittenWithoutRows(t *testing.T) {
	for _, s := range []*capped.Stream{capped.NewPlain(), capped.NewGzip(0)} {
		raw, object := fill(t, s, 10, "]", nil, 0)
		assert.Empty(t, raw)
		assert.Empty(t, object)
	}
}

func TestAnyRowsUnderAnyLimit(t *testing.T) {
	streams := map[bool]*capped.Stream{false: capped.NewPlain(), true: capped.NewGzip(1)}
	property.Check(t, func(t *rapid.T) {
		zip := rapid.Bool().Draw(t, "gzip")
		limit := rapid.Int64Range(0, 5000).Draw(t, "limit")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 2000), 1, 30).Draw(t, "rows")
		raw, object := fill(t, streams[zip], limit, "]\n", func(i int) []byte { return rows[i] }, len(rows))
		if limit > 0 && len(raw) > len(rows[0])+2 {
			require.LessOrEqual(t, int64(len(object)), limit)
		}
		if zip {
			require.Equal(t, raw, gunzip(t, object))
		} else {
			require.Equal(t, raw, string(object))
		}
	})
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestErrorsOfTheWriterSurface(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, s := range []*capped.Stream{capped.NewPlain(), capped.NewGzip(1)} {
		for _, left := range []int{0, 5, 11, 5000, 40 << 10} {
			s.Reset(&failing{left: left}, 100<<10, 0)
			for s.Add(content["random"](rnd, 1000)) {
			}
			_, err := s.Close(nil)
			require.ErrorContains(t, err, "disk full")
		}
	}
}
