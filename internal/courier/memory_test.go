package courier

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// slow is a pipeline with something to do before it encodes.
type slow struct {
	Pipeline
	before func()
}

func (s *slow) Encode(ctx context.Context, kind chunk.Kind, records []record.Record, limit int64) (chunk.Encoded, encode.Result, error) {
	s.before()
	return s.Pipeline.Encode(ctx, kind, records, limit)
}

// Records may leave the cache while an object is made of them. Their memory is not used
// again before that is made.
func TestRecordsOfWhichAnObjectIsMadeAreNotOverwritten(t *testing.T) {
	p, stream := full(t)
	p.courier.pipe = &slow{p.courier.pipe, func() {
		other := []spool.Record{{Path: "in/other.json", Data: bytes.Repeat([]byte("y"), 65)}}
		for range 120 {
			require.NoError(t, p.courier.Append(t.Context(), other, nil))
		}
		require.Positive(t, p.spool.Stats().Spill)
	}}
	m, err := p.courier.seal(t.Context(), work{Stream: stream, reason: chunk.Age}, unheard)
	require.NoError(t, err)
	var body strings.Builder
	_, err = m.body.WriteTo(&body)
	require.NoError(t, err)
	m.release()
	line := `{"a":"` + strings.Repeat("x", 50) + `"}` + "\n"
	assert.Equal(t, strings.Repeat(line, strings.Count(body.String(), "\n")), body.String())
	assert.NotEmpty(t, body.String())
	require.NoError(t, p.spool.Close())
}

// All that is needed of an object that was just sealed is in memory.
func TestAnObjectThatIsInMemoryIsNotReadFromTheOutbox(t *testing.T) {
	p, stream := full(t)
	m, err := p.courier.seal(t.Context(), work{Stream: stream, reason: chunk.Age}, unheard)
	require.NoError(t, err)
	before := len(p.disk.Log())
	p.courier.carry(m.Number, place{m.Kind, m.Path}, m)
	m.release()
	assert.Len(t, p.objects, 1)
	assert.Empty(t, p.spool.Waiting(), "it has landed")
	for _, op := range p.disk.Log()[before:] {
		assert.False(t, strings.HasPrefix(op, "open ") || op == "read", op)
	}
	require.NoError(t, p.spool.Close())
}
