package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	// largeRecord fills a disk soon.
	largeRecord = 10_000
	// smallDisk is the size of the real one.
	smallDisk = "300m"
	// fullKills is how often the process is killed while its disk is full.
	fullKills = 5
)

// spoolFull fills the spool of a sidecar while S3 is away: up to its max_size, and up
// to the end of a small file system. Posts wait then, and the process is killed
// again and again. When S3 is back the spool is drained without it.
func spoolFull(ctx context.Context, o options) (bool, error) {
	o.broker, o.exactly = noBroker, true
	kept := true
	for _, real := range []bool{false, true} {
		ok, err := fillDisk(ctx, o, real)
		if err != nil {
			return false, err
		}
		kept = kept && ok
	}
	return kept, nil
}

// fillDisk fills a spool, or the file system below it.
func fillDisk(ctx context.Context, o options, real bool) (kept bool, err error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() { w.close(!kept || err != nil) }()
	s := &spooling{world: w, dir: filepath.Join(w.dir, "spool"), size: "48MiB", format: "json", largest: "1MB", done: moments{}}
	name := "max_size: " + s.size
	if real {
		kind, err := w.mount(ctx, s.dir)
		if err != nil {
			_, _ = fmt.Fprintf(o.out, "%-12s a small file system cannot be made here: %v\n", "skipped", err)
			return true, nil
		}
		name, s.size = kind+" of "+smallDisk, "2GiB"
	}
	began := time.Now()
	if err := s.fill(ctx); err != nil {
		return false, err
	}
	w.note("full: %s; the process was killed %d times then", name, s.done.total())
	return s.conclude(ctx, &weather{}, began)
}

// mount makes a small file system at a path: a real one in a file, or one in memory.
func (w *world) mount(ctx context.Context, path string) (kind string, err error) {
	if err := os.Mkdir(path, 0o750); err != nil {
		return "", fmt.Errorf("making a directory: %w", err)
	}
	image := filepath.Join(w.dir, "disk")
	script := `truncate -s "$1" "$2" && mkfs.ext4 -q -F "$2" && mount -o loop "$2" "$3"`
	kind = "ext4"
	if failed := exec.CommandContext(ctx, "sh", "-c", script, "sh", smallDisk, image, path).Run(); failed != nil {
		kind = "tmpfs"
		out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size="+smallDisk, "tmpfs", path).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%w: %s", errors.Join(failed, err), out)
		}
	}
	w.closers = append(w.closers, func() {
		_ = exec.CommandContext(context.WithoutCancel(ctx), "umount", "-l", path).Run()
	})
	return kind, nil
}

// fill lets clients send until nothing is taken any more, and kills the process then.
func (s *spooling) fill(ctx context.Context) error {
	var err error
	if s.posters, err = s.newPosters(ctx); err != nil {
		return err
	}
	s.posters.renumber, s.posters.size = true, largeRecord
	s.set = settings{address: s.posters.address, input: sidecarInput, processors: sidecarLines, inFlight: "auto"}
	if err := s.join(ctx); err != nil {
		return err
	}
	gone := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	sending, stop := context.WithCancel(ctx)
	defer stop()
	enough := s.posters.begin(sending)
	err = s.untilFull(ctx)
	for range fullKills {
		if err == nil {
			pause(ctx, s.dice.between(200*time.Millisecond, 2*time.Second))
			s.strike()
			s.done["while full"]++
			err = errors.Join(s.look(ctx, false), s.join(ctx))
		}
	}
	ready := s.untilRed(ctx)
	stop()
	enough()
	s.strike()
	gone.Remove()
	s.note("%s", s.posters)
	return errors.Join(err, ready)
}

// untilFull waits until posts are answered no more.
func (s *spooling) untilFull(ctx context.Context) error {
	const still, limit = 3 * time.Second, 3 * time.Minute
	taken, since := 0, time.Now()
	for began := time.Now(); time.Since(began) < limit; {
		if n := s.posters.taken(); n > taken {
			taken, since = n, time.Now()
		}
		if taken > 0 && time.Since(since) > still {
			return nil
		}
		if s.last.ended() {
			return fmt.Errorf("%s ended by itself: %w\n%s", s.last.name, errEnded, s.last.logged())
		}
		pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("filling the disk %w", errLate)
}

// untilRed waits until the process says that it is not ready.
func (s *spooling) untilRed(ctx context.Context) error {
	const limit = 30 * time.Second
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if _, err := s.last.get(ctx, "/ready"); err != nil && s.last.answers(ctx) {
			return nil
		}
		pause(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("a process with a full spool turning red %w", errLate)
}

// answers reports whether the server of a process is there.
func (c *consumer) answers(ctx context.Context) bool {
	_, err := c.get(ctx, "/ping")
	return err == nil
}
