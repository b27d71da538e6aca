// Package kafka adds the input s3_destination_kafka to Benthos and Redpanda
// Connect when it is imported, beside the output of package plugin. It is apart
// from it so that a program which reads something else links no Kafka client:
//
//	import (
//		_ "github.com/s3-destination/s3-destination/plugin"
//		_ "github.com/s3-destination/s3-destination/plugin/kafka"
//	)
package kafka

import "github.com/s3-destination/s3-destination/internal/kafka"

func init() {
	if err := kafka.Register(); err != nil {
		panic(err) // two inputs of the same name: a mistake of the program
	}
}
