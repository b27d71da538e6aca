package scanner

import (
	"bytes"
	"io"

	"github.com/s3-destination/s3-destination/internal/unfilled"
)

// leastRead is how much is read at least where there is as much: what pipes and
// decompressors have at once.
const leastRead = 32 << 10

// emptyReads is how often a reader may return nothing.
const emptyReads = 100

// block is the memory into which a stream is read. Records are parts of it, so
// that it is never written twice: behind what has been read it is filled, and
// then another one takes its place.
type block struct {
	memory     []byte
	begin, end int // what is not cut into records yet
	most       int // how much is read into one block
	whole      bool
	size       int // how much will be read into the next block
	lastRead   int
	ended      bool // there is no more to read
}

// newBlock returns a block for a stream. One that is whole never lets wait for
// what comes next, a file on disk, so that blocks are filled to the end.
func newBlock(most int, whole bool) block {
	b := block{most: most, whole: whole, size: min(leastRead, most)}
	if whole {
		b.size = most
	}
	return b
}

// rest is what has been read and is not done with. Who keeps a part of it cannot
// append to it.
func (b *block) rest() []byte { return b.memory[b.begin:b.end:b.end] }

// fill reads more, at least a byte unless the stream ends.
func (b *block) fill(from io.Reader) error {
	b.renew()
	for empty := 0; !b.ended && b.end < len(b.memory); {
		room := len(b.memory) - b.end
		n, err := from.Read(b.memory[b.end:])
		b.end += n
		if n > 0 {
			b.lastRead, empty = n, 0
		}
		if n == room {
			b.size = min(2*b.size, b.most) // there may be more
		}
		switch {
		case isEnd(err):
			b.ended = true
			b.fit()
		case err != nil:
			return err
		case n == 0:
			if empty++; empty == emptyReads {
				return io.ErrNoProgress
			}
		case !b.whole:
			return nil
		}
	}
	return nil
}

// fit lets go of a block that a short file needs little of. Its records would keep
// all of it in memory.
func (b *block) fit() {
	if b.begin == 0 && b.end < len(b.memory)/4 {
		b.memory = bytes.Clone(b.memory[:b.end])
	}
}

// isEnd reports whether a reader has come to its end.
func isEnd(err error) bool {
	return err == io.EOF //nolint:errorlint // wrapped it is a failure of something else
}

// renew takes a new block when there is no room left for a read as long as the
// last one. What is left of a record moves there; for one that needs several
// blocks they double, so that it is not moved often.
func (b *block) renew() {
	left := b.end - b.begin
	if room := len(b.memory) - b.end; room > 0 && room >= b.lastRead {
		return
	}
	memory := unfilled.Bytes(left + max(b.size, left))
	copy(memory, b.rest())
	b.memory, b.begin, b.end = memory, 0, left
}
