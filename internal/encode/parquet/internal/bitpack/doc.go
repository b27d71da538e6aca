// Package bitpack has the encodings of Parquet that store numbers in as few bits
// as they need: runs of equal and of bit-packed values (RLE) for levels and
// dictionary indexes, and bit-packed deltas (DELTA_BINARY_PACKED).
package bitpack
