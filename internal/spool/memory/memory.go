// Package memory has the memory that records lie in from their arrival until they are
// in an object. It is used again: fresh memory, which the kernel clears, and its
// garbage collection took a quarter of the CPU that a spool takes.
//
// Whoever reads a block holds it. One that is never given back is left to the garbage
// collector, so what is forgotten costs time and nothing else. What is given back too
// early would change under its reader: with the race detector, a block is overwritten
// when nobody holds it any more, so that every test tells.
package memory

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/s3-destination/s3-destination/internal/unfilled"
)

// Block is memory that several may hold. It is safe for concurrent use; what is in it is
// not. A nil block stands for memory of the garbage collector: to hold it and to give it
// back does nothing.
type Block struct {
	bytes   []byte
	holders atomic.Int32
	idle    *sync.Pool // nil: it is not used again
}

// Sizes between smallest and largest are rounded up to one of eight steps of each power
// of two, so that at most an eighth of a block is unused. Other blocks are not used
// again.
const (
	smallest, largest = 6, 26 // powers of two: 64 bytes, 64 MiB
	steps             = 8
)

// idle are the blocks that nobody holds, by their size. The garbage collector takes those
// that nobody has used between two of its turns.
var idle [(largest - smallest) * steps]sync.Pool

// Get returns a block of at least so many bytes, which hold anything. The caller holds it.
func Get(size int) *Block {
	b := &Block{}
	if power := bits.Len(uint(max(size-1, 0))) - 1; power >= smallest && power < largest {
		step := 1 << power / steps
		n := (size - 1 - 1<<power) / step
		size = 1<<power + (n+1)*step
		b.idle = &idle[(power-smallest)*steps+n]
		if used, is := b.idle.Get().(*Block); is {
			b = used
		}
	}
	if b.bytes == nil {
		b.bytes = unfilled.Bytes(size)
	}
	b.holders.Store(1)
	return b
}

// Bytes are all bytes of the block.
func (b *Block) Bytes() []byte { return b.bytes }

// Has reports whether bytes that go on to the end of their memory are in the block.
func (b *Block) Has(bytes []byte) bool {
	if b == nil || cap(bytes) == 0 || len(b.bytes) == 0 {
		return false
	}
	return &bytes[:cap(bytes)][cap(bytes)-1] == &b.bytes[len(b.bytes)-1]
}

// Hold lets another one hold the block, which somebody does, and returns it.
func (b *Block) Hold() *Block {
	if b != nil && b.holders.Add(1) < 2 {
		panic("a block of memory is held that was given back")
	}
	return b
}

// Release gives the block back. The caller must not read it any more.
func (b *Block) Release() {
	if b == nil {
		return
	}
	switch n := b.holders.Add(-1); {
	case n < 0:
		panic("a block of memory is given back more often than it was held")
	case n > 0 || b.idle == nil:
		return
	}
	wipe(b.bytes)
	b.idle.Put(b)
}
