//go:build !nokafka

package main

// The Kafka inputs and the schema registry processors. The build tag nokafka
// leaves them out, and with them the one file of Redpanda Connect that is under
// the Redpanda Community License (see NOTICE).
import (
	_ "github.com/redpanda-data/connect/v4/public/components/confluent"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
)
