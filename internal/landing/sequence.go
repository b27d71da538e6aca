package landing

import (
	"sync"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/template"
)

// sequences hands out chunk ids: 1, 2, 3, ... for each rendered name. Names
// with a clock in them come and go, so the older half is forgotten from time
// to time; a forgotten name that comes back finds its numbers taken and
// continues after them, as it does after a restart.
type sequences struct {
	mu            sync.Mutex
	recent, older map[name]*sequence
	listingDenied bool
}

// name is what objects share that differ only by number and uuid.
type name struct {
	kind chunk.Kind
	key  string
}

// maxNames bounds each half of the remembered names.
const maxNames = 50_000

func (s *sequences) of(n Namer, o chunk.Object, first template.ObjectNaming) (*sequence, error) {
	first.ChunkID = 1
	key, err := n.Key(o.Path, first)
	if err != nil {
		return nil, err
	}
	id := name{kind: o.Kind, key: key}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq, ok := s.recent[id]; ok {
		return seq, nil
	}
	seq, ok := s.older[id]
	if !ok {
		seq = &sequence{next: 1}
	}
	if len(s.recent) >= maxNames || s.recent == nil {
		s.recent, s.older = map[name]*sequence{}, s.recent
	}
	s.recent[id] = seq
	return seq, nil
}

func (s *sequences) mayList() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.listingDenied
}

func (s *sequences) denyListing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listingDenied = true
}

// sequence is the numbering of one name.
type sequence struct {
	fixed   bool       // always the same number
	listing sync.Mutex // held by the one who looks for the end
	mu      sync.Mutex
	next    int
}

// take returns a number nobody in this process has had.
func (s *sequence) take() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.next
	if !s.fixed {
		s.next++
	}
	return id
}

// raise makes the next number at least n.
func (s *sequence) raise(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = max(s.next, n)
}

// beyond reports whether the sequence has moved on by more than the usual
// step since id was taken.
func (s *sequence) beyond(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next > id+1+id/stride
}
