//go:build integration && !nokafka

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// These run what kafka_test.go does against a real Apache Kafka broker. They
// are skipped where Java or Maven is missing.

func TestIntegrationApacheCoordinatesBecomeColumns(t *testing.T) {
	for _, kind := range kafkaInputs {
		t.Run(kind, func(t *testing.T) { landVariety(t, kafkatest.StartApacheT(t), kind, "parquet") })
	}
}

func TestIntegrationApacheCompactedTopic(t *testing.T) {
	landCompacted(t, kafkatest.StartApacheT(t))
}

func TestIntegrationApacheGroupRebalancesCooperatively(t *testing.T) {
	c := kafkatest.StartApacheT(t)
	landThroughRebalances(t, c, kafkaInput("redpanda", c, "events"), "cooperative-sticky")
}

func TestIntegrationApacheCleanRebalancesLoseAndDoubleNothing(t *testing.T) {
	c := kafkatest.StartApacheT(t)
	assert.Zero(t, landThroughRebalances(t, c, withProtocol(kafkaInput(sizing.OwnKafka, c, "events"), "classic"), "cooperative-sticky"))
}

func TestIntegrationApacheRestartWithANameMovesNothing(t *testing.T) {
	for _, kind := range []string{sizing.OwnKafka, "kafka"} {
		t.Run(kind, func(t *testing.T) { assert.Zero(t, restartOneOfTwo(t, kafkatest.StartApacheT(t), kind, true)) })
	}
}

func TestIntegrationApacheGroupRebalancesEagerly(t *testing.T) {
	c := kafkatest.StartApacheT(t)
	landThroughRebalances(t, c, kafkaInput("kafka", c, "events"), "range")
}
