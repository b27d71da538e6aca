package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// A file of the outbox is a frame that says what the object is, the pieces of its
// body, and an empty frame: frames are bound to their place, so that none is
// missing when the last one is there. Before a large piece there may be one that fills
// a gap, so that the piece is written from where it lies.

// The frames of a file of the outbox, by their first byte.
const (
	outboxMeta byte = iota + 1
	outboxPiece
	outboxEnd
	outboxFiller
)

// pieceSize is what a checksum covers of a body, at most.
const pieceSize = 1 << 20

// envelope is what a file of the outbox says of its object.
type envelope struct {
	number uint64
	stream uint64
	kind   Kind
	path   string
	first  uint64
	end    uint64
	intent []byte
	at     int64 // when the first record arrived; in the journal only
	// letters are the dead letters of the same seal, whose streams are named
	// and whose numbers are not settled.
	letters []run
}

func (e *envelope) append(dst []byte) []byte {
	dst = append(dst, outboxMeta)
	dst = binary.AppendUvarint(dst, e.number)
	dst = binary.AppendUvarint(dst, e.stream)
	dst = append(dst, byte(e.kind))
	dst = frame.AppendBytes(dst, e.path)
	dst = binary.AppendUvarint(dst, e.first)
	dst = binary.AppendUvarint(dst, e.end)
	dst = frame.AppendBytes(dst, e.intent)
	return appendRuns(dst, e.letters)
}

func parseEnvelope(payload []byte) (envelope, bool) {
	if len(payload) == 0 || payload[0] != outboxMeta {
		return envelope{}, false
	}
	c := frame.Cursor{Rest: payload[1:]}
	e := envelope{
		number: c.Uint(), stream: c.Uint(), kind: parseKind(&c), path: string(c.Bytes()),
		first: c.Uint(), end: c.Uint(), intent: c.Bytes(),
	}
	e.letters = parseRuns(&c)
	return e, !c.Bad && e.end >= e.first
}

// outboxWriter writes a file of the outbox. It is an io.Writer for the body.
type outboxWriter struct {
	file   disk.File
	salt   frame.Salt
	offset int64
	buf    []byte // of a frame
}

// writeOutbox makes a file with an object durable, but not its name. It returns
// its size.
func writeOutbox(fsys disk.FS, path string, e *envelope, body io.WriterTo) (int64, error) {
	f, err := fsys.Create(path)
	if err != nil {
		return 0, err
	}
	w := &outboxWriter{file: f, salt: frame.NewSalt()}
	err = w.fill(e, body)
	if err == nil {
		err = f.Sync()
	}
	return w.offset, errors.Join(err, f.Close())
}

func (w *outboxWriter) fill(e *envelope, body io.WriterTo) error {
	if err := w.write(frame.Header(w.salt, binary.AppendUvarint(nil, e.number))); err != nil {
		return err
	}
	if err := w.frame(e.append(w.begin())); err != nil {
		return err
	}
	if _, err := body.WriteTo(w); err != nil {
		return err
	}
	return w.frame(append(w.begin(), outboxEnd))
}

func (w *outboxWriter) write(b []byte) error {
	n, err := w.file.Write(b)
	w.offset += int64(n)
	return err
}

// begin returns the beginning of a frame, which frame is given with a payload.
func (w *outboxWriter) begin() []byte {
	return append(w.buf[:0], make([]byte, frame.Overhead)...)
}

func (w *outboxWriter) frame(b []byte) error {
	frame.Seal(b, w.salt, w.offset, 1, 0)
	w.buf = b
	return w.write(b)
}

// largePiece is from which size on a piece is not copied to be written with the
// beginning of its frame: that costs more than another write.
const largePiece = 32 << 10

// fillGap writes what has to be before the frame of a piece whose place in a block of
// memory is to be that in the file.
func (w *outboxWriter) fillGap(p []byte) error {
	const head = frame.Overhead + 1
	gap := (disk.Place(p) - (w.offset + head)) & (disk.Block - 1)
	if gap == 0 {
		return nil
	}
	if gap < head {
		gap += disk.Block
	}
	return w.frame(append(append(w.begin(), outboxFiller), make([]byte, gap-head)...))
}

// piece writes a part of the body, of which the sum is known.
func (w *outboxWriter) piece(p []byte, sum frame.Sum) error {
	if len(p) >= disk.Large {
		if err := w.fillGap(p); err != nil {
			return err
		}
	}
	head := append(w.begin(), outboxPiece)
	frame.SealWith(head, sum, w.salt, w.offset, 1, 0)
	w.buf = head
	if len(p) < largePiece {
		w.buf = append(w.buf, p...)
		return w.write(w.buf)
	}
	if err := w.write(head); err != nil {
		return err
	}
	n, err := disk.WriteHeld(w.file, p) // the body stays until the file is synced
	w.offset += int64(n)
	return err
}

// Write appends to the body.
func (w *outboxWriter) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		piece := p[n:min(n+pieceSize, len(p))]
		if err := w.piece(piece, frame.SumOf(piece)); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// WriteBlock is Write for bytes whose CRC32C is known. They are not read, except by the
// disk.
func (w *outboxWriter) WriteBlock(p []byte, crc32c uint32) (int, error) {
	if len(p) > pieceSize || len(p) == 0 {
		return w.Write(p)
	}
	if err := w.piece(p, frame.Sum{Size: int64(len(p)), CRC32C: crc32c}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// outboxReader reads a file of the outbox, frame by frame.
type outboxReader struct {
	r      disk.Reader
	salt   frame.Salt
	offset int64
	buf    []byte // of a frame
}

func newOutboxReader(r disk.Reader) (*outboxReader, error) {
	head, err := readPart(r, 0, min(r.Size(), frame.HeaderSize))
	if err != nil {
		return nil, err
	}
	salt, _, ok := frame.ParseHeader(head)
	if !ok {
		return nil, fmt.Errorf("the header of an object in the outbox: %w", errNotWhole)
	}
	return &outboxReader{r: r, salt: salt, offset: frame.HeaderSize}, nil
}

// next reads the frame that follows. It is gone with the next one.
func (o *outboxReader) next() ([]byte, error) {
	left := o.r.Size() - o.offset
	if left < frame.Overhead {
		return nil, errNotWhole
	}
	head, err := readPart(o.r, o.offset, frame.Overhead)
	if err != nil {
		return nil, err
	}
	length, ok := frame.Length(head)
	if !ok || length > left {
		return nil, errNotWhole
	}
	o.buf = slices.Grow(o.buf[:0], int(length))[:length]
	if n, err := o.r.ReadAt(o.buf, o.offset); int64(n) < length {
		return nil, err
	}
	f, n := frame.Parse(o.buf, o.salt, o.offset)
	if n == 0 || len(f.Payload) == 0 {
		return nil, errNotWhole
	}
	o.offset += n
	return f.Payload, nil
}

// envelope reads what the object is.
func (o *outboxReader) envelope() (envelope, error) {
	payload, err := o.next()
	if err != nil {
		return envelope{}, err
	}
	e, ok := parseEnvelope(payload)
	if !ok {
		return envelope{}, errNotWhole
	}
	o.buf = nil // the envelope has parts of it
	return e, nil
}

// body copies the body, and says in the end whether all of it was there.
func (o *outboxReader) body(w io.Writer) error {
	for {
		payload, err := o.next()
		if err != nil {
			return err
		}
		switch payload[0] {
		case outboxPiece:
			if _, err := w.Write(payload[1:]); err != nil {
				return err
			}
		case outboxFiller:
		case outboxEnd:
			return nil
		default:
			return errNotWhole
		}
	}
}
