package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Wait returns when the entry is durable. When ctx ends first, it may become so
// at any time later.
func (t *Ticket) Wait(ctx context.Context) error {
	j := t.journal
	t.sum()
	for {
		select {
		case <-t.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case j.turn <- struct{}{}:
		}
		err := j.lead(ctx, t)
		<-j.turn
		if err != nil {
			return err
		}
	}
}

// lead writes groups until an entry is among them.
func (j *Journal) lead(ctx context.Context, t *Ticket) error {
	for {
		select {
		case <-t.done:
			return nil
		default:
		}
		if err := j.pause(ctx); err != nil {
			return err
		}
		if err := j.write(); errors.Is(err, ErrClosed) {
			return err
		}
	}
}

// pause waits after a failure, until it is time, ctx ends or the journal is
// closed.
func (j *Journal) pause(ctx context.Context) error {
	if j.failures == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j.mu.Lock()
	if j.closing {
		cancel(ErrClosed)
	}
	j.interrupt = func() { cancel(ErrClosed) }
	j.mu.Unlock()
	return j.opts.Pause(ctx, j.failures)
}

// write makes the entries at the front of the queue durable. After an error they
// are there as before, and the file is never written to again: nobody knows what
// is in it behind the last sync.
func (j *Journal) write() error {
	entries, err := j.front()
	if err != nil {
		return err
	}
	began := time.Now()
	filled, err := j.sync(entries)
	if err != nil {
		j.failures++
		j.abandon()
		j.opts.Failed(err)
		return err
	}
	j.failures = 0
	if j.opts.Synced != nil && len(entries) > 0 {
		j.opts.Synced(time.Since(began))
	}
	for _, t := range entries {
		j.opts.Apply(j.last.number, t.frame[frame.Overhead:], t.block)
	}
	j.mu.Lock()
	j.queue = j.queue[len(entries):]
	j.segments[len(j.segments)-1] = j.last // whose other bytes were those of the queue
	j.bytes += filled
	j.mu.Unlock()
	for _, t := range entries {
		t.block.Release()
		close(t.done)
	}
	return nil
}

// front is the entries of the next group.
func (j *Journal) front() ([]*Ticket, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, ErrClosed
	}
	size, n := int64(0), 0
	for n < len(j.queue) && (n == 0 || size+int64(len(j.queue[n].frame)) <= j.opts.GroupSize) {
		size += int64(len(j.queue[n].frame))
		n++
	}
	return j.queue[:n:n], nil
}

// full reports whether a new segment is to begin: not before the entries of this
// one take as much as its checkpoint, which is written for each.
func (s *segment) full(size int64) bool {
	return s.good >= size && s.good-frame.HeaderSize >= 2*s.checkpoint
}

// sync makes entries durable, with as many bytes to fill gaps as it says.
func (j *Journal) sync(entries []*Ticket) (filled int64, err error) {
	if j.file == nil || j.last.full(j.opts.SegmentSize) {
		if err := j.rotate(); err != nil {
			return 0, fmt.Errorf("beginning a segment of the journal: %w", err)
		}
	}
	if len(entries) == 0 {
		return 0, nil
	}
	j.group++
	written, filled, err := j.writeFrames(entries)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return 0, fmt.Errorf("writing to the journal: %w", err)
	}
	j.last.good += written
	return filled, nil
}

// largeFrame is from which size on a frame is written by itself, which costs less
// than to copy it.
const largeFrame = 64 << 10

func (j *Journal) writeFrames(entries []*Ticket) (written, filled int64, err error) {
	var small []byte
	index := uint32(0)
	flush := func() {
		if len(small) > 0 && err == nil {
			_, err = j.file.Write(small)
		}
		small = small[:0]
	}
	for _, t := range entries {
		if gap := j.opts.Blocks.gap(j.last.good+written, t.frame); gap > 0 {
			fill := frame.Frame{Group: j.group, Index: index, Payload: make([]byte, gap-frame.Overhead)}
			small = frame.Append(small, j.salt, j.last.good+written, fill)
			written += gap
			filled += gap
			index++
		}
		frame.SealWith(t.frame[:frame.Overhead], t.sum(), j.salt, j.last.good+written, j.group, index)
		index++
		written += int64(len(t.frame))
		if len(t.frame) < largeFrame {
			small = append(small, t.frame...)
			continue
		}
		flush()
		if err == nil {
			_, err = disk.WriteHeld(j.file, t.frame)
		}
	}
	flush()
	return written, filled, err
}

// abandon gives up a file that is not known to hold what was written.
func (j *Journal) abandon() {
	if j.file != nil {
		_ = j.file.Close() // what was synced is synced
		j.file = nil
	}
}
