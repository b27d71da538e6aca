// Package journal keeps entries in the order in which they were written, and
// acknowledges them when they are synced. Many callers share a sync; what fails
// is written again, elsewhere, until it succeeds; and what a crash leaves behind
// is read up to its torn end, with whatever is damaged named and passed over.
//
// The journal is a row of segments. Each begins with a checkpoint, the state
// that all entries before it make up, and names its predecessor and how much of
// that counts. So segments whose entries are of no use any more are removed from
// the front, and one that could not be synced is left as it is.
package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Options are what a journal is told, and whom it asks.
type Options struct {
	// SegmentSize is from how many bytes on a new segment begins, unless its
	// checkpoint takes more than that.
	SegmentSize int64
	// GroupSize is how many bytes are synced at once, at most, unless a single
	// entry has more.
	GroupSize int64
	// Apply is given each entry in order: all that are there when the journal is
	// opened, and then each once it is durable. Checkpoints are entries. A payload
	// is that of Enqueue, or a part of a whole segment.
	Apply func(segment uint64, payload []byte)
	// Checkpoint returns an entry that stands for all that were applied.
	Checkpoint func() []byte
	// Damaged is told what could not be read when the journal was opened.
	Damaged func(Damage)
	// Failed is told of each failed write before it is tried again.
	Failed func(err error)
	// Synced is told how long each group took; it may be nil.
	Synced func(took time.Duration)
	// Pause waits before the n-th try in a row.
	Pause func(ctx context.Context, n int) error
}

// Damage is a part of a segment that cannot be read.
type Damage struct {
	// Path of the segment. It is missing when Missing is set.
	Path    string
	Missing bool
	// Torn: it is what a crash leaves of entries that were not acknowledged. An
	// acknowledged one is among them only if the disk damaged the last group.
	Torn bool
	// From and To are the place in the file, and Bytes what is there.
	From, To int64
	Bytes    []byte
}

// ErrClosed says that the journal was closed before an entry was durable.
var ErrClosed = errors.New("the journal is closed")

// Journal is safe for concurrent use.
type Journal struct {
	fs   disk.FS
	dir  string
	opts Options

	// turn is held by the one who writes, for all.
	turn chan struct{}
	// The writer's.
	last     segment    // the one that is written to
	file     disk.File  // nil: the next write begins a segment
	salt     frame.Salt // of last
	group    uint64
	failures int
	next     uint64 // number of the next segment
	// stillborn are segments that could not be begun. Something of them may be on
	// disk, and is trimmed with those around it.
	stillborn []segment

	mu      sync.Mutex
	queue   []*Ticket
	closed  bool
	closing bool
	// interrupt ends the pause of the writer.
	interrupt func()
	segments  []segment // oldest first
	bytes     int64     // of segments and queue
}

// segment is a file of the journal.
type segment struct {
	number uint64
	// good is how many bytes of it count.
	good int64
	// checkpoint is how many bytes its checkpoint takes.
	checkpoint int64
}

const suffix = ".journal"

func fileName(number uint64) string { return fmt.Sprintf("%020d%s", number, suffix) }

func (j *Journal) path(number uint64) string { return filepath.Join(j.dir, fileName(number)) }

// Ticket is an entry on its way to the disk.
type Ticket struct {
	journal *Journal
	frame   []byte
	done    chan struct{}
}

// Enqueue gives an entry its place. It was appended to what frame.New returns. It
// is written when somebody waits for it, or for a later one, and belongs to the
// journal until then.
func (j *Journal) Enqueue(entry []byte) *Ticket {
	t := &Ticket{journal: j, frame: entry, done: make(chan struct{})}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.queue = append(j.queue, t)
	j.bytes += int64(len(t.frame))
	return t
}

// Trim removes the segments before one of them, oldest first, and never the last.
// What cannot be removed now is removed later, or when the journal is opened.
func (j *Journal) Trim(before uint64) error {
	for {
		j.mu.Lock()
		if len(j.segments) < 2 || j.segments[0].number >= before {
			j.mu.Unlock()
			return nil
		}
		oldest := j.segments[0].number
		j.mu.Unlock()
		// The next may go only when this one cannot come back.
		err := j.fs.Remove(j.path(oldest))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = j.fs.SyncDir(j.dir)
		}
		if err != nil {
			return fmt.Errorf("removing a segment of the journal: %w", err)
		}
		j.mu.Lock()
		j.bytes -= j.segments[0].good
		j.segments = j.segments[1:]
		j.mu.Unlock()
	}
}

// Newest is the number of the segment that is written to.
func (j *Journal) Newest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.segments[len(j.segments)-1].number
}

// Segments is how many there are, and Bytes what they take.
func (j *Journal) Segments() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.segments)
}

// Bytes is what the segments and what waits to be written take.
func (j *Journal) Bytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

// Close tries once to write what was enqueued, and ends. An entry that is not
// durable then was not acknowledged.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closing = true
	if j.interrupt != nil {
		j.interrupt()
	}
	j.mu.Unlock()
	j.turn <- struct{}{}
	defer func() { <-j.turn }()
	err := error(nil)
	for err == nil && j.waiting() {
		err = j.write()
	}
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
		j.file = nil
	}
	return err
}

func (j *Journal) waiting() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue) > 0 && !j.closed
}

const firstPause, lastPause = 20 * time.Millisecond, 2 * time.Second

// pause is what Options.Pause does when none is given.
func pause(ctx context.Context, n int) error {
	timer := time.NewTimer(min(firstPause<<min(n-1, 10), lastPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
