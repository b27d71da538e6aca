package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/journal"
)

// Contents is what is in the directory of a spool.
type Contents struct {
	// Version is the format, and Destination where the objects go.
	Version     int
	Destination string
	Stats
	// Waiting are the streams with records that are not sealed, Outbox the
	// objects that have not landed.
	Waiting []Stream
	Outbox  []Object
	// Lost is what cannot be read.
	Lost []Loss
}

// Inspect tells what is in the directory of a spool that no process uses, and
// changes nothing. With verify everything is read that waits, and compared with
// its checksums.
func Inspect(fsys disk.FS, dir string, verify bool) (Contents, error) {
	if _, err := fsys.List(filepath.Join(dir, journalDir)); err != nil {
		return Contents{}, fmt.Errorf("there is no spool in %s: %w", dir, err)
	}
	lock, err := takeLock(fsys, dir)
	if err != nil {
		return Contents{}, err
	}
	c, err := inspect(fsys, dir, verify)
	return c, errors.Join(err, lock.Close())
}

func inspect(fsys disk.FS, dir string, verify bool) (Contents, error) {
	r := &recovery{}
	s := newSpool(fsys, dir, Options{Lost: func(l Loss) { r.losses = append(r.losses, l) }})
	r.spool = s
	defer s.readers.close()
	m, err := s.readManifest()
	if err != nil {
		return Contents{}, err
	}
	err = journal.Read(fsys, s.dirOf(journalDir), journal.Options{Apply: s.apply, Damaged: r.damaged, Torn: r.torn})
	if err != nil {
		return Contents{}, err
	}
	c := Contents{Version: m.Version, Destination: m.Destination, Waiting: s.Streams()}
	if c.Stats, err = s.sizes(); err != nil {
		return Contents{}, err
	}
	r.holes()
	if c.Outbox, err = r.objects(verify); err != nil {
		return Contents{}, err
	}
	if verify {
		if err := r.runs(); err != nil {
			return Contents{}, err
		}
	}
	for _, d := range r.damage {
		r.losses = append(r.losses, describe(d))
	}
	c.Lost = r.losses
	return c, nil
}

// sizes are those of the files, also of such as a start would remove.
func (s *Spool) sizes() (Stats, error) {
	st := s.stats()
	st.Cached = 0
	for dir, sum := range map[string]*int64{journalDir: &st.Journal, spillDir: &st.Spill, outboxDir: &st.Outbox} {
		files, err := s.fs.List(s.dirOf(dir))
		if err != nil {
			return st, fmt.Errorf("looking into %s: %w", s.dirOf(dir), err)
		}
		*sum = 0
		for _, f := range files {
			*sum += f.Size
		}
	}
	return st, nil
}

// objects reads what is in the outbox, with the bodies where that is asked for.
func (r *recovery) objects(bodies bool) ([]Object, error) {
	s := r.spool
	var all []Object
	for _, n := range slices.Sorted(maps.Keys(s.state.objects)) {
		o := s.state.objects[n]
		w := io.Writer(nil)
		if bodies {
			w = io.Discard
		}
		e, err := s.read(n, w)
		switch {
		case errors.Is(err, errNotWhole), errors.Is(err, fs.ErrNotExist):
			r.losses = append(r.losses, s.lostObject(o, "their encoded object is missing or damaged"))
		case err != nil:
			return nil, fmt.Errorf("reading an object of the outbox: %w", err)
		default:
			all = append(all, s.object(o, &e))
		}
	}
	return all, nil
}

// runs reads all records in spill files that are needed.
func (r *recovery) runs() error {
	s := r.spool
	for _, id := range slices.Sorted(maps.Keys(s.state.streams)) {
		t := s.state.streams[id]
		for i := range t.spilled {
			p := &t.spilled[i]
			_, block, err := s.readPlace(p)
			block.Release()
			if errors.Is(err, errNotWhole) {
				r.losses = append(r.losses, Loss{
					Kind: t.kind, Path: t.path, First: p.first, End: p.end(),
					File: s.path(spillDir, p.file), Reason: "the disk gave back other bytes than were written",
				})
			} else if err != nil {
				return fmt.Errorf("reading records of %s from the spool: %w", t.path, err)
			}
		}
	}
	return nil
}
