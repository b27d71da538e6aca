package spooled

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/summary"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/testutil/parceltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newWay returns a way that makes no object: what is kept stays in the spool.
func newWay(t *testing.T, path string) (w *Way, taking *int) {
	t.Helper()
	conf, err := config.ParseYAML(fmt.Sprintf("bucket: b\nregion: r\nfile_format: json\nfolder: '{{p}}{{q}}'\nfile_name: '{{uuid}}'\n"+
		"variables: {p: '${! json(\"p\") }', q: '${! meta(\"q\") }'}\nmax_age: 1h\nmemory_limit: 64MiB\non_bad_record: dead_letter\ndead_letter_folder: bad\nconditional_writes: off\nspool: {path: %q, max_size: 64MiB}\n", path))
	require.NoError(t, err)
	assigner, err := partition.New(conf.Partition)
	require.NoError(t, err)
	res := service.MockResources()
	observer := telemetry.NewObserver(telemetry.New(res.Metrics(), res.Logger(), conf), summary.Begin(time.Now()))
	conf.Chunks.Observer = observer
	taking = new(int)
	w = New(Parts{
		Conf: conf, Log: res.Logger(), Observer: observer, Assigner: assigner, Label: "lake",
		Taking: func(inflight.Sink) { *taking++ },
	})
	return w, taking
}

func write(t *testing.T, w *Way, b service.MessageBatch) error {
	t.Helper()
	held := inflight.LeasesOf(len(b), func(i int) context.Context { return b[i].Context() })
	opened, err := parcel.Open(b)
	require.NoError(t, err)
	return w.Write(t.Context(), opened, &held)
}

// waiting is the number of records in the spool, by the path of their partition.
func waiting(t *testing.T, w *Way) map[string]int {
	t.Helper()
	c, err := spool.Inspect(disk.OS{}, w.dir, true)
	require.NoError(t, err)
	found := map[string]int{}
	for _, s := range c.Waiting {
		found[courier.Path(s.Path)] += int(s.Records)
	}
	return found
}

// A call returns when its records are on disk, where they outlive the process.
func TestACallReturnsWhenItsRecordsAreOnDisk(t *testing.T) {
	path := t.TempDir()
	w, taking := newWay(t, path)
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), service.ErrNotConnected)
	require.False(t, w.Reached())
	require.NoError(t, w.Connect(t.Context()))
	require.NoError(t, w.Connect(t.Context()))
	require.True(t, w.Reached())
	assert.Equal(t, 1, *taking)
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"a","n":1}`, `{"p":"b","n":2}`, `{"p":"a","n":3}`)))
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"b","n":4}`)))
	require.NoError(t, w.Close(t.Context()))
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"b","n":5}`)), chunk.ErrClosed)

	again, _ := newWay(t, path)
	require.NoError(t, again.Connect(t.Context()))
	require.NoError(t, write(t, again, parceltest.Batch(`{"p":"a","n":6}`)))
	require.NoError(t, again.Close(t.Context()))
	found := map[string]int{}
	for p, n := range waiting(t, again) {
		found[p[:1]] += n
	}
	assert.Equal(t, map[string]int{"a": 3, "b": 2}, found)
}

// What records take in memory is counted by their bytes.
func TestRecordsKeepNoMemoryOfWhichMostIsUnused(t *testing.T) {
	w, _ := newWay(t, t.TempDir())
	require.NoError(t, w.Connect(t.Context()))
	k := w.opened.Load()
	const size = 64 * spool.Headroom
	for length, room := range map[int]int{10: 0, size / 4: 0, size * 3 / 4: spool.Headroom} {
		k.single.Store(true)
		buf, _, giveBack := k.buffer(size)
		b := parceltest.Batch(`{"p":"a","more":"` + strings.Repeat("x", length) + `"}`)
		records := w.encode(k, b, &inflight.Leases{}, buf, w.delivery(k))
		require.Len(t, records, 1)
		assert.Equal(t, room, records[0].Room, length)
		require.NoError(t, k.courier.Append(t.Context(), records, nil))
		giveBack()
	}
	require.NoError(t, w.Close(t.Context()))
	assert.Equal(t, 3, total(t, w))
}

// While the spool is nearly full one call says so, which turns readiness red, and
// Connect returns when there is room again.
func TestOneCallIsToldThatTheSpoolIsNearlyFull(t *testing.T) {
	w, _ := newWay(t, t.TempDir())
	require.NoError(t, w.Connect(t.Context()))
	defer func() { require.NoError(t, w.Close(t.Context())) }()
	first := w.opened.Load()
	defer w.opened.Store(first)
	k := &keeper{spool: first.spool, courier: first.courier, dir: first.dir} // its courier tells another one what there is
	k.buffers.New = first.buffers.New
	w.opened.Store(k)
	size := float64(w.Conf.Spool.MaxSize)
	filled := func(part float64) courier.Stats {
		return courier.Stats{Stats: spool.Stats{Outbox: int64(part * size)}}
	}
	w.observe(k, filled(nearlyFull-0.01))
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"a"}`)))
	w.observe(k, filled(nearlyFull+0.01))
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), service.ErrNotConnected)
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), "the others wait for room, of which there is some")
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	w.observe(k, filled(roomAgain+0.01))
	require.ErrorIs(t, w.Connect(short), context.DeadlineExceeded)
	w.observe(k, filled(roomAgain-0.01))
	require.NoError(t, w.Connect(t.Context()))
	w.observe(k, filled(1))
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), service.ErrNotConnected, "it is said again")
}

// busy is a pipeline whose encoder does not end when it is asked to.
type busy struct {
	courier.Pipeline

	begun, free chan struct{}
}

func (b *busy) Encode(context.Context, chunk.Kind, []record.Record, int64) (chunk.Encoded, encode.Result, error) {
	close(b.begun)
	<-b.free
	return nil, encode.Result{}, context.Canceled
}

// TestADirectoryIsLockedAsLongAsSomebodyWorksInIt: Close returns in time, and an
// encoder goes on, whose object is then written under a number that the next to open
// the spool would take as well.
func TestADirectoryIsLockedAsLongAsSomebodyWorksInIt(t *testing.T) {
	path := t.TempDir()
	w, _ := newWay(t, path)
	pipe := &busy{begun: make(chan struct{}), free: make(chan struct{})}
	w.Pipe = pipe
	require.NoError(t, w.Connect(t.Context()))
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"a"}`)))
	emptying, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = w.Empty(emptying, func(spool.Stats) {}) })
	<-pipe.begun
	stop()
	done.Wait()

	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Close(over), context.Canceled)
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), chunk.ErrClosed)
	for range 100 { // whoever gives it back too early does so beside us
		_, err := spool.Open(disk.OS{}, w.dir, w.Conf.SpoolOptions())
		require.ErrorIs(t, err, disk.ErrLocked)
		time.Sleep(time.Millisecond)
	}
	close(pipe.free)
	require.Eventually(t, func() bool {
		again, _ := newWay(t, path)
		return again.Connect(t.Context()) == nil && again.Close(t.Context()) == nil
	}, time.Minute, time.Millisecond)
	assert.Len(t, waiting(t, w), 1)
}
