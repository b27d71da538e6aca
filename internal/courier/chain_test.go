package courier

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
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
	"github.com/s3-destination/s3-destination/internal/spool"
)

// beginning begins objects of a stream that are due at two records.
func beginning(p *process, w work) {
	p.courier.cfg.Chunks.MaxRecords, p.courier.cfg.Chunks.MaxAge = 2, math.MaxInt64
	p.courier.closed = false
	p.courier.mu.Lock()
	p.courier.begin(w)
	p.courier.mu.Unlock()
}

// A stream of which much has come is made objects of one after another.
func TestAnObjectThatIsDueFollowsTheOneBeforeIt(t *testing.T) {
	p, stream := full(t)
	beginning(p, work{Stream: stream, reason: chunk.Records})
	p.courier.done.Wait()
	assert.Empty(t, p.spool.Waiting())
	assert.Len(t, p.objects, 2)
	left := p.spool.Streams()[0]
	assert.Equal(t, uint64(1), left.Records, "not enough for one that is due")
	assert.Empty(t, p.courier.sealing)
	assert.Zero(t, p.courier.making)
	assert.Zero(t, p.courier.encoding.taken())
	p.courier.emptying = true
	beginning(p, work{Stream: left, reason: chunk.Drain})
	p.courier.done.Wait()
	assert.Empty(t, p.spool.Streams())
	assert.Len(t, p.objects, 3)
	require.NoError(t, p.spool.Close())
}

// stages notes what happens to objects, and has their seals wait.
type stages struct {
	Pipeline
	seal func(o *chunk.Object) error

	mu   sync.Mutex
	all  []string
	held int // encoded forms that are not released
}

// form is one of them.
type form struct {
	chunk.Encoded
	of *stages
}

func (f *form) Release() {
	f.Encoded.Release()
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	f.of.held--
}

func (s *stages) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, what)
}

func (s *stages) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func (s *stages) Encode(ctx context.Context, kind chunk.Kind, records []record.Record, limit int64) (chunk.Encoded, encode.Result, error) {
	s.note("encode")
	encoded, res, err := s.Pipeline.Encode(ctx, kind, records, limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	return &form{encoded, s}, res, err
}

func (s *stages) Seal(o chunk.Object) ([]byte, io.WriterTo, error) {
	s.note("seal")
	if err := s.seal(&o); err != nil {
		return nil, nil, err
	}
	o.Encoded = o.Encoded.(*form).Encoded
	return s.Pipeline.Seal(o)
}

// While an object is written to the disk, the next one is encoded, and no other.
func TestTheNextObjectIsEncodedWhileOneIsSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		keep(p, 2)
		s := &stages{Pipeline: p.courier.pipe, seal: func(*chunk.Object) error {
			time.Sleep(time.Second)
			return nil
		}}
		p.courier.pipe = s
		beginning(p, work{Stream: stream, reason: chunk.Records})
		synctest.Wait()
		assert.Equal(t, []string{"encode", "seal", "encode"}, s.noted())
		assert.Equal(t, 2, p.courier.Look(0).Making)
		p.courier.look(time.Now()) // which must not forget who follows
		time.Sleep(time.Second)
		synctest.Wait()
		assert.ElementsMatch(t, []string{"encode", "seal", "encode", "seal", "encode"}, s.noted())
		p.courier.done.Wait()
		assert.Len(t, p.objects, 3)
		left := p.spool.Streams()
		require.Len(t, left, 1)
		assert.Equal(t, uint64(1), left[0].Records)
		require.NoError(t, p.spool.Close())
	})
}

// A look at all streams passes over those of which objects are being made, and does
// not forget what follows these.
func TestALookDoesNotForgetWhatFollows(t *testing.T) {
	p, stream := full(t)
	c := p.courier
	c.cfg.Chunks.MaxRecords, c.cfg.Chunks.MaxAge = 2, math.MaxInt64
	c.making = c.seals() // so that nothing begins
	last := newTurn()
	c.sealing[stream.ID] = &chain{n: 1, last: last}
	c.follow(stream.ID)
	assert.Empty(t, c.queue, "it is not known yet where it begins")
	c.sealing[stream.ID].next = stream.First + 2
	c.follow(stream.ID)
	c.look(time.Now())
	require.Len(t, c.queue, 1)
	assert.Equal(t, stream.First+2, c.queue[0].First)
	assert.Same(t, last, c.queue[0].after)
	c.closed = false
	c.begin(work{Stream: stream, reason: chunk.Records})
	assert.Equal(t, 1, c.sealing[stream.ID].n, "a look from before it began")
	require.NoError(t, p.spool.Close())
}

// An object whose predecessor could not be sealed is not sealed either: both are made
// again, and only the first one tells of it.
func TestNoObjectIsSealedBeforeThoseBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		var told []error
		p.courier.cfg.Failed = func(err error) { told = append(told, err) }
		broken := errors.New("broken")
		s := &stages{Pipeline: p.courier.pipe, seal: func(*chunk.Object) error {
			time.Sleep(time.Second)
			return broken
		}}
		p.courier.pipe = s
		beginning(p, work{Stream: stream, reason: chunk.Records})
		p.courier.done.Wait()
		assert.Equal(t, []string{"encode", "seal", "encode"}, s.noted())
		assert.Equal(t, []error{broken}, told)
		assert.Empty(t, p.objects)
		assert.Zero(t, s.held, "what was encoded is not kept")
		assert.Zero(t, p.courier.encoding.taken())
		assert.Empty(t, p.courier.sealing)
		assert.Zero(t, p.courier.making)

		p.courier.pipe = s.Pipeline
		p.courier.look(time.Now())
		p.courier.done.Wait()
		assert.Empty(t, p.objects, "not at once")
		p.courier.look(time.Now().Add(again))
		p.courier.done.Wait()
		assert.Len(t, p.objects, 2)
		require.NoError(t, p.spool.Close())
	})
}

// Records of which an object is made count with that, and no longer with those that wait.
func TestRecordsThatAreEncodedMakeRoomForOthers(t *testing.T) {
	p, stream := full(t)
	const memory = 900 // of the spool
	pressed := func() bool {
		return p.spool.Pressed(memory-p.spool.Stats().Cached+1, []uint64{stream.ID})
	}
	require.True(t, pressed())
	d, err := p.courier.draft(t.Context(), work{Stream: stream}, unheard)
	require.NoError(t, err)
	assert.False(t, pressed())
	d.done()
	assert.True(t, pressed())
	d.Encoded.Release()
	require.NoError(t, p.spool.Close())
}

// What cannot be made holds no memory.
func TestNothingIsHeldOfAnObjectThatIsNotMade(t *testing.T) {
	p, stream := full(t)
	_, err := p.courier.draft(t.Context(), work{Stream: spool.Stream{ID: stream.ID + 1, Records: 1, Bytes: 1}}, unheard)
	require.ErrorIs(t, err, spool.ErrUnknown)
	assert.Zero(t, p.courier.encoding.taken())
	p.courier.encoders <- struct{}{} // the only one is busy
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = p.courier.draft(ctx, work{Stream: stream}, unheard)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, p.courier.encoding.taken())

	p.courier.sealing[stream.ID] = &chain{n: 1, last: newTurn()}
	p.courier.emptying = true
	p.courier.ends(&work{Stream: spool.Stream{ID: stream.ID, First: 1}}, 1)
	assert.Empty(t, p.courier.queue, "nothing was read: what to do is for the next look to say")
	p.courier.ends(&work{Stream: stream}, stream.First+1)
	assert.Len(t, p.courier.queue, 1)
	require.NoError(t, p.spool.Close())
}

// What follows an object begins where that ends, even if it takes less than it might.
func TestAnObjectBeginsWhereTheOneBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		p.courier.cfg.Chunks.MaxFileSize = 130 // two records
		s := &stages{Pipeline: p.courier.pipe, seal: func(*chunk.Object) error {
			time.Sleep(time.Second)
			return nil
		}}
		p.courier.pipe = s
		p.courier.closed, p.courier.emptying = false, true
		p.courier.mu.Lock()
		p.courier.begin(work{Stream: stream, reason: chunk.Drain})
		p.courier.mu.Unlock()
		p.courier.done.Wait()
		var rows []int
		for _, o := range p.objects {
			rows = append(rows, strings.Count(o.body, "\n"))
		}
		slices.Sort(rows)
		assert.Equal(t, []int{1, 2, 2}, rows)
		assert.Empty(t, p.spool.Streams())
		require.NoError(t, p.spool.Close())
	})
}
