package courier

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

const steps = 10

// operations is how many operations of the disk a life has that is not disturbed.
func operations(t *testing.T, k kind, seed uint64) int {
	w := newWorld(t, k, seed)
	w.live(steps)
	return w.disk.Ops()
}

// From the acknowledgement to the bucket: a process ends at each operation of its
// disk, and so do the two that try to recover. Requests come late, answers are
// lost, others take names.
func TestACrashAnywhereOnTheWayLosesAndDoublesNothing(t *testing.T) {
	for _, k := range kinds {
		crashes(t, k, 1, 41)
	}
}

func TestAnyCrashAnywhereOnTheWayLosesAndDoublesNothing(t *testing.T) {
	long.Skip(t)
	for _, k := range kinds {
		for seed := range uint64(3) {
			crashes(t, k, 2+seed, 1)
		}
	}
}

// Lives of any length, in which operations fail, end anywhere, and so do those that
// recover, some of which go on for a while. PROPERTY_SEED=0 and -rapid.checks=100000 make
// a hunt of it.
func TestCrashesAtRandomLoseAndDoubleNothing(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		steps := rapid.IntRange(1, 30).Draw(t, "steps")
		w := newWorld(t, k, rapid.Uint64().Draw(t, "seed"))
		for range rapid.IntRange(0, 3).Draw(t, "failures") {
			w.disk.FailAt(rapid.IntRange(1, 35*steps).Draw(t, "failure"), rapid.SampledFrom([]error{syscall.EIO, syscall.ENOSPC}).Draw(t, "fault"))
		}
		w.disk.CrashAt(rapid.IntRange(1, 35*steps).Draw(t, "crash"))
		w.disk.Run(func() { w.live(steps) })
		for range rapid.IntRange(0, 6).Draw(t, "recoveries") {
			w.disk.Reboot(crashOf(t))
			w.disk.CrashAt(rapid.IntRange(1, 60).Draw(t, "crash"))
			w.disk.Run(func() { w.live(rapid.IntRange(0, 3).Draw(t, "steps")) })
		}
		w.disk.Reboot(crashOf(t))
		w.finish()
		w.exactlyOnce("%+v", k)
	})
}

func crashOf(t *rapid.T) crashdisk.Crash {
	return crashdisk.Crash(rapid.IntRange(0, int(crashdisk.Crashes)-1).Draw(t, "how"))
}

func crashes(t *testing.T, k kind, seed uint64, every int) {
	ops := operations(t, k, seed)
	for at := 1; at <= ops; at++ {
		for how := range crashdisk.Crashes {
			if (at+int(how))%every != 0 {
				continue
			}
			w := newWorld(t, k, seed)
			w.disk.CrashAt(at)
			w.disk.Run(func() { w.live(steps) })
			for i := range 2 {
				w.disk.Reboot(how)
				w.disk.CrashAt(1 + (at*7+i*13)%60)
				w.disk.Run(func() { w.live(1) })
			}
			w.disk.Reboot(how)
			w.finish()
			w.exactlyOnce("%+v, seed %d, crash %d at %d", k, seed, how, at)
		}
	}
}

// Operations fail, and some time later the process crashes.
func TestAFailureAnywhereOnTheWayLosesAndDoublesNothing(t *testing.T) {
	for _, k := range kinds {
		failures(t, k, 1, 47)
	}
}

func TestAnyFailureAnywhereOnTheWayLosesAndDoublesNothing(t *testing.T) {
	long.Skip(t)
	for _, k := range kinds {
		failures(t, k, 2, 1)
	}
}

func failures(t *testing.T, k kind, seed uint64, every int) {
	ops := operations(t, k, seed)
	for at := 1; at <= ops; at++ {
		for i, fault := range []error{syscall.EIO, syscall.ENOSPC} {
			for how := range crashdisk.Crashes {
				if (at+i+2*int(how))%every != 0 {
					continue
				}
				w := newWorld(t, k, seed)
				w.disk.FailAt(at, fault)
				w.disk.CrashAt(at + 1 + (at*11+int(how)*5)%60)
				w.disk.Run(func() { w.live(steps) })
				w.disk.Reboot(how)
				w.finish()
				w.exactlyOnce("%+v, seed %d, %v at %d, then crash %d", k, seed, fault, at, how)
			}
		}
	}
}

// Without a crash the outages of the bucket alone change nothing, and what was
// written is all that there is.
func TestABucketThatFailsGetsEachRecordOnce(t *testing.T) {
	for _, k := range kinds {
		for seed := range uint64(5) {
			w := newWorld(t, k, seed)
			w.live(steps)
			w.disk.Reboot(crashdisk.Kill)
			w.finish()
			w.exactlyOnce("%+v, seed %d", k, seed)
			require.NotEmpty(t, w.objects)
		}
	}
}
