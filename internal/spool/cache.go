package spool

import (
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/memory"
)

// keep returns data that may be held for long, with the block that holds it. A part of
// an entry that is not most of it would hold the rest, too.
func (s *state) keep(data []byte) ([]byte, *memory.Block) {
	if 2*len(data) > s.entry {
		return data, s.block.Hold()
	}
	return slices.Clone(data), nil
}

func (s *state) charge(t *stream, e *extent, sign int) {
	t.bytes += int64(sign) * e.charge()
	t.shapes += int64(sign * len(e.shapes))
	s.cached += int64(sign) * e.charge()
	if s.inSegment[e.segment] += sign; s.inSegment[e.segment] == 0 {
		delete(s.inSegment, e.segment)
	}
}

// lend counts those who count the memory of an extent, too.
func (s *state) lend(e *extent, more int) {
	before := e.lenders
	e.lenders += more
	switch {
	case before == 0 && e.lenders > 0:
		s.lent += e.charge()
	case before > 0 && e.lenders == 0:
		s.lent -= e.charge()
	}
}

// uncache drops what is in memory before a number.
func (s *state) uncache(t *stream, before uint64) {
	n := 0
	for n < len(t.cached) && t.cached[n].end() <= before {
		s.charge(t, &t.cached[n], -1)
		s.lend(&t.cached[n], -t.cached[n].lenders)
		t.cached[n].block.Release()
		n++
	}
	clear(t.cached[:n])
	t.cached = t.cached[n:]
}
