package sizing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

func costTable() string {
	var b strings.Builder
	b.WriteString("| `file_format` | a record of 25 fields, 0.8 kB, us | of 100 columns, 2.5 kB, us | rows/s of one core, 0.8 kB | an object, ms |\n|---|--:|--:|--:|--:|\n")
	for _, c := range sizing.RecordCosts {
		fmt.Fprintf(&b, "| `%s` | %.1f | %.1f | %s | %.2f |\n", c.Format, c.Clicks, c.Wide, sizing.Count(1e6/c.Clicks), c.Object)
	}
	return b.String()
}

func inputTable() string {
	var b strings.Builder
	b.WriteString("| input | a record of 0.8 kB, us |\n|---|--:|\n")
	for _, c := range sizing.InputCosts {
		fmt.Fprintf(&b, "| `%s` | %.1f |\n", c.Input, c.Record)
	}
	return b.String()
}

// pipeline is an output behind Kafka.
type pipeline struct {
	d  sizing.Destination
	in sizing.Input
}

// pipelineOf has default settings but for memory and age.
func pipelineOf(t *testing.T, format, age string) pipeline {
	t.Helper()
	found, err := inspect.Read(fmt.Sprintf(`
input:
  s3_destination_kafka: {seed_brokers: ['broker:9092'], topics: [events], consumer_group: g}
output:
  s3_destination: {bucket: b, file_format: %s, max_age: %s, memory_limit: 4GiB}
`, format, age), "")
	require.NoError(t, err)
	d, in := found.Sizing()
	return pipeline{d, in}
}

// predict asks for records of 1 kB.
func (p pipeline) predict(l sizing.Load) sizing.Prediction {
	l.RowBytes, l.KafkaPartitions, l.RequestPrice, l.CorePrice = 1000, 4*l.Replicas, 0.005, 0.045
	l.Ratio, _ = sizing.DefaultRatio(p.d.Format)
	return sizing.Predict(p.d, p.in, l)
}

var processes = []int{1, 10, 100}

// processTable shows what processes of two cores take at most, into one folder.
func processTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| format | processes | thousand rows/s | TB read a day | TB stored a day | objects | PUT/s | of 3,500 | requests, USD a day | cores, USD a day |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, format := range []string{"json+gzip", "csv+gzip", "parquet", "json"} {
		kafka := pipelineOf(t, format, "5m")
		for _, n := range processes {
			l := sizing.Load{Rate: 1000, Partitions: 1, Replicas: n}
			l.Rate = kafka.predict(l).CPU.Takes
			p := kafka.predict(l)
			fmt.Fprintf(&b, "| `%s` | %d | %s | %s | %s | %s | %s | %s | %s |\n", format, n, sizing.Count(l.Rate/1000),
				sizing.Count(l.Rate*1000*day/1e12), sizing.Count(p.Stored/1e12), objects(p), requests(p), sizing.Money(p.Cost), sizing.Money(p.CPU.Cost))
		}
	}
	return b.String()
}

const day = 86400

// objects says how large objects are and why, requests how many there are and what
// part of the limit that is.
func objects(p sizing.Prediction) string { return sizing.Size(p.Bytes) + ", by " + string(p.Reason) }

func requests(p sizing.Prediction) string {
	return fmt.Sprintf("%s | %s %%", sizing.Count(p.Requests/day), sizing.Count(100*p.Requests/day/sizing.PutsPerPrefix))
}

// folderTable shows what many folders do, each of which gets records in every
// process.
func folderTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| processes | rows/s | folders | objects | PUT/s | of 3,500 | requests, USD a day | busy cores |\n" +
		"|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	kafka := pipelineOf(t, "json+gzip", "1m")
	for _, n := range processes {
		for _, folders := range []int{1, 100, 1000, 10_000} {
			l := sizing.Load{Rate: 20_000 * float64(n), Partitions: folders, Replicas: n}
			p := kafka.predict(l)
			fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s | %s |\n", n, sizing.Count(l.Rate), sizing.Count(float64(folders)),
				objects(p), requests(p), sizing.Money(p.Cost), sizing.Count(p.CPU.Cores))
		}
	}
	return b.String()
}
