package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
)

// Object is an object in the outbox.
type Object struct {
	Number uint64
	Kind   Kind
	Path   string
	Range
	// Intent is what is settled about the object before the first attempt to
	// store it. It is not looked into.
	Intent []byte
}

// Seal makes the next records of a stream an object: its bytes and its intent are
// on disk, and the records are not needed any more, when it returns. body is nil
// when none of the records is stored; then there is no object, and the number is
// 0. The letters, dead letters of records that are not stored, are appended in
// the same stroke.
//
// After an error nothing is sealed, unless it is ErrClosed, and the same records
// may be sealed again.
func (s *Spool) Seal(ctx context.Context, r Range, intent []byte, body io.WriterTo, letters []Record) (uint64, error) {
	e, err := s.begin(r, intent, letters)
	if err != nil {
		return 0, err
	}
	defer s.end(r.Stream)
	entry := sealed{stream: r.Stream, first: r.First, end: r.End, at: e.at}
	if body != nil {
		entry.number = e.number
		if entry.size, err = s.store(e, body); err != nil {
			return 0, fmt.Errorf("writing an object of %s to the outbox: %w", e.path, err)
		}
	}
	// Beyond this point the object may be sealed at any time: whoever called
	// must learn whether it is.
	if err := s.commitSeal(context.WithoutCancel(ctx), &entry, letters); err != nil {
		return 0, fmt.Errorf("sealing an object of %s: %w", e.path, err)
	}
	s.reserve.used()
	s.trim()
	return entry.number, nil
}

// begin takes the seal of a stream.
func (s *Spool) begin(r Range, intent []byte, letters []Record) (*envelope, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.state.streams[r.Stream]
	switch {
	case s.closed:
		return nil, ErrClosed
	case t == nil:
		return nil, ErrUnknown
	case t.sealing || r.First != t.sealed || r.End <= r.First || r.End > t.next:
		return nil, ErrOutOfOrder
	}
	t.sealing, t.made = true, s.state.nextObject
	e := &envelope{
		number: s.state.nextObject, stream: t.id, kind: t.kind, path: t.path,
		first: r.First, end: r.End, intent: intent, at: max(t.since(), 0),
	}
	s.state.nextObject++
	for i := range letters {
		l := &letters[i]
		_, count := l.size()
		e.letters = append(e.letters, run{named: true, kind: l.Kind, path: l.Path, count: count, data: l.append(nil)})
	}
	return e, nil
}

func (s *Spool) end(stream uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.state.streams[stream]; t != nil {
		t.sealing = false
	}
}

// store makes the file of an object durable. When the disk is full the reserve is
// given up, for the next try.
func (s *Spool) store(e *envelope, body io.WriterTo) (int64, error) {
	path := s.path(outboxDir, e.number)
	size, err := writeOutbox(s.fs, path, e, body)
	if err == nil {
		err = s.syncOutbox()
	}
	if err != nil {
		_ = s.fs.Remove(path) // or at the next start
		if disk.Full(err) {
			s.reserve.leave()
		}
		return 0, err
	}
	s.mu.Lock()
	s.outbox += size
	s.mu.Unlock()
	return size, nil
}

func (s *Spool) commitSeal(ctx context.Context, e *sealed, letters []Record) error {
	s.mu.Lock()
	ticket := s.journal.Enqueue(s.number(e.head(frame.New(0)), letters, 0))
	s.mu.Unlock()
	return s.settled(ticket.Wait(ctx))
}

// settled translates what the journal says.
func (s *Spool) settled(err error) error {
	if errors.Is(err, journal.ErrClosed) {
		return ErrClosed
	}
	return err
}

// commit makes an entry durable.
func (s *Spool) commit(ctx context.Context, entry []byte) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	return s.settled(s.journal.Enqueue(entry, nil).Wait(ctx))
}

// Objects are those that have not landed, in the order in which they were sealed.
func (s *Spool) Objects(ctx context.Context) ([]Object, error) {
	s.mu.Lock()
	numbers := slices.Sorted(maps.Keys(s.state.objects))
	s.mu.Unlock()
	all := make([]Object, 0, len(numbers))
	for _, n := range numbers {
		o, err := s.Object(ctx, n)
		if errors.Is(err, ErrUnknown) {
			continue // landed meanwhile, or lost
		}
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// Object returns one of them.
func (s *Spool) Object(ctx context.Context, number uint64) (Object, error) {
	s.mu.Lock()
	o := s.state.objects[number]
	s.mu.Unlock()
	if o == nil {
		return Object{}, ErrUnknown
	}
	e, err := s.read(number, nil)
	if errors.Is(err, errNotWhole) {
		return Object{}, s.lose(ctx, o, err)
	}
	if err != nil {
		return Object{}, fmt.Errorf("reading an object of the outbox: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.object(o, &e), nil
}

// object is what the file of an object says of it, and what was settled later.
func (s *Spool) object(o *object, e *envelope) Object {
	intent := e.intent
	if o.intent != nil {
		intent = o.intent
	}
	return Object{
		Number: o.number, Kind: e.kind, Path: e.path, Intent: intent,
		Range: Range{Stream: o.stream, First: o.first, End: o.end},
	}
}

// Body writes the body of an object, each piece after its checksum was compared.
// What was written is of no use after an error.
func (s *Spool) Body(ctx context.Context, number uint64, w io.Writer) error {
	s.mu.Lock()
	o := s.state.objects[number]
	s.mu.Unlock()
	if o == nil {
		return ErrUnknown
	}
	_, err := s.read(number, w)
	if errors.Is(err, errNotWhole) {
		return s.lose(ctx, o, err)
	}
	if err != nil {
		return fmt.Errorf("reading an object of the outbox: %w", err)
	}
	return nil
}

// read reads the file of an object; its body too where w is given.
func (s *Spool) read(number uint64, w io.Writer) (envelope, error) {
	f, err := s.fs.Open(s.path(outboxDir, number))
	if err != nil {
		return envelope{}, err
	}
	e, err := readOutbox(f, w)
	return e, errors.Join(err, f.Close())
}

func readOutbox(f disk.Reader, w io.Writer) (envelope, error) {
	o, err := newOutboxReader(f)
	if err != nil {
		return envelope{}, err
	}
	e, err := o.envelope()
	if err == nil && w != nil {
		err = o.body(w)
	}
	return e, err
}

// Rekey settles another intent for an object whose key is taken by an object that
// is not this one.
func (s *Spool) Rekey(ctx context.Context, number uint64, intent []byte) error {
	return s.commit(ctx, about(entryRekeyed, number, appendRecord(nil, intent)...))
}

// Landed notes that an object is stored. Its file is removed then.
func (s *Spool) Landed(ctx context.Context, number uint64) error {
	s.mu.Lock()
	o := s.state.objects[number]
	s.mu.Unlock()
	if o == nil {
		return ErrUnknown
	}
	if err := s.commit(ctx, o.landed()); err != nil {
		return err
	}
	s.trim()
	return nil
}
