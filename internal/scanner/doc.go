// Package scanner is the Benthos scanner s3_destination_records: it cuts files
// and streams into batches of records, where the scanners of Benthos hand over
// one message at a time, which costs more than all that follows.
//
// A stream is read into blocks, and the records of a batch are parts of one
// block: nothing is copied, and a block is in memory as long as one of its
// records is. What formats differ in is a [splitter] each.
package scanner
