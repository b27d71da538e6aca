package courier

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

func TestHowFullAnObjectMayBecomeDependsOnThoseBeforeIt(t *testing.T) {
	var s spread
	assert.Zero(t, s.fill(), "nothing is known")
	s.note(1000, 1000)
	assert.Zero(t, s.fill(), "one object tells nothing")
	s.note(1000, 1000)
	assert.InDelta(t, 0.99, s.fill(), 1e-9)
	s.note(1000, 985)
	assert.InDelta(t, 0.96, s.fill(), 1e-9, "twice the distance")
	s.note(1000, 1000)
	assert.InDelta(t, 0.966, s.fill(), 1e-9, "it fades")
	s.note(1000, 1030)
	assert.Zero(t, s.fill(), "too far to tell")
}

// patient is a pipeline of which each object takes a second to encode.
type patient struct {
	Pipeline

	mu    sync.Mutex
	begun []time.Time
	rows  []int
}

func (s *patient) Encode(ctx context.Context, kind chunk.Kind, records []record.Record, limit int64) (chunk.Encoded, encode.Result, error) {
	s.mu.Lock()
	s.begun = append(s.begun, time.Now())
	s.mu.Unlock()
	time.Sleep(time.Second)
	e, res, err := s.Pipeline.Encode(ctx, kind, records, limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, res.Rows)
	return e, res, err
}

// ready is a process with so many records in a stream, and as many encoders.
func ready(t *testing.T, records, encoders int) (*process, *patient) {
	p, _ := full(t)
	keep(p, records-5)
	s := &patient{Pipeline: p.courier.pipe}
	p.courier.pipe = s
	p.courier.encoders = make(chan struct{}, encoders)
	return p, s
}

// Objects of a certain number of records are encoded beside each other, as many as there
// are encoders, and are sealed in their order.
func TestObjectsOfOneStreamAreEncodedTogether(t *testing.T) {
	for encoders, seconds := range map[int][]int{1: {0, 1, 2, 3, 4, 5}, 2: {0, 0, 1, 1, 2, 2}, 3: {0, 0, 0, 1, 1, 1}} {
		synctest.Test(t, func(t *testing.T) {
			p, s := ready(t, 12, encoders)
			reasons := map[chunk.Reason]int{}
			p.courier.cfg.Sealed = func(o chunk.Object) { reasons[o.Reason]++ }
			began := time.Now()
			beginning(p, work{Stream: p.spool.Streams()[0], reason: chunk.Records})
			p.courier.done.Wait()
			var at []int
			for _, b := range s.begun {
				at = append(at, int(b.Sub(began).Seconds()))
			}
			assert.Equal(t, seconds, at, "%d encoders", encoders)
			assert.Equal(t, []int{2, 2, 2, 2, 2, 2}, s.rows)
			assert.Equal(t, map[chunk.Reason]int{chunk.Records: 6}, reasons, "memory is not what ends them")
			assert.Len(t, p.objects, 6)
			assert.Empty(t, p.spool.Streams())
			assert.Empty(t, p.courier.sealing)
			assert.Zero(t, p.courier.encoding.taken())
			require.NoError(t, p.spool.Close())
		})
	}
}

// sized is a process whose objects have a size of at most so many records, of which two
// were as large as was expected.
func sized(t *testing.T, records int) (*process, *patient, work) {
	p, s := ready(t, 40, 2)
	w := work{Stream: p.spool.Streams()[0], reason: chunk.Size}
	c := p.courier
	b, err := c.spool.Read(w.ID, w.First, math.MaxInt64, 0)
	require.NoError(t, err)
	raw := int64(0)
	for _, r := range b.Records {
		raw += int64(len(r))
	}
	b.Release()
	c.cfg.Chunks.MaxFileSize, c.cfg.Chunks.MaxAge = int64(59*records), math.MaxInt64 // of 59 bytes each
	for range 20 {
		c.ratios.Learn(chunk.Data, w.Path, raw, 59*int64(w.Records))
	}
	c.sealing[w.ID] = &chain{spread: spread{objects: 2}}
	c.closed = false
	return p, s, w
}

// An object that is made as large as it may be is a little smaller when the next one is
// encoded beside it.
func TestTheEndOfAnObjectIsForeseenByItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s, w := sized(t, 10)
		c := p.courier
		c.mu.Lock()
		c.begin(work{Stream: w.Stream, reason: w.reason, after: c.sealing[w.ID].last})
		c.mu.Unlock()
		p.courier.done.Wait()
		assert.ElementsMatch(t, []int{9, 9, 9, 10}, s.rows, "too little follows the last one")
		assert.Equal(t, s.begun[0], s.begun[1], "both at once")
		for _, o := range p.objects {
			assert.LessOrEqual(t, len(o.body), 590)
		}
		require.NoError(t, p.spool.Close())
	})
}

// Who is wrong about the end of an object makes the next one again. No record is lost,
// and none is in two objects.
func TestAnEndThatWasForeseenWronglyCostsTimeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s, w := sized(t, 10)
		keep(p, 60)
		w.Stream = p.spool.Streams()[0]
		c := p.courier
		var told []error
		c.cfg.Failed = func(err error) { told = append(told, err) }
		for range 20 {
			c.ratios.Learn(chunk.Data, w.Path, 2*59*int64(w.Records), 59*int64(w.Records)) // half of the truth
		}
		c.mu.Lock()
		c.begin(work{Stream: w.Stream, reason: w.reason, after: c.sealing[w.ID].last})
		c.mu.Unlock()
		c.done.Wait()
		assert.Len(t, p.objects, 1, "what was encoded behind it does not follow it")
		assert.Len(t, s.begun, 3, "and nothing more follows that")
		assert.Empty(t, told)
		assert.Empty(t, c.sealing)
		assert.Empty(t, c.rest, "it goes on at once")
		assert.Equal(t, cautious, c.wrong[w.ID], "and with more care")
		assert.Zero(t, c.encoding.taken())
		c.emptying = true
		for len(p.spool.Streams()) > 0 {
			c.look(time.Now())
			c.done.Wait()
		}
		rows := 0
		for _, o := range p.objects {
			rows += strings.Count(o.body, "\n")
			assert.LessOrEqual(t, len(o.body), 590)
		}
		assert.Equal(t, 100, rows)
		require.NoError(t, p.spool.Close())
	})
}

// An object that may have room for more is not closed for the sake of the next one.
func TestNothingIsForeseenWhereTooLittleIsKnown(t *testing.T) {
	p, _, w := sized(t, 10)
	c := p.courier
	foreseen := func(spread spread, bytes int64) bool {
		c.sealing[w.ID].spread = spread
		b, err := c.spool.Read(w.ID, w.First, math.MaxInt64, 0)
		require.NoError(t, err)
		defer b.Release()
		at := w
		at.Bytes = bytes
		return c.foresee(&at, chunk.Data, &b)
	}
	assert.True(t, foreseen(spread{objects: 2}, w.Bytes))
	assert.False(t, foreseen(spread{objects: 1}, w.Bytes))
	assert.False(t, foreseen(spread{objects: 2, most: 0.1}, w.Bytes))
	assert.False(t, foreseen(spread{objects: 2}, w.Bytes/3), "too little follows")
	c.wrong[w.ID] = 1
	assert.False(t, foreseen(spread{objects: 2}, w.Bytes), "one was wrong")
	delete(c.wrong, w.ID)
	c.sealing[w.ID+1] = &chain{}
	assert.False(t, foreseen(spread{objects: 2}, w.Bytes), "no encoder has time")
	require.NoError(t, p.spool.Close())
}

// A stream whose objects end for reasons that nobody can foresee is left alone, but not
// for ever.
func TestAStreamThatWasWrongIsNotForeseenForSomeTime(t *testing.T) {
	p, _, w := sized(t, 10)
	c := p.courier
	known := func() bool {
		_, _, is := c.expected(&w, chunk.Data)
		return is
	}
	require.True(t, known())
	c.learn(&w, chunk.Data, 100, 100, true)
	for range cautious {
		require.False(t, known())
		c.learn(&w, chunk.Data, 100, 100, false)
	}
	assert.True(t, known())
	assert.Empty(t, c.wrong)
	for id := range uint64(mostWrong) {
		c.wrong[w.ID+1+id] = 1
	}
	c.learn(&w, chunk.Data, 100, 100, true)
	assert.Len(t, c.wrong, mostWrong, "they are not remembered without a bound")
	require.NoError(t, p.spool.Close())
}
