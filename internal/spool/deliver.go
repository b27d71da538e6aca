package spool

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// Destination is where objects go.
type Destination interface {
	// Carry stores an object, under the key of its intent or, where that is taken
	// by another object, under one of a further intent. Before it sends anything
	// under that, it has rekey make it durable.
	Carry(ctx context.Context, o Object, body io.WriterTo, rekey Rekey) error
}

// Rekey makes another intent of an object durable.
type Rekey func(ctx context.Context, intent []byte) error

// Deliver has an object of the outbox stored, and notes that it has landed.
func (s *Spool) Deliver(ctx context.Context, number uint64, d Destination) error {
	o, err := s.Object(ctx, number)
	if err != nil {
		return err
	}
	return s.DeliverObject(ctx, o, d)
}

// DeliverObject is Deliver for an object of which all is known, so that nothing is read
// but its body where that is asked for.
func (s *Spool) DeliverObject(ctx context.Context, o Object, d Destination) error {
	number := o.Number
	body := writerTo(func(w io.Writer) error { return s.Body(ctx, number, w) })
	rekey := func(ctx context.Context, intent []byte) error { return s.Rekey(ctx, number, intent) }
	if err := d.Carry(ctx, o, body, rekey); err != nil {
		return fmt.Errorf("delivering an object of %s: %w", o.Path, err)
	}
	return s.Landed(context.WithoutCancel(ctx), number) // it is stored, whatever ends now
}

// Waits reports whether an object has not landed.
func (s *Spool) Waits(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.objects[number] != nil
}

// Waiting is an object that has not landed, as far as that is known without its
// file.
type Waiting struct {
	Number uint64
	Kind   Kind
	Path   string
	// Size is that of the file.
	Size int64
}

// Waiting are the objects that have not landed, in the order in which they were
// sealed, without those of which Seal has not returned.
func (s *Spool) Waiting() []Waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Waiting, 0, len(s.state.objects))
	for n, o := range s.state.objects {
		w := Waiting{Number: n, Size: o.size}
		if t := s.state.streams[o.stream]; t != nil {
			if t.sealing && t.made == n {
				continue
			}
			w.Kind, w.Path = t.kind, t.path
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Waiting) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// writerTo makes an io.WriterTo of a function.
type writerTo func(w io.Writer) error

// WriteTo implements io.WriterTo.
func (f writerTo) WriteTo(w io.Writer) (int64, error) {
	c := &counter{to: w}
	err := f(c)
	return c.n, err
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
