// Package avro writes records as Avro object container files. JSON is
// tokenised straight into Avro's binary form, block by block, so that the size
// of a file is exact at every block.
//
// The schema is checked with hamba/avro. That module is archived and its
// decoder has open advisories: nothing is ever decoded with it here.
package avro
