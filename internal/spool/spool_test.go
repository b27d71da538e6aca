package spool_test

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// of makes records of a path.
func of(path string, texts ...string) []spool.Record {
	var all []spool.Record
	for _, text := range texts {
		all = append(all, spool.Record{Path: path, Data: []byte(text)})
	}
	return all
}

func appended(t *testing.T, s *spool.Spool, records []spool.Record) {
	t.Helper()
	require.NoError(t, s.Append(t.Context(), records))
}

// texts is what is not sealed, by path.
func texts(t *testing.T, s *spool.Spool) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, st := range s.Streams() {
		b, err := s.Read(st.ID, 0, 1<<30, 0)
		require.NoError(t, err)
		all[st.Path] += string(bytes.Join(b.Records, []byte(" ")))
	}
	return all
}

// sealAll makes an object of each stream.
func sealAll(t *testing.T, s *spool.Spool) {
	t.Helper()
	for _, st := range s.Streams() {
		b, err := s.Read(st.ID, 0, 1<<30, 0)
		require.NoError(t, err)
		body := bytes.NewReader(bytes.Join(b.Records, []byte("\n")))
		_, err = s.Seal(t.Context(), b.Range, []byte("intent of "+st.Path), body, nil)
		require.NoError(t, err)
	}
}

func landAll(t *testing.T, s *spool.Spool) {
	t.Helper()
	objects, err := s.Objects(t.Context())
	require.NoError(t, err)
	for _, o := range objects {
		require.NoError(t, s.Landed(t.Context(), o.Number))
	}
}

func TestWhatIsAppendedIsReadInOrderUntilItIsSealed(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "1", "2"))
	appended(t, s, append(of("b", "x"), of("a", "3")...))
	assert.Equal(t, map[string]string{"a": "1 2 3", "b": "x"}, texts(t, s))

	streams := s.Streams()
	require.Len(t, streams, 2)
	assert.Equal(t, spool.Stream{ID: 1, Path: "a", Records: 3, Bytes: 6, Since: time.UnixMilli(1e12).UTC()}, streams[0])

	b, err := s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	r := b.Range
	r.End = b.Ends[1] // the third does not fit
	n, err := s.Seal(t.Context(), r, []byte("intent"), strings.NewReader("body"), of("letters", "refused"))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "3", "b": "x", "letters": "refused"}, texts(t, s))

	for range 2 { // and the same after a start
		objects, err := s.Objects(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []spool.Object{{Number: n, Path: "a", Range: r, Intent: []byte("intent")}}, objects)
		var body bytes.Buffer
		require.NoError(t, s.Body(t.Context(), n, &body))
		assert.Equal(t, "body", body.String())
		require.NoError(t, s.Close())
		s = w.open()
	}
	assert.Equal(t, map[string]string{"a": "3", "b": "x", "letters": "refused"}, texts(t, s))
	require.NoError(t, s.Rekey(t.Context(), n, []byte("another")))
	o, err := s.Object(t.Context(), n)
	require.NoError(t, err)
	assert.Equal(t, "another", string(o.Intent))
	require.NoError(t, s.Landed(t.Context(), n))
	_, err = s.Object(t.Context(), n)
	require.ErrorIs(t, err, spool.ErrUnknown)
	require.ErrorIs(t, s.Body(t.Context(), n, io.Discard), spool.ErrUnknown)
	require.NoError(t, s.Close())
}

func TestOnlyTheNextRecordsCanBeSealed(t *testing.T) {
	s := newWorld(t, crashdisk.New(1), 1).open()
	appended(t, s, of("a", "1", "2", "3"))
	for _, r := range []spool.Range{
		{Stream: 1, First: 1, End: 2}, {Stream: 1, First: 0, End: 4}, {Stream: 1}, {Stream: 1, First: 0, End: 0},
	} {
		_, err := s.Seal(t.Context(), r, nil, strings.NewReader("x"), nil)
		require.ErrorIs(t, err, spool.ErrOutOfOrder, "%v", r)
	}
	_, err := s.Seal(t.Context(), spool.Range{Stream: 9, End: 1}, nil, strings.NewReader("x"), nil)
	require.ErrorIs(t, err, spool.ErrUnknown)
	_, err = s.Read(9, 0, 1, 0)
	require.ErrorIs(t, err, spool.ErrUnknown)
	number, err := s.Seal(t.Context(), spool.Range{Stream: 1, End: 3}, nil, nil, nil)
	require.NoError(t, err)
	assert.Zero(t, number, "all records were refused")
	assert.Zero(t, s.Stats().Objects+s.Stats().Streams)
}

// whenWritten does something while it is written.
type whenWritten func()

func (f whenWritten) WriteTo(w io.Writer) (int64, error) {
	f()
	n, err := io.WriteString(w, "body")
	return int64(n), err
}

func TestTheSameRecordsAreNotSealedTwiceAtOnce(t *testing.T) {
	s := newWorld(t, crashdisk.New(1), 1).open()
	appended(t, s, of("a", "1"))
	r := spool.Range{Stream: 1, End: 1}
	_, err := s.Seal(t.Context(), r, nil, whenWritten(func() {
		_, err := s.Seal(t.Context(), r, nil, strings.NewReader("x"), nil)
		require.ErrorIs(t, err, spool.ErrOutOfOrder)
	}), nil)
	require.NoError(t, err)
	assert.Equal(t, 1, s.Stats().Objects)
}

func TestMemoryIsACache(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	want := map[string]string{}
	for i := range 300 {
		path, text := fmt.Sprintf("p%d", i%7), fmt.Sprintf("%d", i)
		appended(t, s, of(path, text))
		want[path] = strings.TrimSpace(want[path] + " " + text)
		require.LessOrEqual(t, s.Stats().Cached, w.options().Memory)
	}
	assert.Positive(t, s.Stats().Spill)
	assert.Less(t, s.Stats().Journal, 8*w.options().SegmentSize, "spilled records need no journal")
	assert.Equal(t, want, texts(t, s))
	w.disk.Reboot(crashdisk.Lose)
	s = w.open()
	assert.LessOrEqual(t, s.Stats().Cached, w.options().Memory)
	assert.Equal(t, want, texts(t, s))
	sealAll(t, s)
	landAll(t, s)
	st := s.Stats()
	assert.Zero(t, st.Spill+st.Outbox+st.Cached)
	assert.LessOrEqual(t, st.Journal, 2*w.options().SegmentSize, "it shrinks again")
}

// A stream that few records arrive for would keep the segments of all others.
func TestAQuietStreamHoldsBackNoJournal(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("quiet", "still here"))
	for i := range 300 {
		appended(t, s, of("busy", fmt.Sprintf("%050d", i)))
		if b := s.Streams()[1]; b.Records > 5 {
			got, err := s.Read(b.ID, 0, 1<<20, 0)
			require.NoError(t, err)
			n, err := s.Seal(t.Context(), got.Range, nil, strings.NewReader("x"), nil)
			require.NoError(t, err)
			require.NoError(t, s.Landed(t.Context(), n))
		}
	}
	assert.Less(t, s.Stats().Journal, 8*w.options().SegmentSize)
	assert.Equal(t, "still here", texts(t, s)["quiet"])
}

func TestFilesGoOldestFirstWithADirectorySyncBetween(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	for i := range 200 {
		appended(t, s, of(fmt.Sprintf("p%d", i%3), fmt.Sprintf("%050d", i)))
	}
	before := w.disk.Ops()
	sealAll(t, s)
	landAll(t, s)
	log := w.disk.Log()[before:]
	last := map[string]string{}
	for i, op := range log {
		path, is := strings.CutPrefix(op, "remove ")
		if !is {
			continue
		}
		require.Equal(t, "syncdir "+filepath.Dir(path), log[i+1])
		if strings.HasSuffix(path, ".journal") {
			require.Less(t, last[filepath.Dir(path)], path)
		}
		last[filepath.Dir(path)] = path
	}
	assert.Len(t, last, 3, "journal, spill and outbox: %v", last)
}

func TestASecondProcessIsToldWhoHasTheSpool(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	_, err := spool.Open(w.disk, dir, w.options())
	require.ErrorIs(t, err, disk.ErrLocked)
	require.ErrorContains(t, err, dir)
	require.NoError(t, s.Close())
	require.NoError(t, w.open().Close())
}

func TestObjectsForAnotherDestinationAreNotSent(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "1"))
	require.NoError(t, s.Close())

	opts := w.options()
	opts.Destination = "another bucket"
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err, "nothing is sealed yet")
	sealAll(t, s)
	require.NoError(t, s.Close())
	_, err = spool.Open(w.disk, dir, w.options())
	require.ErrorContains(t, err, "holds 1 objects for another bucket, and the destination is now bucket")
	s, err = spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	landAll(t, s)
	require.NoError(t, s.Close())
	require.NoError(t, w.open().Close())
}

func TestANewerFormatIsLeftAlone(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	require.NoError(t, w.open().Close())
	manifest := []byte(`{"version":99,"destination":"bucket","sum":1733919976}`)
	require.NoError(t, disk.WriteFile(w.disk, dir+"/manifest", manifest))
	_, err := spool.Open(w.disk, dir, w.options())
	require.ErrorContains(t, err, "has format 99")
}

func TestAClosedSpoolTakesNothing(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "1"))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Append(t.Context(), of("a", "2")), spool.ErrClosed)
	require.ErrorIs(t, s.Landed(t.Context(), 1), spool.ErrUnknown)
	_, err := s.Seal(t.Context(), spool.Range{Stream: 1, End: 1}, nil, strings.NewReader("x"), nil)
	require.ErrorIs(t, err, spool.ErrClosed)
}

// The real file system, and callers of all kinds at once.
func TestManyCallersOnARealDisk(t *testing.T) {
	w := newWorld(t, nil, 1)
	opts := w.options()
	opts.Memory, opts.Pause = 20_000, nil
	path := t.TempDir()
	s, err := spool.Open(disk.OS{}, path, opts)
	require.NoError(t, err)
	var group sync.WaitGroup
	for caller := range 20 {
		group.Go(func() {
			for i := range 30 {
				assert.NoError(t, s.Append(t.Context(), of(fmt.Sprintf("p%d", i%5), fmt.Sprintf("%d.%d", caller, i))))
			}
		})
	}
	var stored []string
	store := func() {
		for _, st := range s.Streams() {
			b, err := s.Read(st.ID, 0, 1<<20, 0)
			require.NoError(t, err)
			body := string(bytes.Join(b.Records, []byte(" ")))
			n, err := s.Seal(t.Context(), b.Range, nil, strings.NewReader(body), nil)
			require.NoError(t, err)
			require.NoError(t, s.Landed(t.Context(), n))
			stored = append(stored, strings.Fields(body)...)
		}
	}
	for range 10 {
		store()
	}
	group.Wait()
	require.NoError(t, s.Close())
	s, err = spool.Open(disk.OS{}, path, opts)
	require.NoError(t, err)
	store()
	require.NoError(t, s.Close())
	seen := map[string]bool{}
	for _, r := range stored {
		require.False(t, seen[r], "%s is there twice", r)
		seen[r] = true
	}
	assert.Len(t, seen, 20*30)
}

func TestAStartThatTheDiskRefusesIsNotAnEmptySpool(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	for i := range 100 {
		appended(t, s, of(fmt.Sprintf("p%d", i%3), fmt.Sprintf("%050d", i)))
	}
	sealAll(t, s)
	appended(t, s, of("a", "later"))
	require.NoError(t, s.Close())
	before := w.disk.Ops()
	require.NoError(t, w.open().Close())
	for at := 1; at <= w.disk.Ops()-before; at++ {
		d := w.disk.Clone(1)
		d.FailAt(at, syscall.EIO)
		if s, err := spool.Open(d, dir, w.options()); err == nil {
			require.NoError(t, s.Close())
		}
		d.Reboot(crashdisk.Lose)
		s, err := spool.Open(d, dir, w.options())
		require.NoError(t, err)
		objects, err := s.Objects(t.Context())
		require.NoError(t, err)
		require.Len(t, objects, 3, "at %d", at)
		require.Equal(t, "later", texts(t, s)["a"])
		require.NoError(t, s.Close())
	}
	assert.Empty(t, w.losses)
}
