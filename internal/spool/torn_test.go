package spool_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// tear leaves of the entry with a text, and of those behind it, what a power loss
// leaves of entries that were to be synced together: the first is torn.
func (w *world) tear(text string) {
	w.t.Helper()
	data, err := disk.ReadAll(w.disk, w.last())
	require.NoError(w.t, err)
	salt, _, ok := frame.ParseHeader(data)
	require.True(w.t, ok)
	var torn []byte
	index, group := uint32(0), uint64(0)
	frame.Scan(data, salt, false, func(end int64, f frame.Frame) {
		start := end - frame.Overhead - int64(len(f.Payload))
		switch {
		case torn != nil:
			index++
			torn = frame.Append(torn, salt, start, frame.Frame{Group: group, Index: index, Payload: f.Payload})
		case bytes.Contains(f.Payload, []byte(text)):
			group = f.Group
			torn = append(bytes.Clone(data[:start]), make([]byte, end-start)...)
		}
	})
	require.Positive(w.t, index, "there is something behind it")
	f, err := w.disk.Create(w.last())
	require.NoError(w.t, err)
	_, err = f.Write(torn)
	require.NoError(w.t, err)
}

// cut tears the last entry.
func (w *world) cut() {
	w.t.Helper()
	data, err := disk.ReadAll(w.disk, w.last())
	require.NoError(w.t, err)
	f, err := w.disk.Create(w.last())
	require.NoError(w.t, err)
	_, err = f.Write(data[:len(data)-1])
	require.NoError(w.t, err)
}

// A crash tears what was not acknowledged, and nobody needs to hear of that. What is
// missing for another reason is lost all the same.
func TestWhatACrashToreHidesNoOtherLoss(t *testing.T) {
	begin := func(t *testing.T) *world {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		for offset := range int64(3) {
			appendedAs(t, s, offset, "a", strings.Repeat("x", 300))
		}
		require.Zero(t, s.Stats().Cached)
		rotate(t, s) // so that a spill file is all that has them
		appendedAs(t, s, 3, "a", "of a")
		appendedAs(t, s, 4, "c", "of c")
		appendedAs(t, s, 5, "b", "of b")
		appendedAs(t, s, 6, "a", "behind it")
		require.NoError(t, s.Close())
		return w
	}
	spilled := spool.Loss{Path: "a", First: 0, End: 3, Reason: "what held them cannot be read"}
	torn := spool.Loss{Path: "a", First: 3, End: 4, Reason: "what held them cannot be read", Unacknowledged: true}
	damaged := torn
	damaged.Unacknowledged = false
	for name, tc := range map[string]struct {
		tear func(w *world)
		gone bool // the spill file
		lost []spool.Loss
		stop string // why a start refuses to go on
	}{
		"torn in the middle": {func(w *world) { w.tear("of a") }, false, []spool.Loss{torn}, ""},
		"torn in the middle, and a file is gone": {
			func(w *world) { w.tear("of a") }, true, []spool.Loss{spilled, torn}, "records 0 to 2 of a",
		},
		"torn at the end, and a file is gone": {(*world).cut, true, []spool.Loss{spilled}, "records 0 to 2 of a"},
		"torn elsewhere, and a file is gone": {
			func(w *world) { w.tear("of b") }, true, []spool.Loss{spilled}, "records 0 to 2 of a",
		},
		"torn elsewhere, and an entry before that is damaged": {
			func(w *world) {
				w.tear("of b")
				w.disk.Flip(w.last(), 8*bytes.Index(readAll(t, w.disk, w.last()), []byte("of a")))
			}, false, []spool.Loss{damaged}, "records 3 to 3 of a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			if tc.gone {
				require.NoError(t, w.disk.Remove(w.disk.Under(dir + "/spill")[0])) // the oldest
			}
			tc.tear(w)
			opts := w.options()
			opts.OnDamage = spool.Stop
			if tc.stop != "" {
				_, err := spool.Open(w.disk, dir, opts)
				require.ErrorIs(t, err, spool.ErrDamaged)
				require.ErrorContains(t, err, tc.stop)
				w.losses = nil
				opts.OnDamage = spool.Quarantine
			}
			s, err := spool.Open(w.disk, dir, opts)
			require.NoError(t, err)
			var lost []spool.Loss
			for _, l := range w.losses {
				if l.End > 0 {
					lost = append(lost, l)
				}
			}
			assert.Equal(t, tc.lost, lost)
			assert.Equal(t, tc.stop == "", knows(s, 0), "a lost record that comes again is stored")
		})
	}
}

// An entry that names a stream may be torn, and the next one, too. What is left of
// its records was not acknowledged either.
func TestStopGoesOnWithoutRecordsWhoseNameACrashTore(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	for _, text := range []string{"torn", "and named again", "left"} {
		appended(t, s, of("a", text))
	}
	require.NoError(t, s.Close())
	w.tear("torn")
	w.tear("and named again")
	opts := w.options()
	opts.OnDamage = spool.Stop
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	require.NotEmpty(t, w.losses)
	for _, l := range w.losses {
		require.True(t, l.Unacknowledged, l)
	}
	require.NoError(t, s.Close())
}
