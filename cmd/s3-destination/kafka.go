//go:build !nokafka

package main

// The Kafka inputs of Redpanda Connect and the schema registry processors. The
// build tag nokafka leaves them out, and with them the files that are not open
// source (see NOTICE); the Kafka input of this project stays.
import (
	_ "github.com/redpanda-data/connect/v4/public/components/confluent"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
)
