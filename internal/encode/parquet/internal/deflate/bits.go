package deflate

import (
	"encoding/binary"
	"math"
)

// bitQueue are the bits that are not written yet, the first one at the lowest place.
// Its methods return it as it then is: registers hold it.
type bitQueue struct {
	at   int
	bits uint64
	n    uint
}

func (b bitQueue) add(bits uint64, n uint8) bitQueue {
	b.bits |= bits << (b.n & 63)
	b.n += uint(n)
	return b
}

// flush writes whole bytes; out has room for eight.
func (b bitQueue) flush(out []byte) bitQueue {
	binary.LittleEndian.PutUint64(out[b.at:], b.bits)
	b.at += int(b.n >> 3)
	b.bits >>= b.n & 56
	b.n &= 7
	return b
}

// bitWriter appends bits to bytes.
type bitWriter struct {
	out  []byte
	bits uint64
	n    uint // fewer than eight between calls
}

func (w *bitWriter) add(bits uint64, n uint8) {
	w.bits |= bits << w.n
	w.n += uint(n)
	for ; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

// align goes on at the next byte.
func (w *bitWriter) align() {
	if w.n > 0 {
		w.out = append(w.out, byte(w.bits))
		w.bits, w.n = 0, 0
	}
}

// stored appends src as it is.
func (w *bitWriter) stored(src []byte, final uint64) {
	for {
		part := src[:min(len(src), math.MaxUint16)]
		src = src[len(part):]
		if len(src) > 0 {
			w.add(storedBlock<<1, 3)
		} else {
			w.add(final|storedBlock<<1, 3)
		}
		w.align()
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(len(part)))
		w.out = binary.LittleEndian.AppendUint16(w.out, ^uint16(len(part)))
		w.out = append(w.out, part...)
		if len(src) == 0 {
			return
		}
	}
}
