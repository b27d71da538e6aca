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
	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// Options are what a journal is told, and whom it asks.
type Options struct {
	// SegmentSize is from how many bytes on a new segment begins, unless its
	// checkpoint takes more than that.
	SegmentSize int64
	// GroupSize is how many bytes are synced at once, at most, unless a single
	// entry has more.
	GroupSize int64
	// Blocks are those of the files; the zero value is for files without.
	Blocks Blocks
	// Apply is given each entry in order: all that are there when the journal is
	// opened, and then each once it is durable. Checkpoints are entries. A payload
	// is that of Enqueue, with its block, which is held until Apply returns, or a part
	// of a whole segment.
	Apply func(segment uint64, payload []byte, block *memory.Block)
	// Checkpoint returns an entry that stands for all that were applied.
	Checkpoint func() []byte
	// Damaged is told what could not be read when the journal was opened.
	Damaged func(Damage)
	// Torn is called once where a crash tore something, before what is behind that is
	// given to Apply: entries before it were synced. It may be nil.
	Torn func()
	// Failed is told of each failed write before it is tried again.
	Failed func(err error)
	// Synced is told how long each group took; it may be nil.
	Synced func(took time.Duration)
	// Pause waits before the n-th try in a row.
	Pause func(ctx context.Context, n int) error
}

// Blocks is how entries are written best: without being copied, which takes that the
// place of an entry in a block of its file is the one that it has in memory.
type Blocks struct {
	// Size is that of a block, and Large the size from which on of an entry it is worth
	// up to a block of space.
	Size, Large int64
	// Place is where in a block of memory an entry lies.
	Place func(entry []byte) int64
}

// gap is how many bytes have to be between an offset of a file and an entry: none, or
// enough for a frame.
func (b *Blocks) gap(offset int64, entry []byte) int64 {
	if b.Size == 0 || int64(len(entry)) < b.Large {
		return 0
	}
	n := ((b.Place(entry)-offset)%b.Size + b.Size) % b.Size
	for n > 0 && n <= frame.Overhead {
		n += b.Size
	}
	return n
}

// filler is the first byte of a frame that only fills a gap.
const filler = 0

func fills(f frame.Frame) bool { return len(f.Payload) > 0 && f.Payload[0] == filler }

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
	block   *memory.Block // of the frame
	// sum of the payload: whoever comes first computes it, most often the one who has
	// just made the payload.
	sum  func() frame.Sum
	done chan struct{}
}

// Enqueue gives an entry its place. It was appended to what frame.New returns, and
// does not begin with a zero. It
// is written when somebody waits for it, or for a later one, and belongs to the
// journal until then, as does the block that it is in: nil for memory of its own.
func (j *Journal) Enqueue(entry []byte, block *memory.Block) *Ticket {
	t := &Ticket{journal: j, frame: entry, block: block, done: make(chan struct{})}
	t.sum = sync.OnceValue(func() frame.Sum { return frame.SumOf(entry[frame.Overhead:]) })
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
