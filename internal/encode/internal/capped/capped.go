// Package capped writes the byte stream of one object, plain or compressed
// with gzip, under an exact size limit. It takes a row at a time, whole or not
// at all, and its size is known to the byte while the object is still open.
package capped

import (
	"errors"
	"io"
)

// Stream writes one object. It keeps its buffers and its compressor from
// object to object. It is not safe for concurrent use.
type Stream struct {
	w     io.Writer
	limit int64 // 0: none
	tail  int   // raw bytes that Close still writes, always accounted for
	bytes int64 // written to w
	rows  int
	full  bool
	err   error

	buf []byte // raw bytes on their way to w or into the compressor
	gz  *deflater
}

// bufferSize keeps the raw buffer in the first-level cache.
const bufferSize = 16 << 10

// NewPlain returns a stream that writes rows as they are.
func NewPlain() *Stream { return &Stream{buf: make([]byte, 0, bufferSize)} }

// NewGzip returns a stream that compresses with gzip, at a level of 1 to 9.
// Levels outside are moved inside; 0 stands for DefaultLevel.
func NewGzip(level int) *Stream {
	s := NewPlain()
	s.gz = newDeflater(level)
	return s
}

// Reset starts an object of at most limit bytes in w; 0 means no limit. tail
// is the number of raw bytes that will be given to Close.
func (s *Stream) Reset(w io.Writer, limit int64, tail int) {
	*s = Stream{w: w, limit: limit, tail: tail, buf: s.buf[:0], gz: s.gz}
	if s.gz != nil {
		s.gz.reset()
	}
}

// Add writes one row, given in parts, and reports whether it was taken. It is
// not taken when the object would grow beyond the limit, unless it is the
// first; from then on, and after an error of w, only Close may follow.
func (s *Stream) Add(parts ...[]byte) bool {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	switch {
	case s.full || s.err != nil:
		return false
	case s.limit == 0 || s.fits(n):
		s.put(parts)
	case s.gz != nil:
		if !s.try(parts) {
			s.full = s.err == nil
			return false
		}
	case s.rows > 0:
		s.full = true
		return false
	default:
		s.put(parts)
	}
	s.rows++
	return s.err == nil
}

// fits tells whether n more raw bytes stay under the limit however badly they
// compress. When that depends on what the compressor holds back, it is flushed
// so that its exact size counts.
func (s *Stream) fits(n int) bool {
	if s.gz == nil {
		return s.bytes+int64(len(s.buf)+n+s.tail) <= s.limit
	}
	if s.gz.bound(n+len(s.buf), s.tail) <= s.limit {
		return true
	}
	if s.gz.pending == 0 && len(s.buf) == 0 {
		return false
	}
	s.drain()
	s.fail(s.gz.flush(s.w))
	return s.err == nil && s.gz.bound(n, s.tail) <= s.limit
}

// try compresses a row that might not fit and looks at the result. The stream
// was flushed before, so what does not fit is simply left out: the compressor
// is then useless, but the object up to here is whole.
func (s *Stream) try(parts [][]byte) bool {
	if s.err != nil {
		return false
	}
	mark := s.gz.hold()
	s.put(parts)
	s.drain()
	if s.err != nil {
		return false
	}
	if err := s.gz.compressAll(); err != nil {
		s.fail(err)
		return false
	}
	if s.rows > 0 && s.gz.bound(0, s.tail) > s.limit {
		s.gz.rollback(mark)
		return false
	}
	s.fail(s.gz.release(s.w))
	return s.err == nil
}

func (s *Stream) put(parts [][]byte) {
	for _, p := range parts {
		if len(s.buf)+len(p) > cap(s.buf) {
			s.drain()
			if len(p) >= cap(s.buf) {
				s.emit(p)
				continue
			}
		}
		s.buf = append(s.buf, p...)
	}
}

func (s *Stream) drain() {
	if len(s.buf) > 0 {
		s.emit(s.buf)
		s.buf = s.buf[:0]
	}
}

func (s *Stream) emit(p []byte) {
	if s.err != nil {
		return
	}
	if s.gz != nil {
		s.fail(s.gz.write(s.w, p))
		return
	}
	n, err := s.w.Write(p)
	s.bytes += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.fail(err)
}

func (s *Stream) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Close ends the object with tail, whose length was announced to Reset, and
// returns the size of the object. Nothing is written when no row was.
func (s *Stream) Close(tail []byte) (int64, error) {
	if s.err != nil || s.rows == 0 {
		return s.bytes, s.err
	}
	if len(tail) != s.tail {
		return 0, errors.New("closing an object with another tail than announced")
	}
	if s.gz == nil {
		s.put([][]byte{tail})
		s.drain()
		return s.bytes, s.err
	}
	if !s.gz.ended {
		s.drain()
	}
	if s.err == nil {
		s.bytes, s.err = s.gz.close(s.w, tail)
	}
	return s.bytes, s.err
}

// Full reports whether a row was turned away because of the limit.
func (s *Stream) Full() bool { return s.full }
