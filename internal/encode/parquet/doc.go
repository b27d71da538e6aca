// Package parquet writes records as Parquet files. JSON is tokenised straight
// into typed column buffers, and pages are assembled from these. No Parquet
// library takes part, so that the program around the encoder is free to have
// one of any version; parquet-go and Arrow are the references that the tests
// compare with.
//
// A row group is built apart from its file as a block of bytes in which only
// offsets depend on the place. That makes the size of a file exactly known
// before a block is added to it, and the size cap exact.
package parquet
