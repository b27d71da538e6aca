package sizing_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

var update = flag.Bool("update", false, "write the tables of docs/sizing.md and docs/scale.md")

// TestTablesOfThePage compares the tables of docs/sizing.md with what the code
// computes, so that they are what `size` would print.
func TestTablesOfThePage(t *testing.T) {
	compare(t, "../../docs/sizing.md", map[string]string{"ratios": ratioTable(), "loads": loadTable(t), "report": report(t)})
}

// TestTablesOfScale does the same for docs/scale.md.
func TestTablesOfScale(t *testing.T) {
	compare(t, "../../docs/scale.md", map[string]string{
		"costs": costTable(), "inputs": inputTable(), "processes": processTable(t), "folders": folderTable(t),
	})
}

// compare holds the tables of a page to those that were made.
func compare(t *testing.T, page string, tables map[string]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	made := string(text)
	for name, table := range tables {
		begin, end := "<!-- table: "+name+" -->\n", "<!-- end of table -->"
		before, rest, found := strings.Cut(made, begin)
		require.True(t, found, "%s has no place for the table %q", page, name)
		_, after, found := strings.Cut(rest, end)
		require.True(t, found)
		made = before + begin + table + end + after
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(made), 0o600))
	}
	require.Equal(t, made, string(text), "the tables are stale: go test ./internal/sizing -run TablesOf -update")
}

// report is what `size` prints of the configuration of README.md.
func report(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	require.True(t, found)
	file, _, _ := strings.Cut(rest, "```")
	inspected, err := inspect.Read(file, "")
	require.NoError(t, err)
	r := sizing.Report{
		RatioSource: "as on sample data: see --sample",
		Load:        sizing.Load{Rate: 5000, RowBytes: 800, Partitions: 3, KafkaPartitions: 16, Replicas: 1, RequestPrice: 0.005, CorePrice: 0.045},
	}
	r.Destination, r.Input = inspected.Sizing()
	r.Load.Ratio, _ = sizing.DefaultRatio(r.Destination.Format)
	r.Prediction = sizing.Predict(r.Destination, r.Input, r.Load)
	var b strings.Builder
	b.WriteString("```\n")
	require.NoError(t, r.Write(&b))
	return b.String() + "```\n"
}

func ratioTable() string {
	var b strings.Builder
	b.WriteString("| `file_format` | clicks, 0.8 kB | wide, 2.5 kB | assumed |\n|---|--:|--:|--:|\n")
	for _, r := range sizing.Ratios {
		fmt.Fprintf(&b, "| `%s` | %.2f | %.2f | %.2f |\n", r.Format, r.Clicks, r.Wide, r.Default())
	}
	return b.String()
}

// loadTable shows common loads under the settings of a Kafka pipeline with
// nothing in the way.
func loadTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| rows/s | partitions | format | `max_age` | objects | ended by | objects a day | PUTs, USD a day | `memory_limit` | `max_in_flight` | `checkpoint_limit` | duplicates after a kill |\n" +
		"|--:|--:|---|---|--:|---|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range []struct {
		rate       float64
		partitions int
		format     string
		age        string
	}{
		{100, 1, "json+gzip", "1m"},
		{100, 1, "json+gzip", "15m"},
		{1000, 1, "json+gzip", "5m"},
		{1000, 1, "parquet", "15m"},
		{1000, 100, "json+gzip", "5m"},
		{10_000, 1, "json+gzip", "5m"},
		{10_000, 1, "parquet", "5m"},
		{10_000, 1, "json", "1m"},
		{10_000, 10, "csv+gzip", "5m"},
		{10_000, 1000, "json+gzip", "15m"},
		{50_000, 1, "json+gzip", "5m"},
		{50_000, 1, "parquet", "5m"},
		{50_000, 100, "parquet", "5m"},
	} {
		p := predict(t, c.rate, c.partitions, c.format, c.age)
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			sizing.Count(c.rate), sizing.Count(float64(c.partitions)), c.format, c.age,
			sizing.Size(p.Bytes), p.Reason, sizing.Count(p.Objects), sizing.Money(p.Cost),
			sizing.Size(p.HeldNeeded), sizing.Count(p.InFlight), sizing.Count(p.Unacknowledged), sizing.Count(p.Duplicates))
	}
	return b.String()
}

// predict asks for 1 kB records from 16 Kafka partitions, with all limits out
// of the way.
func predict(t *testing.T, rate float64, partitions int, format, age string) sizing.Prediction {
	t.Helper()
	file := fmt.Sprintf(`
input:
  kafka:
    addresses: ['broker:9092']
    topics: [events]
    consumer_group: g
    checkpoint_limit: 1000000000
    batching: {count: 1000, period: 1s}
output:
  s3_destination: {bucket: b, file_format: %s, max_age: %s, memory_limit: 1TB, max_in_flight: 1000000}
`, format, age)
	found, err := inspect.Read(file, "")
	require.NoError(t, err)
	d, in := found.Sizing()
	ratio, known := sizing.DefaultRatio(format)
	require.True(t, known)
	return sizing.Predict(d, in, sizing.Load{
		Rate: rate, RowBytes: 1000, Partitions: partitions, KafkaPartitions: 16, Replicas: 1, Ratio: ratio, RequestPrice: 0.005,
	})
}
