// Package roundtrip proves that the plugin works inside a build of Redpanda
// Connect with all of its components. Connect's own Kafka input reads records,
// our output writes them as every format, and Connect's S3 input, with its
// Parquet decoder and its scanners, reads back what landed. Every row is
// compared with the record that it was.
//
// The same is done with our output as a dynamic plugin of a Redpanda Connect that was
// built without it.
//
// The program around it is in the folders beside this one: one module for each
// version of Redpanda Connect, with the Benthos that it was released with. None
// of them asks for a version of a module that both sides use, so that Go picks
// it as it does for anybody who imports both.
package roundtrip
