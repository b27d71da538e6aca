package spool

import (
	"errors"
	"fmt"
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// mostOpen is how many spill files stay open. An object has runs in a few of them, and
// the next one most often in the same: to open a file costs more than to read a run.
const mostOpen = 64

// spillReaders are the spill files that runs were read from last.
type spillReaders struct {
	fs disk.FS

	mu     sync.Mutex
	open   map[uint64]*spillReader
	reads  uint64
	closed bool
}

// spillReader is a spill file that is open.
type spillReader struct {
	disk.Reader
	salt  frame.Salt
	last  uint64 // read
	users int
	gone  bool // whoever is the last to use it closes it
}

// read reads the run of a place in a file, into a block that the caller holds then.
func (s *spillReaders) read(path string, p *place) (run, *memory.Block, error) {
	r, err := s.take(path, p.file)
	if err != nil {
		return run{}, nil, err
	}
	got, block, err := readRun(r, r.salt, p)
	if err != nil {
		s.drop(p.file) // the next one begins anew
	}
	s.giveBack(r)
	return got, block, err
}

// take returns a file to read from.
func (s *spillReaders) take(path string, number uint64) (*spillReader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.open[number]
	if r == nil {
		var err error
		if r, err = openSpill(s.fs, path); err != nil {
			return nil, err
		}
		s.keep(number, r)
	}
	s.reads++
	r.last = s.reads
	r.users++
	return r, nil
}

// keep keeps a file open, in place of the one that was not read for the longest time.
// The caller holds the lock.
func (s *spillReaders) keep(number uint64, r *spillReader) {
	if s.closed {
		r.gone = true
		return
	}
	if len(s.open) >= mostOpen {
		oldest := number
		for n, o := range s.open {
			if oldest == number || o.last < s.open[oldest].last {
				oldest = n
			}
		}
		s.forget(oldest)
	}
	s.open[number] = r
}

// giveBack ends the use of a file.
func (s *spillReaders) giveBack(r *spillReader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.users--
	if r.gone && r.users == 0 {
		_ = r.Close() // what was read was compared with its checksum
	}
}

// forget closes a file as soon as nobody uses it. The caller holds the lock.
func (s *spillReaders) forget(number uint64) {
	r := s.open[number]
	if r == nil {
		return
	}
	delete(s.open, number)
	r.gone = true
	if r.users == 0 {
		_ = r.Close() // what was read was compared with its checksum
	}
}

// drop closes a file that is to be removed, or cannot be read.
func (s *spillReaders) drop(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(number)
}

// close closes all files, now and from now on.
func (s *spillReaders) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for n := range s.open {
		s.forget(n)
	}
}

// openSpill opens a spill file.
func openSpill(fsys disk.FS, path string) (*spillReader, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	salt, err := saltOf(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spillReader{Reader: f, salt: salt}, nil
}

// saltOf reads the salt of a spill file.
func saltOf(r disk.Reader) (frame.Salt, error) {
	head, err := readPart(r, 0, min(r.Size(), frame.HeaderSize))
	if err != nil {
		return frame.Salt{}, err
	}
	salt, _, ok := frame.ParseHeader(head)
	if !ok {
		return frame.Salt{}, fmt.Errorf("the header of a spill file: %w", errNotWhole)
	}
	return salt, nil
}
