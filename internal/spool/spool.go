// Package spool keeps records on local disk from the moment in which they are
// acknowledged until the object that holds them is stored. It knows files and
// nothing of S3.
//
// A record is written to the journal and acknowledged when that is synced. From
// then on it lies in memory, which is a cache, and moves on to a spill file when
// memory is full. To seal is to take the next records of a stream, and what was
// encoded from them, into the outbox: before anything is sent, so that the same
// bytes go to the same key after a crash. When the object is stored it has
// landed, and what nobody needs any more is trimmed, oldest first.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// Options are the limits of a spool, and whom it tells.
type Options struct {
	// Destination names where the objects of the spool go. It may not change
	// while the outbox has objects.
	Destination string
	// MaxSize is how many bytes it takes on disk before Append waits, and Reserve
	// what it keeps free beside them, so that objects can be sealed and landed
	// when the disk is full.
	MaxSize, Reserve int64
	// ForObject is how long the reserve is left to an object that could not be written
	// for want of space; 0: a minute.
	ForObject time.Duration
	// Memory is how many bytes of records are held in memory before they are
	// spilled.
	Memory int64
	// SegmentSize is how large the files of the journal become; 0: 64 MiB.
	SegmentSize int64
	// Remember is how many of the records that came last are recognised when they
	// come again after the next start; 0: 262,144.
	Remember int
	// OnDamage says what happens when something cannot be read at the start.
	OnDamage OnDamage
	// Lost is told of records that cannot be read any more.
	Lost func(Loss)
	// Failed is told of what the disk refuses; it is tried again.
	Failed func(error)
	// Synced is told how long each sync of records took; it may be nil.
	Synced func(took time.Duration)
	// Now is the clock.
	Now func() time.Time
	// Pause waits before the n-th try in a row of what the disk refuses; nil: up
	// to 2 seconds.
	Pause func(ctx context.Context, n int) error
}

const (
	defaultSegment  = 64 << 20
	defaultRemember = 1 << 18
	groupSize       = 4 << 20
)

func (o *Options) complete() {
	if o.SegmentSize == 0 {
		o.SegmentSize = defaultSegment
	}
	if o.Pause == nil {
		o.Pause = pause
	}
}

func pause(ctx context.Context, n int) error {
	timer := time.NewTimer(min(20*time.Millisecond<<min(n, 10), 2*time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Spool is safe for concurrent use. What is said of streams and objects in it is
// said of what is durable.
type Spool struct {
	fs      disk.FS
	dir     string
	opts    Options
	lock    io.Closer
	journal *journal.Journal
	reserve reserve

	mu      sync.Mutex
	state   *state
	room    chan struct{} // closed, and made anew, when something was removed
	closed  bool
	ended   bool // Close was called
	calling int  // that wait for room
	// calls counts those that brought records, and recent is the stream of the
	// last one.
	calls  uint64
	recent *stream
	// spilling are files whose entries are on their way to the journal.
	spilling map[uint64]*spillFile
	outbox   int64 // bytes of its files
	recall   *redelivery.Recall
	// unread are spill files that could not be read when the spool was opened.
	unread map[uint64]error

	spill   sync.Mutex // one at a time
	trims   shared
	names   shared // syncs of the directory of the outbox
	readers spillReaders
}

// The directories of a spool.
const (
	journalDir = "journal"
	spillDir   = "spill"
	outboxDir  = "outbox"
	badDir     = "bad"
)

var (
	// ErrClosed says that the spool was closed.
	ErrClosed = errors.New("the spool is closed")
	// ErrOutOfOrder says that records were to be sealed which are not the next
	// ones of their stream.
	ErrOutOfOrder = errors.New("only the next records of a stream can be sealed, and one object at a time")
	// ErrUnknown says that there is no such stream or object.
	ErrUnknown = errors.New("the spool has no such stream or object")
)

func (s *Spool) path(dir string, number uint64) string {
	return filepath.Join(s.dir, dir, fileName(dir, number))
}

func fileName(dir string, number uint64) string { return fmt.Sprintf("%020d.%s", number, dir) }

// apply takes an entry of the journal into the state.
func (s *Spool) apply(segment uint64, payload []byte, block *memory.Block) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.entry, s.state.block = len(payload), block
	if s.journal == nil { // it is being opened, and reads segments as a whole
		s.state.entry = math.MaxInt
	}
	s.state.apply(segment, payload)
	s.state.block = nil
}

func (s *Spool) checkpoint() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.checkpoint()
}

// failed tells of what the disk refuses, and gives up the reserve when it is for
// want of space.
func (s *Spool) failed(err error) {
	if disk.Full(err) {
		s.reserve.release()
	}
	s.opts.Failed(err)
}

// Shut has the spool take nothing more. It keeps the directory: whoever still works
// on its files goes on, and Close comes after that.
func (s *Spool) Shut() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wake()
}

// Close ends the spool, and lets others have its directory. What was acknowledged is
// on disk already.
func (s *Spool) Close() error {
	s.Shut()
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil
	}
	s.ended = true
	s.mu.Unlock()
	err := s.journal.Close()
	s.readers.close()
	return errors.Join(err, s.lock.Close())
}

// wake lets those look again who wait for room.
func (s *Spool) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.room)
	s.room = make(chan struct{})
}

// Stats is what a spool holds.
type Stats struct {
	// Journal, Spill and Outbox are bytes on disk.
	Journal, Spill, Outbox int64
	// Cached is the bytes of records in memory.
	Cached int64
	// Streams have records that are not sealed, Objects wait to land.
	Streams, Objects int
	// Full: the disk has no room for the reserve.
	Full bool
	// Calls wait for room.
	Calls int
}

// Stats returns what the spool holds.
func (s *Spool) Stats() Stats {
	j := s.journal.Bytes()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats()
	st.Journal, st.Full = j, !s.reserve.whole()
	return st
}

// Oldest is when the oldest record arrived that has not landed; zero without any.
func (s *Spool) Oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := int64(0)
	for _, o := range s.state.objects {
		oldest = older(oldest, o.at)
	}
	for _, t := range s.state.streams {
		if t.next > t.sealed {
			oldest = older(oldest, t.since())
		}
	}
	if oldest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(oldest).UTC()
}

// older is the earlier of two times, of which 0 is none.
func older(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (s *Spool) stats() Stats {
	st := Stats{
		Spill: s.state.spillBytes, Outbox: s.outbox, Cached: s.state.cached, Objects: len(s.state.objects),
		Calls: s.calling,
	}
	for _, t := range s.state.streams {
		if t.next > t.sealed {
			st.Streams++
		}
	}
	return st
}
