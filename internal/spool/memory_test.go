package spool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// line is text by which a record is told from all others, also in a part.
func line(n int) string { return strings.Repeat(fmt.Sprintf("%04d", n), 40) }

// fill appends so many records of a path, one by one, until what was in memory before is
// spilled and its memory used again.
func fill(t *testing.T, s *spool.Spool, path string, records int) {
	t.Helper()
	for n := range records {
		appended(t, s, of(path, line(1000+n)))
	}
}

// Memory is used again when its records have left the cache, and not as long as somebody
// reads them.
func TestRecordsThatAreReadAreNotOverwritten(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", line(1), line(2)))
	b, err := s.Read(1, 0, 1<<20, 0)
	require.NoError(t, err)
	part, err := s.Read(1, 0, 1, 1)
	require.NoError(t, err)
	fill(t, s, "b", 60)
	require.Positive(t, s.Stats().Spill)
	part.Release()
	fill(t, s, "c", 60)
	require.Len(t, b.Records, 2)
	assert.Equal(t, line(1)+line(2), string(slices.Concat(b.Records...)))
	b.Release()
	assert.Empty(t, b.Records)
	fill(t, s, "d", 60)
	assert.Equal(t, line(1)+" "+line(2), texts(t, s)["a"], "from disk")
	require.NoError(t, s.Close())
}

// So is the memory of records that were spilled, and read back.
func TestSpilledRecordsThatAreReadAreNotOverwritten(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	s := w.open()
	appended(t, s, of("a", line(1), line(2)))
	appended(t, s, of("b", line(3), line(4)))
	fill(t, s, "c", 120)
	var batches []spool.Batch
	for range 3 { // of the same size, one after another
		for id := range uint64(2) {
			b, err := s.Read(1+id, 0, 1<<20, 0)
			require.NoError(t, err)
			batches = append(batches, b)
		}
	}
	for i, b := range batches {
		from := 1 + 2*(i%2)
		assert.Equal(t, line(from)+line(from+1), string(slices.Concat(b.Records...)), "read %d", i)
	}
	again := 0
	for range 50 { // the race detector drops some
		for i := range batches {
			first := unsafe.SliceData(batches[i].Records[0])
			batches[i].Release()
			b, err := s.Read(1, 0, 1<<20, 0)
			require.NoError(t, err)
			if unsafe.SliceData(b.Records[0]) == first {
				again++
			}
			batches[i] = b
		}
	}
	assert.Positive(t, again, "memory that was given back is used again")
	require.NoError(t, s.Close())
}

// during is a disk with something to do before a file is made, and before each removal.
type during struct {
	disk.FS

	part     string // of the name
	do       func()
	removing func()
}

func (d *during) Remove(name string) error {
	if d.removing != nil {
		d.removing()
	}
	return d.FS.Remove(name)
}

func (d *during) Create(name string) (disk.File, error) {
	if do := d.do; do != nil && strings.Contains(name, d.part) {
		d.do = nil
		do()
	}
	return d.FS.Create(name)
}

// Who has an object sealed is the first to learn of it, and has it in memory.
func TestAnObjectWaitsWhenItsSealHasEnded(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	d := &during{FS: w.disk}
	s, err := spool.Open(d, dir, w.options())
	require.NoError(t, err)
	fill(t, s, "a", 8)
	require.Positive(t, s.Stats().Spill)
	removed := 0
	d.removing = func() {
		removed++
		assert.Empty(t, s.Waiting())
	}
	sealAll(t, s)
	d.removing = nil
	assert.Positive(t, removed, "the seal has ended the use of a spill file")
	assert.Len(t, s.Waiting(), 1)
	require.NoError(t, s.Close())
}

// A stream that is sealed while it is being spilled leaves its memory to others, but not
// before it is written.
func TestRecordsThatAreSpilledAreNotOverwritten(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	d := &during{FS: w.disk, part: "/spill/"}
	s, err := spool.Open(d, dir, w.options())
	require.NoError(t, err)
	for n := range 3 {
		appended(t, s, of("a", line(n)))
	}
	spilled := ""
	d.do = func() {
		b, err := s.Read(1, 0, 1<<20, 1) // the first of them
		require.NoError(t, err)
		number, err := s.Seal(t.Context(), b.Range, nil, strings.NewReader("x"), nil)
		require.NoError(t, err)
		require.NoError(t, s.Landed(t.Context(), number))
		b.Release()
		fill(t, s, "b", 3)
		spilled = texts(t, s)["a"]
	}
	fill(t, s, "c", 5)
	require.Positive(t, s.Stats().Spill)
	require.Nil(t, d.do)
	require.Empty(t, w.losses)
	assert.Equal(t, spilled, texts(t, s)["a"])
	assert.NotEmpty(t, spilled)
	require.NoError(t, s.Close())

	files := w.disk.Under(dir + "/spill")
	require.NotEmpty(t, files)
	found := ""
	for _, path := range files {
		data, err := disk.ReadAll(w.disk, path)
		require.NoError(t, err)
		found += string(data)
	}
	for n := range 3 {
		assert.Contains(t, found, line(n))
	}
}
