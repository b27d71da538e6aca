package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// ErrDamaged says that something in the spool cannot be read, and that it is
// configured not to go on without it.
var ErrDamaged = errors.New("the spool is damaged")

// Open opens the spool of a directory, which is made where there is none. It
// fails when another process has it, when the disk does, and when it holds
// objects for another destination; what is damaged is named, and left behind,
// unless Options.OnDamage says otherwise.
func Open(fsys disk.FS, dir string, opts Options) (*Spool, error) {
	opts.complete()
	s := newSpool(fsys, dir, opts)
	for _, d := range []string{"", journalDir, spillDir, outboxDir, badDir} {
		if err := fsys.MkdirAll(filepath.Join(dir, d)); err != nil {
			return nil, fmt.Errorf("making the directory of the spool: %w", err)
		}
	}
	lock, err := takeLock(fsys, dir)
	if err != nil {
		return nil, err
	}
	s.lock = lock
	if err := s.recover(); err != nil {
		s.readers.close()
		if s.journal != nil {
			err = errors.Join(err, s.journal.Close())
		}
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func newSpool(fsys disk.FS, dir string, opts Options) *Spool {
	s := &Spool{
		fs: fsys, dir: dir, opts: opts,
		state: newState(), room: make(chan struct{}), spilling: map[uint64]*spillFile{}, unread: map[uint64]error{},
		reserve: reserve{fs: fsys, path: filepath.Join(dir, "reserve"), size: opts.Reserve, leaves: cmp.Or(opts.ForObject, forObject)},
	}
	s.readers = spillReaders{fs: fsys, open: map[uint64]*spillReader{}}
	s.state.index = s.index
	s.state.marks = redelivery.NewMemory(cmp.Or(s.opts.Remember, defaultRemember))
	return s
}

func takeLock(fsys disk.FS, dir string) (io.Closer, error) {
	lock, err := fsys.Lock(filepath.Join(dir, "LOCK"))
	if errors.Is(err, disk.ErrLocked) {
		return nil, fmt.Errorf("the spool in %s is in use: %w; "+
			"each process and each output needs a directory of its own", dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the spool in %s: %w", dir, err)
	}
	return lock, nil
}

func (s *Spool) recover() error {
	found, err := s.readManifest()
	if err != nil {
		return err
	}
	if s.opts.OnDamage == Stop {
		if err := s.sound(); err != nil {
			return err
		}
	}
	// Space that was kept for a full disk: to read the journal takes some.
	s.reserve.held = true
	s.reserve.release()
	if err := s.known(); err != nil {
		return err
	}
	r := &recovery{spool: s}
	s.journal, err = journal.Open(s.fs, s.dirOf(journalDir), journal.Options{
		SegmentSize: s.opts.SegmentSize, GroupSize: groupSize,
		Blocks: journal.Blocks{Size: disk.Block, Large: disk.Large, Place: disk.Place},
		Apply:  s.apply, Checkpoint: s.checkpoint, Failed: s.failed, Synced: s.opts.Synced, Pause: s.opts.Pause,
		Damaged: r.damaged, Torn: r.torn,
	})
	if err != nil {
		return fmt.Errorf("opening the spool in %s: %w", s.dir, err)
	}
	for _, step := range []func() error{r.spills, r.outbox, r.streams} {
		if err := step(); err != nil {
			return fmt.Errorf("opening the spool in %s: %w", s.dir, err)
		}
	}
	if err := r.tell(); err != nil {
		return err
	}
	s.recall = s.state.marks.Recall()
	if err := s.settle(found); err != nil {
		return err
	}
	s.trim()
	s.relieve(context.Background())
	if err := s.reserve.hold(); err != nil {
		s.failed(fmt.Errorf("keeping a reserve of %d bytes in %s: %w", s.reserve.size, s.dir, err))
	}
	return nil
}

// sound fails when something is damaged, and changes nothing. To open the journal
// leaves out what cannot be read: the next start, which the same process makes within
// a second, would know of no damage.
func (s *Spool) sound() error {
	c, err := inspect(s.fs, s.dir, false)
	if err != nil {
		return fmt.Errorf("opening the spool in %s: %w", s.dir, err)
	}
	r := &recovery{spool: s}
	r.losses = slices.DeleteFunc(c.Lost, func(l Loss) bool { return l.Unacknowledged })
	return r.tell()
}

// known sees to it that no number is given to a file that an earlier process has
// used: of such a file nobody knows what is on disk.
func (s *Spool) known() error {
	for dir, next := range map[string]*uint64{spillDir: &s.state.nextFile, outboxDir: &s.state.nextObject} {
		numbers, err := s.numbers(dir)
		if err != nil {
			return err
		}
		for n := range numbers {
			*next = max(*next, n+1)
		}
	}
	return nil
}

// numbers are the files of a directory, with their sizes.
func (s *Spool) numbers(dir string) (map[uint64]int64, error) {
	files, err := s.fs.List(s.dirOf(dir))
	if err != nil {
		return nil, fmt.Errorf("looking into %s: %w", s.dirOf(dir), err)
	}
	found := map[uint64]int64{}
	for _, f := range files {
		digits, is := strings.CutSuffix(f.Name, "."+dir)
		if n, err := strconv.ParseUint(digits, 10, 64); is && err == nil {
			found[n] = f.Size
		}
	}
	return found, nil
}
