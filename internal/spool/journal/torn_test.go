package journal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// Whoever reads a journal is told once which entries were synced: those before what a
// crash tore, and not what is damaged before that.
func TestWhereAJournalIsTornIsToldInItsPlace(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	k.append("first")
	k.append("damaged", "second")
	k.append("third", "torn", "fourth", "fifth")
	require.NoError(t, k.journal.Close())
	last := d.Under(dir)[len(d.Under(dir))-1]
	data, err := disk.ReadAll(d, last)
	require.NoError(t, err)
	for _, text := range []string{"damaged", "torn"} {
		at := bytes.Index(data, []byte(text))
		require.Positive(t, at)
		d.Flip(last, 8*at)
	}
	want := []string{"first", "second", "third", "TORN", "fourth", "fifth"}

	read := &keeper{t: t}
	opts := read.options()
	opts.Torn = func() { read.entries = append(read.entries, "TORN") }
	require.NoError(t, journal.Read(d, dir, opts))
	assert.Equal(t, want, read.entries)
	require.Len(t, read.damage, 2)
	assert.Equal(t, []bool{false, true}, []bool{read.damage[0].Torn, read.damage[1].Torn})

	again := &keeper{t: t}
	opts = again.options()
	opts.Torn = func() { again.entries = append(again.entries, "TORN") }
	again.journal, err = journal.Open(d, dir, opts)
	require.NoError(t, err)
	assert.Equal(t, want, again.entries)
	assert.Equal(t, read.damage, again.damage)
	require.NoError(t, again.journal.Close())
}
