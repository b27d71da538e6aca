package spool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// markedAs is the mark of a record of Kafka.
func markedAs(offset int64) redelivery.Mark {
	return redelivery.Mark{Source: redelivery.Source{Topic: "t"}, Offset: offset}
}

// appendedAs appends a record with its mark.
func appendedAs(t *testing.T, s *spool.Spool, offset int64, path, text string) {
	t.Helper()
	marks := redelivery.NewMemory(0)
	marks.Add(markedAs(offset))
	require.NoError(t, s.AppendMarked(t.Context(), of(path, text), marks))
}

// knows reports whether a record would be dropped that came again.
func knows(s *spool.Spool, offset int64) bool {
	m := markedAs(offset)
	return s.Recall().Take(&m)
}

// withDamagedObject is a spool that was opened with an object of a marked record,
// whose file is damaged.
func withDamagedObject(t *testing.T) (*world, *spool.Spool, uint64) {
	t.Helper()
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appendedAs(t, s, 0, "a", "x")
	number, err := s.Seal(t.Context(), spool.Range{Stream: 1, End: 1}, nil, strings.NewReader("the body"), nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	path := w.disk.Under(dir + "/outbox")[0]
	w.disk.Flip(path, 8*bytes.Index(readAll(t, w.disk, path), []byte("the body")))
	return w, w.open(), number
}

// kept is what was moved aside.
func kept(t *testing.T, w *world) string {
	t.Helper()
	var all []string
	for _, path := range w.disk.Under(dir + "/bad") {
		all = append(all, string(readAll(t, w.disk, path)))
	}
	return strings.Join(all, "\n")
}

// A process that ends while it gives an object up leaves it to the next one, which
// says what is lost. At no moment is the loss noted and nobody was told.
func TestADamagedObjectIsNamedWheneverTheProcessEnds(t *testing.T) {
	for how := range crashdisk.Crashes {
		for at, crashed := 1, true; crashed; at++ {
			why := fmt.Sprintf("crash %d at %d", how, at)
			w, s, number := withDamagedObject(t)
			require.True(t, knows(s, 0))
			w.disk.CrashAt(at)
			crashed = w.disk.Run(func() { _ = s.Body(t.Context(), number, io.Discard) })
			w.disk.Reboot(how)
			s = w.open()
			if s.Stats().Objects > 0 {
				require.ErrorIs(t, s.Body(t.Context(), number, io.Discard), spool.ErrUnknown, why)
			}
			require.NotEmpty(t, w.losses, why)
			require.False(t, knows(s, 0), why)
			require.Contains(t, kept(t, w), "he body", why)
			require.NoError(t, s.Close())
			w.losses = nil
			s = w.open()
			require.Empty(t, w.losses, "told already: %s", why)
			require.False(t, knows(s, 0), why)
			require.NoError(t, s.Close())
		}
	}
}

// Whoever reads an object may have lost interest in it: what is found out counts.
func TestADamagedObjectIsGivenUpWholeForACallThatHasEnded(t *testing.T) {
	w, s, number := withDamagedObject(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Body(ctx, number, io.Discard), spool.ErrUnknown)
	require.Len(t, w.losses, 1)
	assert.False(t, knows(s, 0))
	assert.Equal(t, []string{dir + "/bad/" + filepath.Base(w.losses[0].File)}, w.disk.Under(dir+"/bad"))
	assert.Zero(t, s.Stats().Objects)
	assert.Zero(t, s.Stats().Outbox)
}

// What is missing at a start is forgotten before it is noted that this was told: a
// start that ends in between must not leave the marks of what is lost.
func TestWhatIsMissingIsForgottenWheneverTheStartEnds(t *testing.T) {
	for how := range crashdisk.Crashes {
		for at, crashed := 1, true; crashed; at++ {
			why := fmt.Sprintf("crash %d at %d", how, at)
			w, s, _ := withDamagedObject(t)
			require.NoError(t, s.Close())
			require.NoError(t, w.disk.Remove(w.disk.Under(dir + "/outbox")[0]))
			require.NoError(t, w.disk.SyncDir(dir+"/outbox"))
			w.disk.CrashAt(at)
			crashed = w.disk.Run(func() { w.open() })
			w.disk.Reboot(how)
			s = w.open()
			require.NotEmpty(t, w.losses, why)
			require.False(t, knows(s, 0), why)
			require.NoError(t, s.Close())
			w.losses = nil
			require.NoError(t, w.open().Close())
			require.Empty(t, w.losses, "told already: %s", why)
		}
	}
}
