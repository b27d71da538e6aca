package spool_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

func TestInspectTellsWhatIsThereAndChangesNothing(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	_, err := spool.Inspect(disk.OS{}, nowhere, false)
	require.ErrorContains(t, err, "there is no spool in "+nowhere)

	s := w.open()
	appended(t, s, of("a", "1", "2"))
	sealAll(t, s)
	for range 40 {
		appended(t, s, of("b", "0123456789012345678901234567890123456789"))
	}
	_, err = spool.Inspect(w.disk, dir, false)
	require.ErrorIs(t, err, disk.ErrLocked)
	want := s.Stats()
	require.NoError(t, s.Close())

	before := w.disk.Clone(1)
	for _, verify := range []bool{false, true} {
		c, err := spool.Inspect(w.disk, dir, verify)
		require.NoError(t, err)
		want.Cached = 0
		assert.Equal(t, spool.Contents{
			Version: 1, Destination: "bucket", Stats: want,
			Waiting: []spool.Stream{{ID: 2, Path: "b", Records: 40, Bytes: 1860, Since: time.UnixMilli(1e12).UTC()}},
			Outbox: []spool.Object{{
				Number: 1, Path: "a", Intent: []byte("intent of a"), Range: spool.Range{Stream: 1, End: 2},
			}},
		}, c)
	}
	for _, path := range before.Files() {
		assert.Equal(t, readAll(t, before, path), readAll(t, w.disk, path))
	}
	assert.Equal(t, before.Files(), w.disk.Files())
}

func readAll(t *testing.T, d *crashdisk.Disk, path string) []byte {
	t.Helper()
	data, err := disk.ReadAll(d, path)
	require.NoError(t, err)
	return data
}

func TestVerifyReadsAllThatWaits(t *testing.T) {
	whole := newWorld(t, crashdisk.New(1), 1)
	s := whole.open()
	appended(t, s, of("a", "in the outbox"))
	sealAll(t, s)
	for range 40 {
		appended(t, s, of("b", "0123456789012345678901234567890123456789"))
	}
	appended(t, s, of("b", "the last group"))
	require.NoError(t, s.Close())
	cases := map[string]struct {
		text      string
		inspected int // losses without verify
		lost      string
	}{
		"journal": {"0123456789012345678901234567890123456789", 2, "of b: what held them cannot be read"},
		"spill":   {"0123456789012345678901234567890123456789", 0, "of b in /spool/label/spill/"},
		"outbox":  {"in the outbox", 0, "records 0 to 0 of a in /spool/label/outbox/"},
	}
	for part, c := range cases {
		t.Run(part, func(t *testing.T) {
			w := whole.again()
			files := w.disk.Under(dir + "/" + part)
			path := files[len(files)-1]
			at := bytes.Index(readAll(t, w.disk, path), []byte(c.text))
			require.Positive(t, at)
			w.disk.Flip(path, at*8)
			got, err := spool.Inspect(w.disk, dir, false)
			require.NoError(t, err)
			assert.Len(t, got.Lost, c.inspected)
			got, err = spool.Inspect(w.disk, dir, true)
			require.NoError(t, err)
			require.NotEmpty(t, got.Lost)
			assert.Contains(t, got.Lost[0].String(), c.lost)
		})
	}
}
