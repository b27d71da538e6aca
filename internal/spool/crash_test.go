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

// A life ends at each of its operations, and so do the two that try to recover
// from that.
func TestACrashAtAnyOperationLosesAndDoublesNothing(t *testing.T) {
	for seed := range seeds(t) {
		ops := operations(t, seed)
		for at := 1; at <= ops; at++ {
			for how := range crashdisk.Crashes {
				if sampled(at + int(how)) {
					crash(t, seed, at, how)
				}
			}
		}
	}
}

func seeds(t *testing.T) uint64 {
	if testing.Short() {
		return 1
	}
	t.Helper()
	return 3
}

// sampled reports whether a case is tried by every run, as each operation is in
// one way at least, or by the long ones only.
func sampled(n int) bool { return !testing.Short() || n%3 == 0 }

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

// Every operation fails once, and then the process crashes, after no more steps
// or after some.
func TestAFailureOfAnyOperationLosesAndDoublesNothing(t *testing.T) {
	for seed := range seeds(t) {
		ops := operations(t, seed)
		for at := 1; at <= ops; at++ {
			for i, fault := range []error{syscall.EIO, syscall.ENOSPC} {
				if sampled(at + i) {
					failure(t, seed, at+i, fault)
				}
			}
		}
	}
}

func failure(t *testing.T, seed uint64, at int, fault error) {
	for how := range crashdisk.Crashes {
		if !sampled(at + int(how)) {
			continue
		}
		w := newWorld(t, crashdisk.New(seed), seed)
		w.disk.FailAt(at, fault)
		w.disk.CrashAt(at + 1 + (at*11+int(how)*5)%60)
		w.disk.Run(func() { w.live(steps) })
		w.disk.Reboot(how)
		w.finish()
		w.exactlyOnce("seed %d, %v at %d, then crash %d", seed, fault, at, how)
	}
}

func TestManyFailuresLoseAndDoubleNothing(t *testing.T) {
	long.Skip(t)
	for seed := range uint64(300) {
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
