package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const dir = "/spool/journal"

// keeper is the simplest state: the entries themselves.
type keeper struct {
	t       *testing.T
	journal *journal.Journal
	entries []string
	damage  []journal.Damage
	failed  []error
}

func (k *keeper) apply(_ uint64, payload []byte, _ *memory.Block) {
	kind, text := payload[0], string(payload[1:])
	assert.Contains(k.t, []byte("CE"), kind, "what fills a gap is no entry")
	if kind == 'C' {
		k.entries = nil
		if text != "" {
			k.entries = strings.Split(text, ",")
		}
		return
	}
	k.entries = append(k.entries, text)
}

func (k *keeper) options() journal.Options {
	return journal.Options{
		SegmentSize: frame.HeaderSize + 600,
		GroupSize:   500,
		Blocks:      journal.Blocks{Size: 32, Large: frame.Overhead + 6, Place: place},
		Apply:       k.apply,
		Checkpoint:  func() []byte { return []byte("C" + strings.Join(k.entries, ",")) },
		Damaged:     func(d journal.Damage) { k.damage = append(k.damage, d) },
		Failed:      func(err error) { k.failed = append(k.failed, err) },
		Pause:       func(ctx context.Context, _ int) error { return ctx.Err() },
	}
}

// place pretends that entries lie anywhere in memory.
func place(entry []byte) int64 { return int64(entry[len(entry)-1]) * 5 % 32 }

func open(t *testing.T, fsys disk.FS) *keeper {
	t.Helper()
	k, err := tryOpen(t, fsys)
	require.NoError(t, err)
	return k
}

func tryOpen(t *testing.T, fsys disk.FS) (*keeper, error) {
	k := &keeper{t: t}
	var err error
	k.journal, err = journal.Open(fsys, dir, k.options())
	return k, err
}

func entry(format string, args ...any) []byte {
	return fmt.Appendf(frame.New(0), "E"+format, args...)
}

// append adds entries in one group.
func (k *keeper) append(entries ...string) {
	k.t.Helper()
	tickets := make([]*journal.Ticket, len(entries))
	for i, e := range entries {
		tickets[i] = k.journal.Enqueue(entry("%s", e), nil)
	}
	for _, t := range tickets {
		require.NoError(k.t, t.Wait(k.t.Context()))
	}
}

func numbered(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("entry-%03d", i))
	}
	return all
}

func TestEntriesSurvive(t *testing.T) {
	d := crashdisk.New(1)
	for i := range 5 {
		k := open(t, d)
		require.Empty(t, k.damage)
		assert.Equal(t, numbered(0, i*10), k.entries)
		for n := range 5 {
			k.append(numbered(i*10+n*2, i*10+n*2+2)...)
		}
		if i%2 == 0 {
			require.NoError(t, k.journal.Close())
		}
		d.Reboot(crashdisk.Lose)
	}
}

func TestManyCallersShareASync(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	before := d.Ops()
	k.append(numbered(0, 10)...)
	assert.Equal(t, 2, d.Ops()-before, "one write and one sync: %v", d.Log()[before:])
}

// The checkpoint of many streams may be larger than a segment should be.
func TestALargeCheckpointDoesNotBeginASegmentForEachGroup(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	k.append(numbered(0, 200)...) // all of them are in each checkpoint
	before := k.journal.Newest()
	for i := range 40 {
		k.append(fmt.Sprintf("entry-%d", 200+i))
	}
	assert.LessOrEqual(t, k.journal.Newest(), before+2)
}

func TestCallersOfAllKindsAreServed(t *testing.T) {
	fsys := disk.OS{}
	k := &keeper{t: t}
	var err error
	path := filepath.Join(t.TempDir(), "journal")
	k.journal, err = journal.Open(fsys, path, k.options())
	require.NoError(t, err)
	var group sync.WaitGroup
	for caller := range 50 {
		group.Go(func() {
			for n := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				if caller%5 == 0 {
					cancel() // gives up at once, or is served
				}
				err := k.journal.Enqueue(entry("%d.%d", caller, n), nil).Wait(ctx)
				if caller%5 != 0 {
					assert.NoError(t, err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	require.NoError(t, k.journal.Close())
	require.ErrorIs(t, k.journal.Enqueue(entry(""), nil).Wait(t.Context()), journal.ErrClosed)
	want := slices.Clone(k.entries)
	assert.Len(t, want, 50*20, "what nobody waits for any more is written, too")
	again := &keeper{t: t}
	again.journal, err = journal.Open(fsys, path, again.options())
	require.NoError(t, err)
	assert.Equal(t, want, again.entries)
	require.NoError(t, again.journal.Close())
}

// Every operation of a life is the last one, or fails, and so is each operation
// of the two recoveries after it.
func TestNoAcknowledgedEntryIsLostAndNoneIsReadTwice(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for at := 1; ; at++ {
		crashed := false
		for how := range crashdisk.Crashes {
			for seed := range seeds {
				d := crashdisk.New(seed)
				d.CrashAt(at)
				crashed = live(t, d, how, int(seed)) || crashed
			}
		}
		if !crashed {
			return
		}
	}
}

func live(t *testing.T, d *crashdisk.Disk, how crashdisk.Crash, recovery int) (crashed bool) {
	var acknowledged, written []string
	crashed = d.Run(func() {
		k := open(t, d)
		for i := range 12 {
			group := numbered(i*3, i*3+3)
			written = append(written, group...)
			k.append(group...)
			acknowledged = append(acknowledged, group...)
			if i%5 == 4 {
				require.NoError(t, k.journal.Trim(k.journal.Newest()))
			}
		}
	})
	for i := range 2 {
		d.Reboot(how)
		d.CrashAt(1 + (recovery*7+i*3)%17)
		d.Run(func() { open(t, d) })
	}
	d.Reboot(how)
	k := open(t, d)
	got := k.entries
	for _, e := range acknowledged {
		require.Contains(t, got, e)
	}
	require.True(t, slices.IsSorted(got) && len(slices.Compact(slices.Clone(got))) == len(got), "%v", got)
	require.Subset(t, written, got)
	for _, damage := range k.damage {
		require.True(t, damage.Torn, "a crash damages nothing: %+v", damage)
	}
	k.append("later")
	return crashed
}

func TestAnyOperationMayFailAndNothingIsReadTwice(t *testing.T) {
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for groups := 1; groups < 10; groups++ {
			if !long.Takes(groups, 3) {
				continue
			}
			for at := 1; failing(t, fault, at, groups) >= at; at++ {
			}
		}
	}
}

// failing is a life with one fault, and the crash after it. It returns how many
// operations it had.
func failing(t *testing.T, fault error, at, groups int) (ops int) {
	for how := range crashdisk.Crashes {
		d := crashdisk.New(uint64(at))
		d.FailAt(at, fault)
		k, err := tryOpen(t, d)
		if err != nil {
			k = open(t, d)
		}
		for i := range groups {
			k.append(numbered(i*3, i*3+3)...)
			_ = k.journal.Trim(k.journal.Newest())
		}
		ops = d.Ops()
		for range 2 {
			d.Reboot(how)
			again := open(t, d)
			require.Equal(t, numbered(0, groups*3), again.entries, "%v at %d: %v", fault, at, d.Log())
			for _, damage := range again.damage {
				require.True(t, damage.Torn, "%v at %d: %v: %v", fault, at, damage, d.Log())
			}
		}
	}
	return ops
}

func TestTrimKeepsTheLastSegmentAndShrinks(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	for i := range 30 {
		k.append(numbered(i*3, i*3+3)...)
	}
	grown, segments := k.journal.Bytes(), k.journal.Segments()
	require.NoError(t, k.journal.Trim(k.journal.Newest()+7))
	assert.Equal(t, 1, k.journal.Segments())
	assert.Greater(t, segments, 3)
	assert.Less(t, k.journal.Bytes(), grown/3)
	files := d.Under(dir)
	assert.Len(t, files, 1)
	data, err := disk.ReadAll(d, files[0])
	require.NoError(t, err)
	assert.Equal(t, int64(len(data)), k.journal.Bytes())
	ticket := k.journal.Enqueue(entry("waits"), nil)
	assert.Greater(t, k.journal.Bytes(), int64(len(data)), "what waits counts, too")
	require.NoError(t, ticket.Wait(t.Context()))
	d.Reboot(crashdisk.Lose)
	assert.Equal(t, append(numbered(0, 90), "waits"), open(t, d).entries)
}

func TestCloseEndsTheWaitForADiskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := crashdisk.New(1)
		k := &keeper{t: t}
		opts := k.options()
		opts.Pause = nil // the real one
		j, err := journal.Open(d, dir, opts)
		require.NoError(t, err)
		k.journal = j
		k.append("first")
		d.Limit(1)
		ended := make(chan error)
		go func() { ended <- j.Enqueue(entry("second"), nil).Wait(context.Background()) }()
		synctest.Wait()
		assert.NotEmpty(t, k.failed)
		require.Error(t, j.Close(), "the second is not durable")
		require.ErrorIs(t, <-ended, journal.ErrClosed)
		d.Limit(0)
		assert.Equal(t, []string{"first"}, open(t, d).entries)
	})
}

func TestAWriterThatGivesUpLetsTheNextOneTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := crashdisk.New(1)
		k := &keeper{t: t}
		opts := k.options()
		opts.Pause = nil
		var err error
		k.journal, err = journal.Open(d, dir, opts)
		require.NoError(t, err)
		d.Limit(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, k.journal.Enqueue(entry("first"), nil).Wait(ctx), context.DeadlineExceeded)
		assert.Less(t, len(k.failed), 60, "tries get rarer")
		d.Limit(0)
		k.append("second")
		assert.Equal(t, []string{"first", "second"}, k.entries, "what was given up has kept its place")
	})
}

// A large entry is written from where it lies in memory, which takes that it has the
// same place in a block of its file. What fills the gap is nothing to anybody.
func TestAnEntryHasThePlaceInItsFileThatItHasInMemory(t *testing.T) {
	d := crashdisk.New(1)
	k := open(t, d)
	k.append("tiny", "entry-1", "entry-2")
	k.append("tiny", "entry-3")
	each := func(do func(end int64, f frame.Frame)) {
		data, err := disk.ReadAll(d, d.Under(dir)[0])
		require.NoError(t, err)
		assert.Equal(t, int64(len(data)), k.journal.Bytes())
		salt, _, ok := frame.ParseHeader(data)
		require.True(t, ok)
		assert.Empty(t, frame.Scan(data, salt, true, do))
	}
	entries := 0
	each(func(end int64, f frame.Frame) {
		if bytes.HasPrefix(f.Payload, []byte("Eentry")) {
			entries++
			assert.Equal(t, place(f.Payload), (end-int64(len(f.Payload))-frame.Overhead)%32, "%s", f.Payload)
		}
	})
	assert.Equal(t, 3, entries)

	want := k.entries
	k = open(t, d)
	assert.Equal(t, want, k.entries)
	var frames []string
	each(func(_ int64, f frame.Frame) { frames = append(frames, fmt.Sprintf("%d %s", f.Index, f.Payload)) })
	assert.Equal(t, []string{
		"0 C", "1 C", "0 Etiny", "1 Eentry-1", "2 Eentry-2", "0 Etiny", "1 Eentry-3",
	}, frames, "a segment that is written anew has no gaps, and each of its groups begins with 0")
}

// A segment that is not needed any more does not come back after a crash: behind those
// that are removed later it would look as if some between were missing.
func TestADiscardedSegmentDoesNotComeBack(t *testing.T) {
	d := crashdisk.New(1)
	segments := func() []string {
		return slices.DeleteFunc(d.Files(), func(name string) bool { return !strings.HasPrefix(name, dir+"/") })
	}
	for range 3 {
		k := open(t, d)
		k.append("x")
		before := segments()
		require.Len(t, before, 1)
		require.NoError(t, k.journal.Close())
		open(t, d) // begins another one
		d.Reboot(crashdisk.Lose)
		require.Len(t, segments(), 1)
		assert.NotEqual(t, before, segments())
	}
}
