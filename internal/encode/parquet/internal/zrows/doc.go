// Package zrows compresses values that all have the same size, as columns of
// numbers, times and identifiers have them, into zstd frames. What the values have
// in common stands at the same places of each: it is found by comparing a value with
// the one before it, which is both faster and finds more than a search for any text
// that repeats. Other data is packed by the frequency of its bytes alone.
//
// The format is that of RFC 8878, and every reader of zstd reads it.
package zrows
