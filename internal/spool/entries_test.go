package spool_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// The first bytes of entries.
const (
	anAppend byte = 2 + iota
	aSpill
	aSeal
	aRekey
	aLanding
)

// flip damages the n-th entry of a kind.
func (w *world) flip(kind byte, n int) {
	w.t.Helper()
	for _, path := range w.disk.Under(dir + "/journal") {
		data, err := disk.ReadAll(w.disk, path)
		require.NoError(w.t, err)
		salt, _, ok := frame.ParseHeader(data)
		require.True(w.t, ok)
		at := int64(-1)
		frame.Scan(data, salt, false, func(end int64, f frame.Frame) {
			if f.Payload[0] == kind {
				if n == 0 {
					at = end - 1
				}
				n--
			}
		})
		if at >= 0 {
			w.disk.Flip(path, int(at)*8)
			return
		}
	}
	require.Fail(w.t, "there is no such entry")
}

// sealed makes all records of a path an object.
func sealed(t *testing.T, s *spool.Spool, path string) uint64 {
	t.Helper()
	for _, st := range s.Streams() {
		if st.Path != path {
			continue
		}
		n, err := s.Seal(t.Context(), spool.Range{Stream: st.ID, First: 0, End: st.Records},
			[]byte("intent"), strings.NewReader("body"), of("letters", "letter"))
		require.NoError(t, err)
		return n
	}
	require.Fail(t, "no such stream")
	return 0
}

// rotate fills the segment of the journal.
func rotate(t *testing.T, s *spool.Spool) {
	t.Helper()
	for i := range 20 {
		appended(t, s, of("filler", fmt.Sprintf("%0100d", i)))
	}
}

// What a damaged entry told is known from elsewhere.
func TestADamagedEntryIsMadeUpFor(t *testing.T) {
	t.Run("a seal: the object is found in the outbox, and is not encoded anew", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		appended(t, s, of("a", "1", "2"))
		sealed(t, s, "a")
		appended(t, s, of("b", "later"))
		require.NoError(t, s.Close())
		w.flip(aSeal, 0)
		s = w.open()
		objects, err := s.Objects(t.Context())
		require.NoError(t, err)
		require.Len(t, objects, 1)
		assert.Equal(t, "intent", string(objects[0].Intent))
		assert.Equal(t, spool.Range{Stream: 1, End: 2}, objects[0].Range)
		assert.Equal(t, map[string]string{"b": "later", "letters": "letter"}, texts(t, s))
		var body strings.Builder
		require.NoError(t, s.Body(t.Context(), objects[0].Number, &body))
		assert.Equal(t, "body", body.String())
		assert.Len(t, w.disk.Under(dir+"/outbox"), 1)
	})
	t.Run("a seal whose object has landed: its records do not return", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		appended(t, s, of("a", "1", "2"))
		require.NoError(t, s.Landed(t.Context(), sealed(t, s, "a")))
		appended(t, s, of("b", "later"))
		require.NoError(t, s.Close())
		w.flip(aSeal, 0)
		assert.NotContains(t, texts(t, w.open()), "a")
	})
	t.Run("a seal without an object: the next checkpoint knows of it", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.Memory = 1 << 20 // so that nothing is trimmed
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		appended(t, s, of("kept", "x"))
		appended(t, s, of("a", "1"))
		_, err = s.Seal(t.Context(), spool.Range{Stream: 2, End: 1}, nil, nil, nil)
		require.NoError(t, err)
		rotate(t, s)
		require.NoError(t, s.Close())
		w.flip(aSeal, 0)
		s, err = spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		assert.NotContains(t, texts(t, s), "a")
	})
	t.Run("a landing: the next checkpoint knows of it", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		opts := w.options()
		opts.Memory = 1 << 20 // so that nothing is trimmed
		s, err := spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		appended(t, s, of("kept", "x"))
		appended(t, s, of("a", "1"))
		require.NoError(t, s.Landed(t.Context(), sealed(t, s, "a")))
		rotate(t, s)
		require.NoError(t, s.Close())
		w.flip(aLanding, 0)
		s, err = spool.Open(w.disk, dir, opts)
		require.NoError(t, err)
		assert.Zero(t, s.Stats().Objects)
		assert.Len(t, w.losses, 1, "the entry, and no object: %v", w.losses)
	})
	t.Run("a spill: the records are found in its file", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		want := ""
		for i := range 12 {
			text := fmt.Sprintf("%0100d", i)
			appended(t, s, of("a", text))
			want = strings.TrimSpace(want + " " + text)
		}
		require.NoError(t, s.Close())
		require.NotEmpty(t, w.disk.Under(dir+"/spill"))
		w.flip(aSpill, 0)
		s = w.open()
		assert.Equal(t, want, texts(t, s)["a"])
		sealAll(t, s)
		landAll(t, s)
		assert.Empty(t, w.disk.Under(dir+"/spill"))
	})
	t.Run("the first records of a stream: the next ones say what it is called", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		for _, text := range []string{"1", "2", "3"} {
			appended(t, s, of("a", text))
		}
		require.NoError(t, s.Close())
		w.flip(anAppend, 0)
		assert.Equal(t, map[string]string{"a": "2 3"}, texts(t, w.open()))
	})
	t.Run("a new key: the object keeps the old one", func(t *testing.T) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		appended(t, s, of("a", "1"))
		n := sealed(t, s, "a")
		require.NoError(t, s.Rekey(t.Context(), n, []byte("another")))
		appended(t, s, of("b", "later"))
		require.NoError(t, s.Close())
		w.flip(aRekey, 0)
		o, err := w.open().Object(t.Context(), n)
		require.NoError(t, err)
		assert.Equal(t, "intent", string(o.Intent))
		assert.NotEmpty(t, w.losses)
	})
}

// A stream that has nothing but an object on its way is remembered for it.
func TestTheNameOfALostObjectIsKnown(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", "1"))
	n := sealed(t, s, "a")
	for range 2 {
		rotate(t, s)
		require.NoError(t, s.Close())
		s = w.open()
	}
	w.disk.Flip(w.disk.Under(dir + "/outbox")[0], 8*frame.HeaderSize)
	_, err := s.Object(t.Context(), n)
	require.ErrorIs(t, err, spool.ErrUnknown)
	require.Len(t, w.losses, 1)
	assert.Equal(t, "a", w.losses[0].Path)
}
