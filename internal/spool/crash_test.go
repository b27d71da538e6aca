package spool_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

const steps = 12

// operations is how many operations of the disk a life has that is not disturbed.
func operations(t *testing.T, seed uint64) int {
	w := newWorld(t, crashdisk.New(seed), seed)
	w.live(steps)
	return w.disk.Ops()
}

// sample says which cases are tried: one of so many.
type sample int

func (s sample) has(n int) bool { return n%int(s) == 0 }

// A life ends at each of its operations, and so do the two that try to recover
// from that.
func TestACrashAtAnyOperationLosesAndDoublesNothing(t *testing.T) { crashes(t, 0, 29) }

func TestACrashOfAnyKindAtAnyOperationLosesAndDoublesNothing(t *testing.T) {
	long.Skip(t)
	for seed := range uint64(2) {
		crashes(t, 1+seed, 1)
	}
}

func crashes(t *testing.T, seed uint64, tried sample) {
	ops := operations(t, seed)
	for at := 1; at <= ops; at++ {
		for how := range crashdisk.Crashes {
			if tried.has(at + int(how)) {
				crash(t, seed, at, how)
			}
		}
	}
}

func crash(t *testing.T, seed uint64, at int, how crashdisk.Crash) {
	w := newWorld(t, crashdisk.New(seed), seed)
	w.disk.CrashAt(at)
	require.True(t, w.disk.Run(func() { w.live(steps) }), "at %d", at)
	for i := range 2 {
		w.disk.Reboot(how)
		w.disk.CrashAt(1 + (at*7+i*13)%40)
		w.disk.Run(func() { w.live(1) })
	}
	w.disk.Reboot(how)
	w.finish()
	w.exactlyOnce("seed %d, crash %d at %d", seed, how, at)
}

// Every operation fails once, and some time later the process crashes.
func TestAFailureOfAnyOperationLosesAndDoublesNothing(t *testing.T) { failures(t, 0, 29) }

func TestAnyFailureOfAnyOperationLosesAndDoublesNothing(t *testing.T) {
	long.Skip(t)
	failures(t, 1, 1)
}

func failures(t *testing.T, seed uint64, tried sample) {
	ops := operations(t, seed)
	for at := 1; at <= ops; at++ {
		for i, fault := range []error{syscall.EIO, syscall.ENOSPC} {
			for how := range crashdisk.Crashes {
				if tried.has(at+int(how)) && (tried == 1 || at/3%2 == i) {
					failure(t, seed, at, fault, how)
				}
			}
		}
	}
}

func failure(t *testing.T, seed uint64, at int, fault error, how crashdisk.Crash) {
	w := newWorld(t, crashdisk.New(seed), seed)
	w.disk.FailAt(at, fault)
	w.disk.CrashAt(at + 1 + (at*11+int(how)*5)%60)
	w.disk.Run(func() { w.live(steps) })
	w.disk.Reboot(how)
	w.finish()
	w.exactlyOnce("seed %d, %v at %d, then crash %d", seed, fault, at, how)
}

// In the 19th of these a segment that does not count cannot be removed, and the one
// after it is trimmed.
func TestFailuresInARowLoseAndDoubleNothing(t *testing.T) { manyFailures(t, 16, 20) }

func TestManyFailuresLoseAndDoubleNothing(t *testing.T) {
	long.Skip(t)
	manyFailures(t, 0, 100)
}

func manyFailures(t *testing.T, from, to uint64) {
	for seed := from; seed < to; seed++ {
		w := newWorld(t, crashdisk.New(seed), seed)
		for range 5 {
			for range 20 {
				w.disk.FailAt(1+w.rand.IntN(300), syscall.EIO)
			}
			w.disk.CrashAt(1 + w.rand.IntN(300))
			w.disk.Run(func() { w.live(steps) })
			w.disk.Reboot(crashdisk.Crash(w.rand.IntN(int(crashdisk.Crashes))))
		}
		w.finish()
		w.exactlyOnce("seed %d", seed)
	}
}
