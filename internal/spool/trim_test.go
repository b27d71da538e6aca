package spool_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

// keeping is a disk that removes nothing from the outbox for a while.
type keeping struct {
	disk.FS
	refuse bool
}

func (k *keeping) Remove(name string) error {
	if k.refuse && strings.Contains(name, "/outbox/") {
		return syscall.EIO
	}
	return k.FS.Remove(name)
}

// Objects that have landed leave the outbox together, but those of one stream one after
// another: should the entries be damaged that tell of them, the first one that is there
// would be taken for the next object of the stream.
func TestObjectsOfOneStreamLeaveTheOutboxInTheirOrder(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	k := &keeping{FS: w.disk, refuse: true}
	s, err := spool.Open(k, dir, w.options())
	require.NoError(t, err)
	for range 2 {
		for _, path := range []string{"a", "b", "c"} {
			appended(t, s, of(path, "record"))
		}
		sealAll(t, s)
	}
	landAll(t, s)
	assert.Len(t, w.disk.Under(dir+"/outbox"), 6)
	k.refuse = false
	appended(t, s, of("d", "record"))
	before := len(w.disk.Log())
	sealAll(t, s)
	var steps []string
	for _, op := range w.disk.Log()[before:] {
		if strings.Contains(op, "outbox") && !strings.Contains(op, "000007") {
			steps = append(steps, strings.Fields(op)[0])
		}
	}
	assert.Equal(t, []string{"remove", "remove", "remove", "syncdir"}, steps[len(steps)-8:len(steps)-4], "%v", steps)
	assert.Equal(t, []string{"remove", "remove", "remove", "syncdir"}, steps[len(steps)-4:], "%v", steps)
	assert.Len(t, w.disk.Under(dir+"/outbox"), 1)
	require.NoError(t, s.Close())
}

// A file for each few records costs more than a few large ones: when memory is full, a
// part of it is made free at one stroke.
func TestSmallRunsAreSpilledTogether(t *testing.T) {
	w := newWorld(t, crashdisk.New(1), 1)
	opts := w.options()
	opts.Memory, opts.SegmentSize = 64<<10, 1<<20
	s, err := spool.Open(w.disk, dir, opts)
	require.NoError(t, err)
	for n := 0; s.Stats().Spill == 0; n++ {
		appended(t, s, of(line(n), line(n)))
	}
	assert.LessOrEqual(t, s.Stats().Cached, opts.Memory*7/8)
	assert.Greater(t, s.Stats().Cached, opts.Memory*3/4, "and no more: it would have to be read back")
	require.NoError(t, s.Close())
}
