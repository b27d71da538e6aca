// Package courier takes records from a spool to the destination: it decides when
// the records of a stream become an object, has them encoded and sealed, and
// carries what is in the outbox until it has landed.
//
// It is to a spool what package chunk is to calls that wait: the same rules, as
// far as they concern objects. What concerns calls is gone, because a record is
// acknowledged before it comes here.
package courier

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// Pipeline turns records into objects and stores them.
type Pipeline interface {
	chunk.Encoding
	// Seal settles all about an encoded object before anything is sent. The body
	// may be read until the encoded form is released.
	Seal(o chunk.Object) (intent []byte, body io.WriterTo, err error)
	// Carry stores a sealed object, which somebody may have tried to do before
	// (again). It has rekey make another key durable before it sends anything
	// under that.
	Carry(ctx context.Context, intent []byte, body io.WriterTo, again bool,
		rekey func(ctx context.Context, intent []byte) error) (chunk.Object, error)
}

// Config says how.
type Config struct {
	// Chunks are the rules. Those about calls have no effect; of MemoryLimit,
	// half is for records that are encoded and a quarter for objects that are
	// sent.
	Chunks chunk.Config
	// Known reports whether it is known what the destination can do. Until then
	// nothing is sealed: names would be longer than they have to be.
	Known func() bool
	// Failed is told of what the disk refuses.
	Failed func(error)
	// Sealed is told of each object of data, with its records; it has no key yet.
	Sealed func(chunk.Object)
	// Observe is told once a second what the spool holds.
	Observe func(Stats)
}

// The parts of the memory limit; the rest is for records that are not spilled.
const (
	forEncoding = 2  // half
	forSending  = 4  // a quarter
	forArriving = 16 // records on their way to the disk, twice
)

// Courier is safe for concurrent use.
type Courier struct {
	cfg    Config
	spool  *spool.Spool
	pipe   Pipeline
	ratios *chunk.Ratios
	pace   *chunk.Pace
	// encoding and sending are the memory for records and for objects, arriving that
	// of calls.
	encoding, sending, arriving *budget

	ctx  context.Context //nolint:containedctx // of seals and uploads, ended by Close
	stop context.CancelFunc
	done sync.WaitGroup
	wake chan struct{} // capacity 1

	// encoders are tokens of those that encode; who seals needs one for a part of
	// that only.
	encoders chan struct{}

	mu sync.Mutex
	// queue are streams of which an object is due, and toSend objects that are to be
	// sent, both as they were at the last look.
	queue  []work
	toSend []spool.Waiting
	looked time.Time      // when all streams were looked at
	all    []spool.Stream // memory for a look
	// sealing are the streams of which objects are made, of which there are so many,
	// and rest those of which none may be made before a time, because of an error.
	sealing map[uint64]*chain
	making  int
	rest    map[uint64]time.Time
	// wrong are streams of which an object ended elsewhere than was foreseen, with the
	// number of objects of which that is not tried again.
	wrong map[uint64]int
	// made are objects that are in memory until it is decided how they are sent.
	made map[uint64]struct{}
	// flying are the objects that are being sent; tried those that may have been.
	flying map[uint64]struct{}
	tried  map[uint64]struct{}
	wards  map[place]*ward
	gate   gate
	// emptying: everything is to be sealed now.
	emptying bool
	closed   bool
}

// New returns a courier at work, which has to be closed. The spool stays open.
func New(cfg Config, s *spool.Spool, pipe Pipeline) *Courier {
	c := idle(cfg, s, pipe)
	c.done.Go(c.run)
	return c
}

// idle is a courier that does nothing by itself.
func idle(cfg Config, s *spool.Spool, pipe Pipeline) *Courier {
	limit := max(cfg.Chunks.MemoryLimit, 1<<20)
	c := &Courier{
		cfg: cfg, spool: s, pipe: pipe,
		ratios:   chunk.NewRatios(cfg.Chunks),
		pace:     chunk.NewPace(cfg.Chunks.Uploads),
		encoding: newBudget(limit / forEncoding), sending: newBudget(limit / forSending),
		arriving: newBudget(limit / forArriving),
		wake:     make(chan struct{}, 1),
		encoders: make(chan struct{}, max(cfg.Chunks.Encoders, 1)),
		sealing:  map[uint64]*chain{}, rest: map[uint64]time.Time{}, wrong: map[uint64]int{},
		made: map[uint64]struct{}{}, flying: map[uint64]struct{}{}, tried: map[uint64]struct{}{}, wards: map[place]*ward{},
		gate: newGate(),
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	for _, o := range s.Waiting() { // an earlier process may have sent it
		c.tried[o.Number] = struct{}{}
	}
	return c
}

// Append returns when the records are durable. See [spool.Spool.AppendMarked].
func (c *Courier) Append(ctx context.Context, records []spool.Record, marks *redelivery.Memory) error {
	err := c.spool.AppendMarked(ctx, records, marks)
	c.poke()
	return err //nolint:wrapcheck // says what was being done
}

// Throttled tells that the store has asked for fewer requests.
func (c *Courier) Throttled() { c.pace.Throttled() }

// Close ends all work under way: what is not stored goes on with the next start.
// It returns by the end of ctx. Until the channel is closed that it returns, somebody
// may still write to the files of the spool.
func (c *Courier) Close(ctx context.Context) (ended <-chan struct{}, err error) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	all := make(chan struct{})
	go func() {
		c.done.Wait()
		close(all)
	}()
	select {
	case <-all:
		return all, nil
	case <-ctx.Done():
		return all, context.Cause(ctx)
	}
}

func (c *Courier) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// failed tells of what the disk refuses, unless it is that everything ends.
func (c *Courier) failed(err error) {
	if c.ctx.Err() == nil && !errors.Is(err, spool.ErrClosed) {
		c.cfg.Failed(err)
	}
}

// Stats is what is on its way.
type Stats struct {
	spool.Stats
	// Oldest is when the oldest record arrived that is in no object of the
	// destination, zero without any.
	Oldest time.Time
	// Refused is the number of partitions whose objects are refused.
	Refused int
}

// Empty has everything sealed and sent, and returns when nothing is left.
func (c *Courier) Empty(ctx context.Context, progress func(spool.Stats)) error {
	c.mu.Lock()
	c.emptying = true
	c.mu.Unlock()
	for {
		c.poke()
		s := c.spool.Stats()
		if s.Streams == 0 && s.Objects == 0 {
			return nil
		}
		progress(s)
		timer := time.NewTimer(often / 10)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
