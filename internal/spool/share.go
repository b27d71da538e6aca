package spool

import "sync"

// shared is something that many need done, each after what it has done itself. One does
// it for all that have come until then.
type shared struct {
	turn sync.Mutex // of the one who does it
	mu   sync.Mutex
	next *share
}

// share is what all those wait for who have come since it was begun the last time.
type share struct {
	done bool
	err  error
}

// do returns when it was done from beginning to end after the call.
func (s *shared) do(it func() error) error {
	s.mu.Lock()
	if s.next == nil {
		s.next = &share{}
	}
	mine := s.next
	s.mu.Unlock()
	s.turn.Lock()
	defer s.turn.Unlock()
	if mine.done {
		return mine.err
	}
	s.mu.Lock()
	s.next = nil // for who comes from now on it begins too early
	s.mu.Unlock()
	mine.err = it()
	mine.done = true
	return mine.err
}
