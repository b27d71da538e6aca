package courier

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/store"
)

// full is a process whose memory is full of records of one stream.
func full(t *testing.T) (p *process, stream spool.Stream) {
	w := newWorld(t, kinds[0], 1)
	w.calm = true
	p = w.process()
	for range 5 {
		keep(p, 1)
	}
	require.Positive(t, p.spool.Stats().Cached)
	return p, p.spool.Streams()[0]
}

func keep(p *process, records int) { keepIn(p, "in/f.json", records) }

func keepIn(p *process, path string, records int) {
	data, err := new(codec.Codec).Append(nil, &record.Record{Raw: []byte(`{"a":"` + strings.Repeat("x", 50) + `"}`)})
	require.NoError(p.t, err)
	all := make([]spool.Record, records)
	for i := range all {
		all[i] = spool.Record{Path: path, Data: data}
	}
	require.NoError(p.t, p.courier.Append(p.t.Context(), all, nil))
}

// admit reports after which time a call comes in; it takes as much as fits.
func admit(p *process) time.Duration {
	began := time.Now()
	done, err := p.courier.Admit(p.t.Context(), p.courier.arriving.all)
	require.NoError(p.t, err)
	done()
	return time.Since(began)
}

// Records are not spilled which leave memory soon.
func TestACallWaitsWhileTheRecordsInMemoryBecomeAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		assert.Zero(t, admit(p), "nothing is being made")
		p.courier.queue = []work{{Stream: stream, reason: chunk.Age}}
		assert.Zero(t, admit(p), "the destination may have to be waited for")
		p.courier.queue = nil
		p.courier.sealing[stream.ID] = &chain{n: 1}
		time.AfterFunc(patience/2, func() { p.courier.make(work{Stream: stream, reason: chunk.Size, turn: newTurn()}) })
		assert.Equal(t, patience/2, admit(p))
		assert.Zero(t, p.spool.Stats().Cached)
		assert.Zero(t, p.spool.Stats().Spill)
	})
}

// An object that takes long is waited for once.
func TestACallDoesNotWaitForLongAndOthersNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stream := full(t)
		p.courier.sealing[stream.ID] = &chain{}
		assert.Equal(t, patience, admit(p))
		assert.Zero(t, admit(p), "an object takes longer than that")
		p.courier.ended()
		assert.Equal(t, patience, admit(p), "objects are made again")
		p.courier.ended()
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		_, err := p.courier.Admit(ctx, p.courier.arriving.all)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, p.courier.arriving.taken())
		delete(p.courier.sealing, stream.ID)
		p.courier.sealing[stream.ID+1] = &chain{}
		assert.Zero(t, admit(p), "what is made frees no memory to speak of")
	})
}

// There are more streams than encoders can cope with, each of which is due again as
// soon as an object of it was made.
func TestAStreamIsNotForgottenForThoseThatAreAlwaysDue(t *testing.T) {
	p, stream := full(t)
	c := p.courier
	now := time.Now()
	c.looked = now
	c.making = c.seals()
	always := work{Stream: spool.Stream{ID: 2000, Since: now}, reason: chunk.Size}
	c.queue = []work{always}
	c.look(now.Add(often / 2))
	assert.Equal(t, []work{always}, c.queue, "looking at all streams takes a while")
	c.look(now.Add(often))
	require.NotEmpty(t, c.queue)
	assert.Equal(t, stream.ID, c.queue[0].ID)
	require.NoError(t, p.spool.Close())
}

// carrying notes from where bodies come.
type carrying struct {
	Pipeline
	memory []bool
}

func (c *carrying) Carry(ctx context.Context, intent []byte, body io.WriterTo, again bool,
	rekey func(context.Context, []byte) error,
) (chunk.Object, error) {
	_, memory := body.(*store.Body)
	c.memory = append(c.memory, memory)
	return c.Pipeline.Carry(ctx, intent, body, again, rekey)
}

// What can be sent at once is not read back from disk; the rest does not stay in
// memory.
func TestAnObjectIsSentFromMemoryIfItCanBeSentAtOnce(t *testing.T) {
	for name, hinder := range map[string]func(p *process) (further func()){
		"": func(*process) func() { return func() {} },
		"no memory": func(p *process) func() {
			giveBack, ok := p.courier.sending.try(p.courier.sending.all)
			require.True(t, ok)
			return giveBack
		},
		"others are sent": func(p *process) func() {
			for n := range p.courier.pace.Limit() {
				p.courier.flying[uint64(1000+n)] = struct{}{}
			}
			return func() { clear(p.courier.flying) }
		},
		"refused": func(p *process) func() {
			path, _ := parts("in/f.json")
			p.courier.wards[place{spool.Data, path}] = &ward{next: time.Now().Add(time.Hour)}
			return func() { clear(p.courier.wards) }
		},
	} {
		p, stream := full(t)
		pipe := &carrying{Pipeline: p.courier.pipe}
		p.courier.pipe, p.courier.closed = pipe, false
		further := hinder(p)
		m, err := p.courier.seal(t.Context(), work{Stream: stream, reason: chunk.Size}, unheard)
		require.NoError(t, err)
		released, release := make(chan struct{}, 2), m.release
		m.release = func() { release(); released <- struct{}{} }
		p.courier.pass(m)
		if name != "" {
			assert.Len(t, p.spool.Waiting(), 1, name)
			assert.Empty(t, p.objects, name)
		}
		further()
		p.courier.mu.Lock()
		p.courier.toSend = p.spool.Waiting() // as the next look finds
		p.courier.mu.Unlock()
		p.courier.proceed()
		p.courier.done.Wait()
		assert.Equal(t, []bool{name == ""}, pipe.memory, name)
		assert.Len(t, p.objects, 1, name)
		for _, o := range p.objects {
			assert.Equal(t, 5, strings.Count(o.body, "\n"), name)
		}
		assert.Empty(t, p.spool.Waiting(), name)
		assert.Zero(t, p.courier.sending.taken(), name)
		assert.Len(t, released, 1, name)
		require.NoError(t, p.spool.Close())
	}
}

// A look in between finds what was just sealed, which is not to be read back from disk.
func TestAnObjectThatIsInMemoryIsNotSentFromDisk(t *testing.T) {
	p, stream := full(t)
	pipe := &carrying{Pipeline: p.courier.pipe}
	p.courier.pipe, p.courier.closed = pipe, false
	look := func() {
		p.courier.mu.Lock()
		p.courier.toSend = p.spool.Waiting()
		p.courier.mu.Unlock()
		p.courier.proceed()
	}
	p.courier.cfg.Sealed = func(chunk.Object) { look() }
	m, err := p.courier.seal(t.Context(), work{Stream: stream, reason: chunk.Size}, unheard)
	require.NoError(t, err)
	look()
	p.courier.pass(m)
	look()
	p.courier.done.Wait()
	assert.Equal(t, []bool{true}, pipe.memory)
	assert.Empty(t, p.spool.Waiting())
	require.NoError(t, p.spool.Close())
}

// What was sent between two looks is still in the list of what is to be sent. Its
// turn must not be that of an object which waits.
func TestAnObjectThatHasLandedTakesNoTurnOfItsPartition(t *testing.T) {
	p, _ := full(t)
	p.courier.closed = false
	refused := place{spool.Data, "in/f.json"}
	p.courier.wards[refused] = &ward{next: time.Now()}
	p.courier.toSend = []spool.Waiting{{Number: 99, Path: "in/f.json"}}
	p.courier.proceed()
	p.courier.done.Wait()
	assert.Empty(t, p.courier.toSend)
	assert.False(t, p.courier.wards[refused].next.After(time.Now()), "the next one need not wait")
	require.NoError(t, p.spool.Close())
}
