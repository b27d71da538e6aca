// Package exactly has the values by which consumers of a group store each record
// once: epochs, which say what is to be stored under which keys, and which the
// group's own offset commits carry, so that whoever owns a Kafka partition next
// forms the same objects again under the same keys.
//
// It does no input or output, and knows neither Kafka nor S3.
package exactly
