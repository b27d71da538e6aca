// Command chaos checks what s3-destination promises while everything around it
// fails. It produces numbered records into Kafka, runs the real binary against
// a broker and an S3 server, kills and stops the one and breaks the other on a
// schedule that a seed decides, then reads every object back with readers of
// its own and compares them with what was produced and what was committed:
//
//   - no record is missing, ever;
//   - a record is stored twice only where the first copy's offset was not
//     committed when its process was killed or its partition taken away, and no
//     more often than the partition was claimed meanwhile;
//   - every object can be read, has the rows it claims, in the folder of their
//     date, with the bytes that were produced.
//
// The input is kafka, which takes every partition from every member at each
// rebalance, so that each rebalance may double what is un-acknowledged anywhere
// in the group. The other two take only what they must; but they can lose
// records when a partition is taken away in the middle of a fetch.
//
// The broker is a fake one in this process or Apache Kafka, the S3 server one in
// this process or versitygw; network links before both can be cut. Further
// scenarios read files and HTTP instead of Kafka, watch memory inside a control
// group, and let the process run where it can write to no file. With a spool the
// process is killed in the middle of what it does with its disk, the disk is full,
// and the commands that verify and drain it have their say.
//
// It shares no code with the output: only the brokers and the S3 servers of the
// tests, neither of which knows what is expected. See docs/kafka.md
// and docs/spool.md.
package main
