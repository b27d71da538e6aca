// Package kafkatest runs Kafka for tests: a fake cluster inside the process,
// which starts in a millisecond and injects errors, and a real Apache Kafka
// broker as a child process, where Java and Maven are at hand.
//
// Both come with the same [Cluster], which produces records and reads the
// offsets that a consumer group has committed. Like s3test it serves tests and
// programs alike, so nothing in it needs a *testing.T.
package kafkatest
