package spool_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// lived is a world whose spool has something of everything.
func lived(t *testing.T, seed uint64) *world {
	w := anyLife(t, seed)
	for _, part := range []string{"journal", "spill", "outbox"} {
		require.NotEmpty(t, w.disk.Under(dir+"/"+part))
	}
	return w
}

// anyLife is a world whose spool has what is left of a process.
func anyLife(t *testing.T, seed uint64) *world {
	w := newWorld(t, crashdisk.New(seed), seed)
	w.live(25)
	w.disk.Reboot(crashdisk.Kill)
	require.NoError(t, w.open().Close())
	w.arrive(len(w.late))
	return w
}

// again is the same world, so that something may be done to its disk.
func (w *world) again() *world {
	c := *w
	c.disk = w.disk.Clone(1)
	c.rand = rand.New(rand.NewPCG(1, 1))
	c.bucket, c.late, c.losses = maps.Clone(w.bucket), nil, nil
	return &c
}

// missing is the records that were acknowledged and are in no object; one that is
// in two ends the test.
func (w *world) missing(why string) int {
	w.t.Helper()
	missing, n := 0, w.copies()
	for id := range w.appended {
		require.LessOrEqual(w.t, n[id], 1, "%s: %s", why, id)
		if w.acknowledged[id] && n[id] == 0 {
			missing++
		}
	}
	return missing
}

func TestAFlippedBitLosesOneRunThatIsNamed(t *testing.T) { flips(t, 101) }

func TestAFlippedBitAnywhereLosesOneRunThatIsNamed(t *testing.T) {
	long.Skip(t)
	flips(t, 1)
}

// flips damages a bit in every so many bytes.
func flips(t *testing.T, stride int) {
	whole := lived(t, 1)
	most := 0
	for _, path := range whole.disk.Under(dir) {
		data, err := disk.ReadAll(whole.disk, path)
		require.NoError(t, err)
		for at := 0; at < len(data); at += stride + at%3 {
			const half = frame.HeaderSize / 2
			if at < frame.HeaderSize && at%half > 60 && len(data) > frame.HeaderSize {
				at += half - at%half // zeros behind each header
			}
			w := whole.again()
			w.disk.Flip(path, at*8+at%8)
			w.finish()
			why := fmt.Sprintf("%s at %d of %d", path, at, len(data))
			missing := w.missing(why)
			if missing > 0 {
				require.NotEmpty(t, w.losses, why)
			}
			most = max(most, missing)
		}
	}
	assert.Positive(t, most)
	assert.Less(t, most, 25, "a run or an object, not the rest")
}

// Whatever is removed: records are missing only where that is named, and, unless it
// is the segment of the journal that was written last, none is in two objects.
func TestAFileThatIsGoneIsNamed(t *testing.T) {
	for seed := range uint64(12) {
		whole := anyLife(t, 1+seed)
		for _, path := range whole.disk.Under(dir) {
			w := whole.again()
			require.NoError(t, w.disk.Remove(path))
			w.finish()
			if path == whole.last() { // only what it said tells which objects had landed
				require.NotEmpty(t, w.losses, "seed %d: %s", seed, path)
			} else if w.missing(path) > 0 {
				require.NotEmpty(t, w.losses, "seed %d: %s", seed, path)
			}
		}
	}
}

func TestAFileThatIsCutIsNamed(t *testing.T) {
	whole := lived(t, 1)
	for _, path := range whole.disk.Under(dir) {
		data, err := disk.ReadAll(whole.disk, path)
		require.NoError(t, err)
		for length := 0; length < len(data); length += 511 {
			w := whole.again()
			f, err := w.disk.Create(path)
			require.NoError(t, err)
			_, err = f.Write(data[:length])
			require.NoError(t, err)
			w.finish()
			why := fmt.Sprintf("%s cut at %d of %d", path, length, len(data))
			if missing := w.missing(why); missing > 0 && path != whole.last() {
				require.NotEmpty(t, w.losses, why)
			}
		}
	}
}

// last is the segment of the journal that is written to. What is cut from its end
// might as well never have been written: nothing else tells of it.
func (w *world) last() string {
	segments := w.disk.Under(dir + "/journal")
	return segments[len(segments)-1]
}

// damaged is a spool with a record in the journal that cannot be read.
func damaged(t *testing.T) *world {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	for _, text := range []string{"first", "second", "third"} {
		appended(t, s, of("a", text))
	}
	require.NoError(t, s.Close())
	path := w.disk.Under(dir + "/journal")[0]
	data, err := disk.ReadAll(w.disk, path)
	require.NoError(t, err)
	w.disk.Flip(path, 8*bytes.Index(data, []byte("second")))
	return w
}

func TestDamageIsNamedAndKeptAside(t *testing.T) {
	w := damaged(t)
	s := w.open()
	assert.Equal(t, map[string]string{"a": "first third"}, texts(t, s))
	require.Len(t, w.losses, 2)
	assert.Equal(t, "records 1 to 1 of a: what held them cannot be read", w.losses[0].String())
	assert.Contains(t, w.losses[1].String(), "cannot be read: what is there is kept in the directory bad")
	bad := w.disk.Under(dir + "/bad")
	require.Len(t, bad, 1)
	data, err := disk.ReadAll(w.disk, bad[0])
	require.NoError(t, err)
	assert.Contains(t, string(data), "econd")
	require.NoError(t, s.Close())

	w.losses = nil
	s = w.open()
	assert.Empty(t, w.losses, "told once")
	assert.Equal(t, map[string]string{"a": "first third"}, texts(t, s))
	for i := range 100 { // so that the journal is trimmed
		appended(t, s, of("b", fmt.Sprintf("%050d", i)))
	}
	require.NoError(t, s.Close())
	s = w.open()
	assert.Empty(t, w.losses)
	require.NoError(t, s.Close())
}

func TestStopRefusesToGoOnWithoutWhatIsDamaged(t *testing.T) {
	w := damaged(t)
	opts := w.options()
	opts.OnDamage = spool.Stop
	for range 2 {
		_, err := spool.Open(w.disk, dir, opts)
		require.ErrorIs(t, err, spool.ErrDamaged)
		require.ErrorContains(t, err, "records 1 to 1 of a")
	}
	require.NoError(t, w.open().Close())
}

// Nothing but a note tells of a last segment that is gone. A start that refuses to go
// on leaves it for the next one, which the same process makes moments later.
func TestStopRefusesToGoOnWithoutTheLastSegment(t *testing.T) {
	w := lived(t, 1)
	require.NoError(t, w.disk.Remove(w.last()))
	before := w.disk.Under(dir + "/journal")
	opts := w.options()
	opts.OnDamage = spool.Stop
	for range 3 {
		_, err := spool.Open(w.disk, dir, opts)
		require.ErrorIs(t, err, spool.ErrDamaged)
		require.ErrorContains(t, err, "a file of the journal is missing")
		require.Equal(t, before, w.disk.Under(dir+"/journal"), "nothing is changed")
	}
	require.NoError(t, w.open().Close())
	_, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err, "it has gone on once, as it was told to")
}

// What cannot be read is left out when the last segment is written anew.
func TestStopRefusesWhatIsDamagedUntilItIsToldOtherwise(t *testing.T) {
	whole := anyLife(t, 2)
	data, err := disk.ReadAll(whole.disk, whole.last())
	require.NoError(t, err)
	refused := 0
	for at := 0; at < len(data); at += 29 {
		w := whole.again()
		w.disk.Flip(whole.last(), 8*at)
		opts := w.options()
		opts.OnDamage = spool.Stop
		s, err := spool.Open(w.disk, dir, opts)
		if err == nil { // it is no more than a crash leaves
			require.NoError(t, s.Close())
			continue
		}
		refused++
		require.ErrorIs(t, err, spool.ErrDamaged)
		_, err = spool.Open(w.disk, dir, opts)
		require.ErrorIs(t, err, spool.ErrDamaged, "%d", at)
		require.NoError(t, w.open().Close())
	}
	require.Positive(t, refused)
}

func TestStopGoesOnAfterACrash(t *testing.T) {
	for seed := range uint64(60) {
		w := newWorld(t, crashdisk.New(seed), seed)
		w.disk.CrashAt(60 + int(seed))
		w.disk.Run(func() { w.live(steps) })
		w.disk.Reboot(crashdisk.Tear)
		opts := w.options()
		opts.OnDamage = spool.Stop
		for range 3 { // what was torn is told of once, and not later as damage
			_, err := spool.Open(w.disk, dir, opts)
			require.NoError(t, err)
			w.disk.Reboot(crashdisk.Tear)
		}
	}
}

func TestADamagedRunIsFoundWhenItIsRead(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	for i := range 60 {
		appended(t, s, of("a", fmt.Sprintf("record%02d", i)))
	}
	path := w.disk.Under(dir + "/spill")[0]
	data, err := disk.ReadAll(w.disk, path)
	require.NoError(t, err)
	w.disk.Flip(path, 8*bytes.Index(data, []byte("record")))
	b, err := s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	require.Len(t, w.losses, 1)
	l := w.losses[0]
	assert.Equal(t, "a", l.Path)
	assert.Len(t, b.Records, 60-int(l.End-l.First))
	assert.Equal(t, spool.Range{Stream: 1, End: 60}, b.Range, "what is lost is sealed with the others")
	_, err = s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	assert.Len(t, w.losses, 1, "named once")
	assert.Len(t, w.disk.Under(dir+"/bad"), 1)
}

func TestADamagedObjectIsGivenUp(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "x", "y"))
	_, err := s.Seal(t.Context(), spool.Range{Stream: 1, End: 2}, []byte(`{}`), strings.NewReader("the body"), nil)
	require.NoError(t, err)
	path := w.disk.Under(dir + "/outbox")[0]
	data, err := disk.ReadAll(w.disk, path)
	require.NoError(t, err)
	w.disk.Flip(path, 8*bytes.Index(data, []byte("the body")))
	w.calm = true
	require.ErrorIs(t, s.Deliver(t.Context(), 1, carried{w}), spool.ErrUnknown)
	require.Len(t, w.losses, 1)
	assert.Equal(t, "records 0 to 1 of a in "+path+": their encoded object is damaged, and whether it was stored before "+
		"is not known: what is there is kept in the directory bad", w.losses[0].String())
	assert.True(t, w.losses[0].Landed)
	assert.Empty(t, w.bucket)
	assert.Equal(t, []string{dir + "/bad/" + filepath.Base(path)}, w.disk.Under(dir+"/bad"))
	assert.Zero(t, s.Stats().Objects)
}

// The reserve is not taken back before something was sealed with it, unless nobody comes
// for a while.
func TestTheReserveIsLeftToAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.Reserve, opts.ForObject = 20_000, 0
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		appended(t, s, of("a", "x", "y"))
		w.disk.Limit(1)
		seal := func(first uint64) error {
			_, err := s.Seal(t.Context(), spool.Range{Stream: 1, First: first, End: first + 1}, nil, strings.NewReader("x"), nil)
			return err
		}
		require.ErrorIs(t, seal(0), syscall.ENOSPC)
		w.disk.Limit(1 << 20)
		s.Hold()
		assert.True(t, s.Stats().Full, "an object comes for the space")
		require.NoError(t, seal(0))
		s.Hold()
		assert.False(t, s.Stats().Full, "it has come")
		w.disk.Limit(1)
		require.ErrorIs(t, seal(1), syscall.ENOSPC)
		w.disk.Limit(1 << 20)
		time.Sleep(time.Hour)
		s.Hold()
		assert.False(t, s.Stats().Full, "none has come")
		require.NoError(t, s.Close())
	})
}

func TestAFullDiskSealsWithTheReserve(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	opts := w.options()
	opts.Reserve = 20_000
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	appended(t, s, of("a", "x"))
	w.disk.Limit(1) // another program has taken all
	r := spool.Range{Stream: 1, End: 1}
	_, err = s.Seal(t.Context(), r, nil, strings.NewReader("x"), nil)
	require.ErrorIs(t, err, syscall.ENOSPC)
	w.disk.Limit(30_000) // what the reserve gave back
	n, err := s.Seal(t.Context(), r, nil, strings.NewReader("x"), nil)
	require.NoError(t, err)
	require.NoError(t, s.Landed(t.Context(), n))
}
