//go:build !nokafka

package main

// The Kafka inputs and the schema registry processors. The build tag nokafka
// leaves them out, and with them the files of Redpanda Connect that are not open
// source (see NOTICE).
import (
	_ "github.com/redpanda-data/connect/v4/public/components/confluent"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
)
