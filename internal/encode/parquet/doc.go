// Package parquet writes records as Parquet files. JSON is tokenised straight
// into typed column buffers, and pages are assembled from these over the
// encodings and the Thrift types of parquet-go, which stays the reference that
// the tests compare with.
//
// A row group is built apart from its file as a block of bytes in which only
// offsets depend on the place. That makes the size of a file exactly known
// before a block is added to it, and the size cap exact.
package parquet
