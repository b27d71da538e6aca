// Package encodetest holds every file format to the contract of encode.Encoder
// with one suite, and generates the realistic records that tests and
// benchmarks share.
package encodetest
