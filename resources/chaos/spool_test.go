package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// A client that got no answer sends its records again as others: of the first ones
// nobody knows.
func TestWhatIsNotAnsweredIsSentAgainAsOtherRecords(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	w := &world{ledger: &ledger{}, options: options{out: t.Output()}}
	p, err := w.newPosters(t.Context())
	require.NoError(t, err)
	t.Cleanup(p.http.CloseIdleConnections)
	p.address, p.renumber = strings.TrimPrefix(server.URL, "http://"), true
	p.deliver(t.Context())
	assert.EqualValues(t, 2, asked.Load())
	assert.Equal(t, 2*linesEach, w.ledger.len())
	assert.True(t, w.ledger.doubted(linesEach-1))
	assert.False(t, w.ledger.doubted(linesEach))
	assert.Equal(t, linesEach, p.taken())
	assert.Empty(t, w.breaches, "no reason for a copy")
}

// What a spool still holds after it was drained breaks a promise, and so does a
// drain that fails.
func TestWhatIsLeftInASpoolIsNoticed(t *testing.T) {
	long.Skip(t)
	w := place(t)
	s := &spooling{world: w, dir: filepath.Join(w.dir, "spool"), size: "64MiB", format: "json", largest: "1MB", done: moments{}}
	s.set = settings{input: "\n  generate: {count: 5, interval: '', mapping: 'root = {\"id\": counter() - 1, \"at\": \"2026-07-01\"}'}\n"}
	gone := w.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	require.NoError(t, s.join(t.Context()))
	require.NoError(t, s.last.endsAlone(time.Minute))
	require.NoError(t, s.look(t.Context(), false))
	require.Empty(t, s.wrong)
	require.NoError(t, s.look(t.Context(), true))
	require.Len(t, s.wrong, 1)
	assert.Contains(t, s.wrong[0], "are left")

	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, "lake", "journal")))
	require.Error(t, s.look(t.Context(), true), "there is none")

	gone.Remove()
	require.NoError(t, s.drain(t.Context()), "there is nothing to lose")
	assert.Len(t, s.wrong, 1)
}
