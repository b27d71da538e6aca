package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/source"
)

// mostRecords bounds a batch of short records, each of which costs as much beside
// its bytes as a long one.
const mostRecords = 500

// piece is what a splitter has found at the beginning of what is left to read.
type piece struct {
	// used is how many bytes are done with; 0 when more have to be read first.
	used int
	// record is nil where the bytes are none: white space, a header.
	record []byte
	// length is how long the record is in the stream, without the end of the line.
	length int
	// refused says why the record is a bad one; nil for others.
	refused error
}

// splitter tells the records of a format apart. It is given what is left to
// read, from the same first byte again and with more behind it when it has found
// nothing, and remembers how far it has looked. At the end there is no more. An
// error means that nothing can be told apart from there on.
type splitter interface {
	split(data []byte, end bool) (piece, error)
}

// stream reads one source. It implements service.SimpleBatchScanner.
type stream struct {
	name    string
	longest int
	input   io.ReadCloser
	reader  *decompressor
	block   block
	cut     splitter

	begun        bool  // what is before the first record is skipped
	line, offset int64 // where the rest of the block begins
	failed       error // what ends the reading, once the records before it are handed over
	positions    source.Positions
}

func newStream(conf *config, input io.ReadCloser, details *service.ScannerSourceDetails) *stream {
	if details == nil {
		details = service.NewScannerSourceDetails()
	}
	name := details.Name()
	if name == "" {
		name = "the input"
	}
	return &stream{
		name: name, longest: conf.longest, input: input, cut: conf.splitter(), line: 1,
		reader: &decompressor{source: input, algorithm: conf.compression},
		block:  newBlock(conf.batch, isFile(details)),
	}
}

// isFile reports whether the source is a file on disk, which never lets wait for
// what comes next. Inputs tell the size of nothing else, and those of older versions none.
func isFile(details *service.ScannerSourceDetails) bool {
	sized, ok := any(details).(interface{ SizeHint() int64 })
	return ok && sized.SizeHint() > 0
}

// NextBatch returns the records that are there, and reads only when there are
// none.
func (s *stream) NextBatch(ctx context.Context) (service.MessageBatch, error) {
	for {
		batch := s.take() //nolint:contextcheck // messages outlive the context of the call
		if len(batch) > 0 {
			return batch, nil
		}
		if s.failed != nil {
			err := s.failed
			s.failed = io.EOF // an input that asks again has come to the end
			return nil, err
		}
		if s.block.ended {
			return nil, io.EOF
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := s.block.fill(s.reader)
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, err // nothing is lost: the input may ask again
		}
		if err != nil {
			s.failed = s.at(err)
		}
	}
}

// take cuts what has been read into records, up to a batch of them.
func (s *stream) take() service.MessageBatch {
	var batch service.MessageBatch
	for s.failed == nil && len(batch) < mostRecords {
		rest := s.block.rest()
		if !s.begun && !s.begin(rest) {
			break
		}
		rest = s.block.rest()
		p, err := s.cut.split(rest, s.block.ended)
		if err == nil {
			err = s.check(p, len(rest))
		}
		if err != nil {
			s.failed = s.at(err)
			break
		}
		if p.used == 0 {
			break
		}
		if p.record != nil {
			if batch == nil {
				most := min(len(rest)/p.used+1, mostRecords)
				batch = make(service.MessageBatch, 0, most)
				s.positions.Reserve(most)
			}
			batch = append(batch, s.message(p))
		}
		s.skip(p.used)
	}
	return batch
}

// mark is the byte order mark.
var mark = []byte("\xef\xbb\xbf")

// begin skips a byte order mark. It reports whether it can tell that there is
// none.
func (s *stream) begin(data []byte) bool {
	if len(data) < len(mark) && !s.block.ended && bytes.HasPrefix(mark, data) {
		return false
	}
	s.begun = true
	if bytes.HasPrefix(data, mark) {
		s.skip(len(mark))
	}
	return true
}

// skip is done with so many bytes.
func (s *stream) skip(n int) {
	s.line += int64(bytes.Count(s.block.rest()[:n], newline))
	s.offset += int64(n)
	s.block.begin += n
}

var newline = []byte{'\n'}

// lineEnd is the longest end of a line, which does not count as the record.
const lineEnd = 2

// check returns an error when the record is too long, or will be.
func (s *stream) check(p piece, rest int) error {
	if p.used > 0 && p.length <= s.longest || p.used == 0 && rest <= s.longest+lineEnd {
		return nil
	}
	return fmt.Errorf("the record is longer than %s (%s): raise it if this is a record, or set %s if the file is in another format",
		fieldLongest, humanize.IBytes(uint64(s.longest)), fieldFormat)
}

// at says where reading has failed.
func (s *stream) at(err error) error {
	return fmt.Errorf("reading %s at line %d, byte %d: %w", s.name, s.line, s.offset, err)
}

// message makes a message of the record that is next. It stays a part of the
// block.
func (s *stream) message(p piece) *service.Message {
	at := source.Position{Line: s.line, Byte: s.offset}
	m := service.NewMessageWithContext(s.positions.With(context.Background(), at, p.record), p.record)
	if p.refused != nil {
		m.MetaSetMut(source.MetaError, p.refused.Error())
	}
	return m
}

// Close ends the reading.
func (s *stream) Close(context.Context) error { return s.input.Close() }
