package spool

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// handles counts what is open for reading.
type handles struct {
	disk.FS

	opened, open int
}

func (h *handles) Open(name string) (disk.Reader, error) {
	r, err := h.FS.Open(name)
	if err != nil {
		return nil, err
	}
	h.opened++
	h.open++
	return &handle{r, h}, nil
}

type handle struct {
	disk.Reader
	of *handles
}

func (h *handle) Close() error {
	h.of.open--
	return h.Reader.Close()
}

// spillFiles are files of one run each, of which that is the place.
func spillFiles(t *testing.T, fsys disk.FS, n int) []place {
	t.Helper()
	var all []place
	for i := range n {
		w, err := newSpillWriter(fsys, fmt.Sprint(i), uint64(i))
		require.NoError(t, err)
		require.NoError(t, w.add(&run{stream: 1, named: true, first: uint64(i), count: 1}, [][]byte{[]byte("x")}))
		require.NoError(t, w.finish())
		require.NoError(t, w.file.Close())
		all = append(all, w.places...)
	}
	return all
}

func readOf(t *testing.T, s *spillReaders, p place) {
	t.Helper()
	r, block, err := s.read(fmt.Sprint(p.file), &p)
	defer block.Release()
	require.NoError(t, err)
	assert.Equal(t, p.first, r.first)
}

func TestASpillFileStaysOpenUntilItIsNotNeeded(t *testing.T) {
	h := &handles{FS: crashdisk.New(1)}
	places := spillFiles(t, h, mostOpen+1)
	s := &spillReaders{fs: h, open: map[uint64]*spillReader{}}
	for range 3 {
		readOf(t, s, places[0])
	}
	assert.Equal(t, 1, h.opened, "once for all of its runs")
	for _, p := range places[1:] {
		readOf(t, s, places[0])
		readOf(t, s, p)
	}
	assert.Equal(t, mostOpen, h.open, "some at most")
	readOf(t, s, places[0])
	assert.Equal(t, mostOpen+1, h.opened, "not the one that was read last")

	r, err := s.take("0", 0)
	require.NoError(t, err)
	s.drop(0)
	assert.Equal(t, mostOpen, h.open, "somebody reads from it")
	s.giveBack(r)
	assert.Equal(t, mostOpen-1, h.open)
	s.close()
	assert.Zero(t, h.open)
	readOf(t, s, places[0])
	assert.Zero(t, h.open, "and nothing stays open from then on")
}

// A file whose run cannot be read is opened anew: who repairs it need not end the process.
func TestASpillFileThatCannotBeReadIsOpenedAnew(t *testing.T) {
	d := crashdisk.New(1)
	h := &handles{FS: d}
	p := spillFiles(t, h, 1)[0]
	s := &spillReaders{fs: h, open: map[uint64]*spillReader{}}
	readOf(t, s, p)
	bit := int(p.offset+p.length-1) * 8
	d.Flip("0", bit)
	_, _, err := s.read("0", &p)
	require.ErrorIs(t, err, errNotWhole)
	assert.Zero(t, h.open)
	d.Flip("0", bit)
	readOf(t, s, p)
	s.close()
}
