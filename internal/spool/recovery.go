package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
)

// recovery is what is found out about the directory while it is opened.
type recovery struct {
	spool  *Spool
	losses []Loss
	damage []journal.Damage
	// synced is the number behind the last record of each stream that was read before
	// the journal is torn. It is nil where nothing is behind the tear.
	synced map[uint64]uint64
	missed [][]byte // entries by which losses are told once
}

func (r *recovery) damaged(d journal.Damage) { r.damage = append(r.damage, d) }

// torn notes what was synced for certain: what is missing of it was not torn.
func (r *recovery) torn() {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	r.synced = make(map[uint64]uint64, len(s.state.streams))
	for id, t := range s.state.streams {
		r.synced[id] = t.next
	}
}

// acknowledged is the number from which on nothing says that records of a stream
// were ever acknowledged. Only what a crash tore is such: a spill file was synced
// before anything told of it.
func (r *recovery) acknowledged(t *stream) uint64 {
	if r.synced == nil || len(r.certain()) > 0 {
		return math.MaxUint64
	}
	return r.synced[t.id]
}

// spills takes from files that no entry tells of what is nowhere else, which is
// what a damaged entry leaves, and removes the others.
func (r *recovery) spills() error {
	s := r.spool
	on, err := s.numbers(spillDir)
	if err != nil {
		return err
	}
	for n, err := range s.unread {
		if _, is := on[n]; is && !errors.Is(err, errNotWhole) {
			return err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(on)) {
		if s.state.files[n] != nil {
			continue
		}
		if len(r.certain()) > 0 {
			if f := s.index(n); f != nil && s.state.fill(f) {
				continue
			}
		}
		if err := s.unread[n]; err != nil {
			s.moveAside(s.path(spillDir, n)) // what it held is missed, or is not needed any more
			continue
		}
		if err := s.remove(spillDir, n); err != nil {
			return err
		}
	}
	return nil
}

// fill takes what is missed from a file.
func (s *state) fill(f *spillFile) bool {
	for _, p := range f.places {
		if t := s.streams[p.stream]; t != nil && t.misses(p.first, p.end()) {
			f.live++
			t.insert(p)
		}
	}
	if f.live > 0 {
		s.keepFile(f)
	}
	return f.live > 0
}

// misses reports whether some of these records are not there, or not known of.
func (s *stream) misses(first, end uint64) bool {
	for _, h := range s.holes() {
		if first < h.end && end > h.first {
			return true
		}
	}
	return end > s.next
}

// certain is the damage that is not what a crash leaves.
func (r *recovery) certain() []journal.Damage {
	return slices.DeleteFunc(slices.Clone(r.damage), func(d journal.Damage) bool { return d.Torn })
}

// outbox compares the objects with their files.
func (r *recovery) outbox() error {
	s := r.spool
	on, err := s.numbers(outboxDir)
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(s.state.objects)) {
		if _, is := on[n]; !is {
			r.giveUp(s.state.objects[n])
		}
	}
	for _, n := range slices.Sorted(maps.Keys(on)) {
		if o := s.state.objects[n]; o != nil {
			s.outbox += o.size
			continue
		}
		if err := r.adopt(n); err != nil {
			return err
		}
		if err := s.remove(outboxDir, n); err != nil {
			return err
		}
	}
	clear(s.state.landed)
	return nil
}

// giveUp gives up an object whose file is missing. It has landed, most likely: the
// entry that says so is durable before the file is removed, and may be damaged.
func (r *recovery) giveUp(o *object) {
	s := r.spool
	r.losses = append(r.losses, s.lostObject(o, "their encoded object is missing, and whether it was stored is not known"))
	s.state.land(o.number)
	r.missed = append(r.missed, o.landed())
}

// adopt takes an object that no entry tells of, if something is damaged and it has
// the next records of its stream: it may be stored already, and must not be
// encoded anew. It is written again, because it may be in memory only.
func (r *recovery) adopt(number uint64) error {
	s := r.spool
	if len(r.certain()) == 0 {
		return nil
	}
	e, err := s.read(number, io.Discard)
	if errors.Is(err, errNotWhole) {
		s.moveAside(s.path(outboxDir, number)) // what it held is missed, or is not needed any more
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading an object of the outbox: %w", err)
	}
	t := s.state.streams[e.stream]
	if t == nil || t.sealed != e.first {
		return nil
	}
	e.number = s.state.nextObject
	s.state.nextObject++
	size, err := s.store(&e, writerTo(func(w io.Writer) error { _, err := s.read(number, w); return err }))
	if err != nil {
		return fmt.Errorf("writing an object to the outbox: %w", err)
	}
	var letters []Record
	for _, l := range e.letters {
		for _, data := range records(l.data, l.count) {
			letters = append(letters, Record{Kind: l.kind, Path: l.path, Data: data})
		}
	}
	entry := sealed{number: e.number, stream: e.stream, first: e.first, end: e.end, size: size, at: max(t.since(), 0)}
	return s.commitSeal(context.Background(), &entry, letters)
}

// streams names what is missing of them.
func (r *recovery) streams() error {
	s := r.spool
	r.holes()
	for _, id := range slices.Sorted(maps.Keys(s.state.streams)) {
		t := s.state.streams[id]
		if !t.named {
			r.unnamed(t)
			continue
		}
		if holes := t.holes(); len(holes) > 0 {
			r.missed = append(r.missed, about(entryMissed, t.id, appendHoles(nil, holes)...))
		}
	}
	return nil
}

// holes names the records that should be there and are not.
func (r *recovery) holes() {
	s := r.spool
	for _, id := range slices.Sorted(maps.Keys(s.state.streams)) {
		t := s.state.streams[id]
		if !t.named {
			continue
		}
		end := r.acknowledged(t)
		for _, h := range t.holes() {
			r.miss(t, hole{first: h.first, end: min(h.end, end)}, false)
			r.miss(t, hole{first: max(h.first, end), end: h.end}, true)
		}
	}
}

func (r *recovery) miss(t *stream, h hole, unacknowledged bool) {
	if h.first < h.end {
		r.losses = append(r.losses, Loss{
			Kind: t.kind, Path: t.path, First: h.first, End: h.end,
			Reason: "what held them cannot be read", Unacknowledged: unacknowledged,
		})
	}
}

// unnamed gives up records of which is not known where they belong.
func (r *recovery) unnamed(t *stream) {
	s := r.spool
	for i := range t.cached {
		e := &t.cached[i]
		name := filepath.Join(s.dirOf(badDir), fmt.Sprintf("stream-%d.%d", t.id, e.first))
		_ = disk.WriteFile(s.fs, name, e.data)
	}
	if t.next > t.sealed {
		r.losses = append(r.losses, Loss{
			First: t.sealed, End: t.next, Unacknowledged: t.sealed >= r.acknowledged(t),
			Reason: "the part of the journal that said which partition they belong to cannot be read: " + aside,
		})
	}
	s.state.forget(t)
}

// tell names all that is lost. It ends the recovery where that is asked for.
func (r *recovery) tell() error {
	s := r.spool
	for _, d := range r.damage {
		if !d.Torn {
			s.keepBytes(d.Path, d.From, d.Bytes)
		}
		r.losses = append(r.losses, describe(d))
	}
	var certain []string
	lost := false
	for _, l := range r.losses {
		s.opts.Lost(l)
		if !l.Unacknowledged {
			certain = append(certain, l.String())
			lost = lost || l.End > l.First
		}
	}
	if s.opts.OnDamage == Stop && len(certain) > 0 {
		return fmt.Errorf("%w: %s; on_damage: quarantine goes on without", ErrDamaged, strings.Join(certain, "; "))
	}
	if lost {
		s.forget(context.Background())
	}
	for _, entry := range r.missed { // last: the next start says nothing of these
		if err := s.commit(context.Background(), entry); err != nil {
			return fmt.Errorf("opening the spool in %s: %w", s.dir, err)
		}
	}
	return nil
}

// describe makes words of what is wrong with the journal.
func describe(d journal.Damage) Loss {
	l := Loss{File: d.Path, Unacknowledged: d.Torn}
	switch {
	case d.Missing:
		l.Reason = "a file of the journal is missing; records may be lost that were in it, and others stored twice"
	case d.Torn:
		l.Reason = fmt.Sprintf("the last %d bytes from %d on were not complete", d.To-d.From, d.From)
	default:
		l.Reason = fmt.Sprintf("bytes %d to %d cannot be read: %s", d.From, d.To, aside)
	}
	return l
}
