package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// spot is somewhere a process can write nothing.
type spot struct {
	name string
	// works tells whether there is such a place on this machine.
	works []string
	// script makes the place and becomes the command in "$@". It ends with
	// another exit code than 0 when something could be written after all.
	script string
	before []string // what the shell is started with
}

// canary tries to write wherever a program might.
const canary = `
for d in . / /tmp /var/tmp /dev/shm "$HOME" "$TMPDIR"; do
  if (echo x > "$d/s3-destination-canary") 2>/dev/null && [ -s "$d/s3-destination-canary" ]; then
    rm -f "$d/s3-destination-canary"; echo "could write to $d" >&2; exit 97
  fi
  rm -f "$d/s3-destination-canary" 2>/dev/null
done
`

// spots are a root file system that is read only, as Kubernetes has it; one
// whose temporary directories are full as well; and a limit of 0 bytes on every
// file, which needs no rights.
var spots = []spot{
	{
		name: "read-only", works: []string{"unshare", "-m", "true"}, before: []string{"unshare", "-m", "--propagation", "private"},
		script: readOnly + canary + `exec "$@"`,
	},
	{
		name: "full", works: []string{"unshare", "-m", "true"}, before: []string{"unshare", "-m", "--propagation", "private"},
		// Program and configuration may be in one of the directories that are
		// hidden: they are opened before.
		script: `exec 8<"$1" 9<"$3"` + "\n" + readOnly + `
for d in /tmp /var/tmp /dev/shm; do
  mount -t tmpfs -o size=4k,nr_inodes=2 full "$d"
  cat /dev/zero > "$d/filled" 2>/dev/null && exit 98
done
cd /tmp
export HOME=/tmp TMPDIR=/tmp` + canary + `exec /proc/self/fd/8 "$2" /proc/self/fd/9`,
	},
	{
		name: "no file may grow", works: []string{"sh", "-c", "ulimit -f 0"},
		script: `ulimit -f 0` + canary + `exec "$@"`,
	},
}

const readOnly = `
for d in $(cut -d ' ' -f 5 /proc/self/mountinfo); do mount -o remount,bind,ro "$d" 2>/dev/null; done
`

func (p spot) wrap(argv []string) []string {
	return append(append(append([]string{}, p.before...), "sh", "-c", p.script, "sh"), argv...)
}

// bare runs the binary where it can write to no file while S3 fails. It needs
// no disk, so that there is no reason for a duplicate. S3 is mended before each
// stop: one that lasts longer than shutdown_timeout would be a forced one.
func bare(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	sky := newWeather(w.s3, w.dice.fork(), recoverable(), 2*time.Second)
	for _, p := range spots {
		if err == nil {
			err = w.workIn(ctx, p, sky)
		}
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	return w.finish(ctx, feed, sky, began)
}

// workIn lets a process work in a place for a part of the duration, and stops
// it.
func (w *world) workIn(ctx context.Context, p spot, sky *weather) error {
	if out, err := exec.CommandContext(ctx, p.works[0], p.works[1:]...).CombinedOutput(); err != nil {
		w.note("not tried: %s (%v: %s)", p.name, err, strings.TrimSpace(string(out)))
		return nil
	}
	c, err := w.start(ctx, "in-"+strings.ReplaceAll(p.name, " ", "-"), settings{wrap: p.wrap, env: []string{"HOME=" + os.TempDir(), "TMPDIR=" + os.TempDir()}})
	if err != nil {
		return err
	}
	if err := w.settled(ctx, 1); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, c.logged())
	}
	before := w.s3.Count("PutObject")
	broken, repair := context.WithTimeout(ctx, w.duration/time.Duration(len(spots)))
	sky.run(broken)
	repair()
	took, err := c.terminate()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, c.logged())
	}
	w.note("%s: %d uploads, then SIGTERM, which took %s", p.name, w.s3.Count("PutObject")-before, took.Round(10*time.Millisecond))
	return nil
}
