// Package format has the structures that a Parquet file consists of beside its
// values: page headers, page indexes, bloom filter headers and the footer. They
// are those of parquet.thrift in the format's repository, cut down to what this
// encoder writes, and are written in Thrift's compact protocol.
//
// They are our own so that no version of a Parquet library is prescribed to the
// program that the encoder is built into.
package format
