// Package kafka is the Benthos input s3_destination_kafka: a member of a
// consumer group that hands out batches of one Kafka partition and commits the
// offsets of records that are stored, and of no others.
//
// It differs from other inputs in what it tells the outputs of the same process
// (package inflight): the records of a partition that moves to another member
// are written at once, and withdrawn if that takes too long.
package kafka
