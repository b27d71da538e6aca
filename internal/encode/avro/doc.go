// Package avro writes records as Avro object container files. JSON is
// tokenised straight into Avro's binary form, block by block, so that the size
// of a file is exact at every block.
//
// The schema is checked with twmb/avro; blocks are written by this package.
package avro
