package courier

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/template"
)

// However much waits of one stream, an object of it is as large as it may be, and takes
// the memory of that.
func TestABacklogIsNoReasonForOtherObjects(t *testing.T) {
	p, _ := full(t)
	c := p.courier
	c.encoding = newBudget(512 << 20) // memory_limit: 1GiB
	c.cfg.Chunks.MaxFileSize = 64 << 20
	for _, gib := range []int64{1, 8, 17, 20, 30, 4000} {
		backlog := spool.Stream{Bytes: gib << 30, Records: uint64(gib << 20), Path: "x"}
		n, bounded := c.most(chunk.Data, &backlog)
		assert.False(t, bounded, "%d GiB", gib)
		assert.Less(t, c.read(&backlog, n), 3*n/1024, "%d GiB", gib)
	}
	require.NoError(t, p.spool.Close())
}

func TestAnObjectClaimsWhatIsReadForIt(t *testing.T) {
	p, _ := full(t)
	for range 40 {
		keep(p, 100)
	}
	c := p.courier
	taken := int64(0)
	c.pipe = &slow{c.pipe, func() { taken = c.encoding.taken() }}
	m, err := c.seal(t.Context(), work{Stream: p.spool.Streams()[0], reason: chunk.Size}, unheard)
	require.NoError(t, err)
	assert.Positive(t, taken)
	assert.Less(t, taken, c.encoding.all/4, "the others wait in the spool")
	m.release()
	require.NoError(t, p.spool.Close())
}

// What follows an object may be queued again before it begins: it is made once.
func TestWhatIsQueuedTwiceIsMadeOnce(t *testing.T) {
	p, stream := full(t) // 5 records
	type made struct {
		rows   int
		reason chunk.Reason
	}
	var all []made
	p.courier.cfg.Sealed = func(o chunk.Object) { all = append(all, made{o.Rows, o.Reason}) }
	p.courier.making = p.courier.seals() - 1 // objects of other streams
	beginning(p, work{Stream: stream, reason: chunk.Records})
	p.courier.done.Wait()
	assert.Equal(t, []made{{2, chunk.Records}, {2, chunk.Records}}, all)
	assert.Empty(t, p.courier.queue)
	require.NoError(t, p.spool.Close())
}

// As long as S3 is down, old streams grow. They are in nobody's way.
func TestFullStreamsAreSealedWhileS3IsAway(t *testing.T) {
	for _, old := range []bool{false, true} {
		p, _ := full(t) // of 2001
		c := p.courier
		c.cfg.Chunks.MaxAge = math.MaxInt64
		if old {
			c.cfg.Chunks.MaxAge = time.Hour
		}
		p.later = time.Since(time.UnixMilli(1e12))
		keepIn(p, "in/full.json", 20)
		c.cfg.Chunks.MaxFileSize = 1000
		c.closed = false
		for n := range c.pace.Limit() { // uploads that hang
			c.flying[uint64(1000+n)] = struct{}{}
		}
		c.look(time.Now())
		c.done.Wait()
		assert.Equal(t, 1, p.spool.Stats().Objects, "the full one is sealed; another one is old: %t", old)
		require.NoError(t, p.spool.Close())
	}
}

// The same holds for an object that has to be made because there are too many streams.
func TestStreamsBecomeFewerWhileS3IsAway(t *testing.T) {
	p, stream := full(t) // of 2001
	c := p.courier
	c.cfg.Chunks.MaxAge, c.cfg.Chunks.MaxRecords, c.cfg.Chunks.MaxFileSize = time.Hour, 0, 0
	c.cfg.Chunks.MaxOpenPartitions = 1
	p.later = time.Since(time.UnixMilli(1e12))
	keepIn(p, "in/another.json", 1)
	for n := range c.pace.Limit() {
		c.flying[uint64(1000+n)] = struct{}{}
	}
	c.making = c.seals() // so that nothing begins
	c.look(time.Now())
	require.NotEmpty(t, c.queue)
	assert.Equal(t, stream.ID, c.queue[0].ID)
	assert.Equal(t, chunk.Partitions, c.queue[0].reason)
	for _, w := range c.queue[1:] {
		assert.NotEqual(t, stream.ID, w.ID, "once")
	}
	require.NoError(t, p.spool.Close())
}

func TestAForeseenEndIsBecauseOfTheSize(t *testing.T) {
	p, _, w := sized(t, 10) // objects of 10 records by size
	c := p.courier
	c.cfg.Chunks.MaxRecords = 30
	reasons := map[chunk.Reason][]int{}
	c.cfg.Sealed = func(o chunk.Object) { reasons[o.Reason] = append(reasons[o.Reason], o.Rows) }
	w.reason = chunk.Records // as due says of 40 records
	m, err := c.seal(t.Context(), w, unheard)
	require.NoError(t, err)
	m.release()
	assert.Len(t, reasons[chunk.Size], 1)
	assert.Empty(t, reasons[chunk.Records])
	require.NoError(t, p.spool.Close())
}

// Streams that are gone do not keep others from being remembered.
func TestTheLastStreamThatWasWrongIsRemembered(t *testing.T) {
	p, _, w := sized(t, 10)
	c := p.courier
	for id := range uint64(mostWrong) {
		c.wrong[w.ID+1+id] = cautious
	}
	c.learn(&w, chunk.Data, 100, 100, true)
	_, _, known := c.expected(&w, chunk.Data)
	assert.False(t, known)
	assert.LessOrEqual(t, len(c.wrong), mostWrong)
	require.NoError(t, p.spool.Close())
}

// An object may be sent from the outbox before the goroutine that has sealed it goes on.
func TestAnObjectThatHasLandedIsNotSentAgain(t *testing.T) {
	for _, k := range kinds {
		w := newWorld(t, k, 1)
		w.calm = true
		p := w.process()
		path, err := p.layout.AppendPath(nil, template.Values{Variables: [][]byte{[]byte("p")}})
		require.NoError(t, err)
		keepIn(p, string(path), 5)
		c := p.courier
		c.closed = false
		m, err := c.seal(t.Context(), work{Stream: p.spool.Streams()[0], reason: chunk.Age}, unheard)
		require.NoError(t, err)
		delete(c.made, m.Number) // it is not noted yet
		c.look(time.Now())
		c.done.Wait()
		require.Empty(t, p.spool.Waiting())
		c.pass(m)
		c.done.Wait()
		assert.Len(t, p.objects, 1, "%+v", k)
		require.Zero(t, c.sending.taken())
		require.NoError(t, p.spool.Close())
	}
}

// Others have filled the disk, and no call waits: the reserve is what objects can be
// sealed with.
func TestTheReserveIsLeftToWhatIsSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, kinds[0], 1)
		w.calm = true
		w.tweak = func(o *spool.Options) {
			o.Reserve, o.Memory, o.Pause, o.SegmentSize, o.ForObject = 100_000, 1<<20, nil, 1<<20, 0
		}
		p := w.process()
		keep(p, 500) // 30 kB
		used := int64(0)
		for _, name := range w.disk.Files() {
			data, err := disk.ReadAll(w.disk, name)
			require.NoError(t, err)
			used += int64(len(data))
		}
		w.disk.Limit(used)
		c := p.courier
		fails := 0
		c.cfg.Failed = func(error) { fails++ }
		c.cfg.Chunks.MaxFileSize, c.cfg.Chunks.MaxAge, c.closed = 0, time.Hour, false
		c.pipe = &slow{c.pipe, func() { time.Sleep(often + often/2) }} // the reserve could be taken back meanwhile
		c.done.Go(c.run)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		require.NoError(t, c.Empty(ctx, func(spool.Stats) {}))
		assert.Less(t, fails, 5)
		_, err := c.Close(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.spool.Close())
	})
}

// One look that takes long, as for a reserve that is written anew, stops nothing for long.
func TestAfterALongLookTheNextOneComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := full(t)
		c := p.courier
		n := 0
		c.cfg.Observe = func(Stats) {
			if n++; n == 1 {
				time.Sleep(2 * time.Second)
			}
		}
		known := c.cfg.Known
		looks := 0
		c.cfg.Known = func() bool {
			if looks++; looks == 1 {
				time.Sleep(2 * time.Second)
			}
			return known()
		}
		c.cfg.Chunks.MaxFileSize, c.cfg.Chunks.MaxAge, c.closed = 0, math.MaxInt64, false
		c.done.Go(c.run)
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, c.Empty(t.Context(), func(spool.Stats) {}))
		assert.Less(t, time.Since(began), 10*time.Second)
		_, err := c.Close(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.spool.Close())
	})
}

// A partition is not refused any more when the object is lost that was.
func TestNothingIsRefusedWhenNothingWaits(t *testing.T) {
	p, stream := full(t)
	c := p.courier
	m, err := c.seal(t.Context(), work{Stream: stream, reason: chunk.Size}, unheard)
	require.NoError(t, err)
	m.release()
	path, _ := parts(m.Path)
	at := place{m.Kind, path}
	c.refused(at, context.DeadlineExceeded)
	c.making = c.seals() // so that nothing begins
	c.look(time.Now())
	assert.Len(t, c.wards, 1, "it waits")
	for _, name := range p.disk.Under(dir + "/outbox") {
		data, err := disk.ReadAll(p.disk, name)
		require.NoError(t, err)
		p.disk.Flip(name, 8*(len(data)-100))
	}
	c.send(p.spool.Waiting()[0], at)
	require.Empty(t, p.spool.Waiting())
	c.look(time.Now())
	assert.Empty(t, c.wards)
	require.NoError(t, p.spool.Close())
}
