package frame

import "hash/crc32"

// Sum is the checksum of bytes that are to be a part of a frame. It is computed best
// when they have just been written, and are still in a cache of the processor.
type Sum struct {
	// Size is the number of bytes.
	Size int64
	// CRC32C is that of hash/crc32.
	CRC32C uint32
}

// SumOf is the sum of bytes.
func SumOf(b []byte) Sum { return Sum{int64(len(b)), crc32.Checksum(b, table)} }

// behind is the checksum of bytes that have one, with those of the sum behind them: to
// append n bytes multiplies it by x to the power of 8n, modulo the polynomial.
func (s Sum) behind(crc uint32) uint32 {
	for n, power := s.Size, 0; n > 0; n, power = n>>1, power+1 {
		if n&1 == 1 {
			crc = multiply(crc, powers[power])
		}
	}
	return crc ^ s.CRC32C
}

// powers are x to the power of 8 times 1, 2, 4 and so on, modulo the polynomial, in the
// order of bits in which the highest is that of 1.
var powers = func() (p [63]uint32) {
	p[0] = 1 << (31 - 8)
	for i := 1; i < len(p); i++ {
		p[i] = multiply(p[i-1], p[i-1])
	}
	return p
}()

// multiply is the product of two polynomials, modulo that of the checksum.
func multiply(a, b uint32) (product uint32) {
	for bit := uint32(1) << 31; bit > 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= crc32.Castagnoli
		}
	}
	return product
}
