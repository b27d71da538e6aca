package sizing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCPUIsThatOfRecordsAndObjects(t *testing.T) {
	clicks := costOf("json")
	l := load()
	l.Rate, l.RowBytes = 100_000, clicksBytes
	d := roomy()
	d.MaxRecords = 1000
	p := Predict(d, Input{}, l)
	assert.InDelta(t, clicks.Clicks, p.CPU.Record, 1e-9)
	assert.InDelta(t, clicks.Object, p.CPU.Object, 1e-9)
	assert.InDelta(t, 100_000*clicks.Clicks/1e6+100*clicks.Object/1e3, p.CPU.Cores, 1e-9)

	l.RowBytes = wideBytes
	assert.InDelta(t, clicks.Wide, Predict(d, Input{}, l).CPU.Record, 1e-9)
	assert.InDelta(t, clicks.Wide+InputCosts[0].Record, Predict(d, Input{Kind: OwnKafka}, l).CPU.Record, 1e-9)

	l.Partitions = 2
	p = Predict(d, Input{}, l)
	assert.InDelta(t, clicks.Wide+routeCost, p.CPU.Record, 1e-9)
	assert.InDelta(t, clicks.Object+partCost, p.CPU.Object, 1e-9)

	d.Spool = 1e12
	p = Predict(d, Input{}, l)
	assert.InDelta(t, clicks.Wide+routeCost+spoolRecordCost, p.CPU.Record, 1e-9)
	assert.InDelta(t, clicks.Object+partCost+spoolObjectCost, p.CPU.Object, 1e-9)
}

// TestNoInputIsFreeInSilence: size would favour what it knows nothing of.
func TestNoInputIsFreeInSilence(t *testing.T) {
	without := Predict(roomy(), Input{}, load()).CPU.Record
	for _, c := range []struct {
		in      Input
		us      float64
		counted bool
	}{
		{Input{}, 0, false},
		{Input{Kind: "generate"}, 0, false},
		{Input{Kind: "batched"}, 23, true},
		{Input{Kind: OwnKafka, Kafka: true}, 2.6, true},
		{Input{Kind: "kafka", Kafka: true}, 3.7, true},
		{Input{Kind: "redpanda", Kafka: true}, 3.7, true},
		{Input{Kind: "kafka_franz", Kafka: true}, 3.7, true},
	} {
		r := Report{Input: c.in, Load: load(), Prediction: Predict(roomy(), c.in, load())}
		assert.InDelta(t, c.us, r.Prediction.CPU.Record-without, 1e-9, c.in.Kind)
		assert.Equal(t, c.counted, !strings.Contains(text(t, &r), "the input is not counted"))
		data, err := r.JSON()
		require.NoError(t, err)
		assert.Contains(t, string(data), fmt.Sprintf(`"input_counted": %t`, c.counted))
	}
}

func TestEveryFormatWithARatioHasCosts(t *testing.T) {
	require.Len(t, RecordCosts, len(Ratios))
	for i, c := range RecordCosts {
		assert.Equal(t, Ratios[i].Format, c.Format)
	}
	assert.Equal(t, costOf("json"), costOf("a format of tomorrow"))
}

// TestRecordsAreNeverCheaperThanTheFramework, as those of parquet would be below
// 0.3 kB on a straight line, nor cheaper than smaller ones.
func TestRecordsAreNeverCheaperThanTheFramework(t *testing.T) {
	for _, c := range RecordCosts {
		least := LeastRecord
		for _, size := range []float64{1, 20, 100, 500, clicksBytes, 1000, wideBytes, 100_000} {
			us := c.Record(size)
			assert.Greater(t, us, least, "%s: records of %v bytes", c.Format, size)
			least = us
		}
		assert.InDelta(t, c.Clicks, c.Record(clicksBytes), 1e-9)
		assert.InDelta(t, c.Record(clicksBytes), c.Record(clicksBytes-1), 0.01, "%s: the lines meet", c.Format)
	}
}

// unbounded is a destination that only size and age end objects of.
func unbounded() Destination {
	d := roomy()
	d.MemoryLimit, d.MaxInFlight, d.Workers = 0, 0, 1000
	return d
}

func TestProcessesTakeWhatKeepsThemBusyEnough(t *testing.T) {
	l := load()
	l.Rate, l.Partitions, l.Replicas, l.KafkaPartitions, l.Cores, l.CorePrice = 1, 50, 3, 12, 4, 0.05
	takes := Predict(unbounded(), Input{}, l).CPU.Takes
	require.Positive(t, takes)

	l.Rate = takes
	p := Predict(unbounded(), Input{}, l)
	assert.InEpsilon(t, Busy*12, p.CPU.Cores, 1e-3)
	assert.Empty(t, settings(p, Warning))
	assert.InDelta(t, 3*4*24*0.05, p.CPU.Cost, 1e-9)

	l.Rate = 0.99 * takes
	assert.InDelta(t, 3, Predict(unbounded(), Input{}, l).CPU.Processes, 0)
	l.Rate = 1.01 * takes
	p = Predict(unbounded(), Input{}, l)
	assert.InDelta(t, 4, p.CPU.Processes, 0)
	assert.Contains(t, settings(p, Advice), "replicas")
}

// TestTooFewCoresAreAMistakeOnlyBeyondDoubt, since the costs are those of another
// machine, and two cores are a guess.
func TestTooFewCoresAreAMistakeOnlyBeyondDoubt(t *testing.T) {
	for _, c := range []struct {
		given, share float64 // the cores that are given, and the part of two that is needed
		level        Level
		says         string
	}{
		{2, 0.65, "", ""},
		{2, 0.9, Advice, "there are 2, which leaves little for peaks"},
		{2, 1.9, Advice, "there are 2, so that records may come"},
		{2, 2.1, Warning, "there are 2, so that records come"},
		{0, 0.9, Advice, "2 are assumed (--cores"},
		{0, 2.1, Advice, "2 are assumed (--cores"},
		{0, 100, Advice, "2 are assumed (--cores"},
	} {
		l := load()
		l.Rate = Predict(unbounded(), Input{}, l).CPU.Takes * c.share / Busy
		l.Cores = c.given
		var found Finding
		for _, f := range Predict(unbounded(), Input{}, l).Findings {
			if f.Setting == "replicas" {
				found = f
			}
		}
		assert.Equal(t, c.level, found.Level, "%v", c)
		assert.Contains(t, found.Text, c.says, "%v", c)
	}
}

// TestProcessesWithoutAKafkaPartitionHaveNothingToDo has a load that 15 processes
// take, if there are partitions for them.
func TestProcessesWithoutAKafkaPartitionHaveNothingToDo(t *testing.T) {
	l, in := load(), Input{Kind: OwnKafka, Kafka: true}
	l.KafkaPartitions = 100
	l.Rate = 14.5 * Predict(unbounded(), in, l).CPU.Takes
	r := Report{Input: in, Load: l, Prediction: Predict(unbounded(), in, l)}
	require.InDelta(t, 15, r.Prediction.CPU.Processes, 0)
	assert.Contains(t, text(t, &r), "15 needed, each")
	assert.Contains(t, text(t, &r), "run 15 processes, or give each more cores")

	l.KafkaPartitions = 4
	few := Report{Input: in, Load: l, Prediction: Predict(unbounded(), in, l)}
	assert.InDelta(t, 15, few.Prediction.CPU.Processes, 0)
	assert.Contains(t, text(t, &few), "15 needed and as many Kafka partitions, each")
	assert.Contains(t, text(t, &few), "there are 4. Raise the partitions to 15 or more and run as many processes, or run 4 with 7.3 cores each")

	l.Replicas = 4
	four := Predict(unbounded(), in, l)
	l.Replicas = 15
	fifteen := Predict(unbounded(), in, l)
	assert.InDelta(t, four.CPU.Takes, fifteen.CPU.Takes, 1)
	assert.InDelta(t, four.Objects, fifteen.Objects, 1e-6)
	assert.Contains(t, settings(fifteen, Advice), "replicas", "eleven of them read nothing")
}

// TestMoreProcessesHaveFewerKafkaPartitionsEach, which decides about their batches,
// and so about objects that end for want of slots, and about what these cost.
func TestMoreProcessesHaveFewerKafkaPartitionsEach(t *testing.T) {
	d, l, in := unbounded(), load(), kafka()
	d.MaxInFlight, l.KafkaPartitions = 2, 64
	in.Batching, in.CheckpointLimit = Batching{Period: 10 * time.Millisecond}, 0
	one := Predict(d, in, l).CPU.Takes
	l.Rate = 8 * one
	needed := Predict(d, in, l).CPU.Processes
	l.Replicas = int(needed)
	p := Predict(d, in, l)
	assert.InDelta(t, needed, p.CPU.Processes, 0, "with so many processes size says the same")
	assert.GreaterOrEqual(t, p.CPU.Takes, l.Rate)
	assert.Less(t, needed, 8.0, "each takes more than one with all Kafka partitions")
}

// text is what a report prints.
func text(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.Write(&b))
	return b.String()
}

// TestObjectsOfOneRecordStillPass has so many partitions that each record is an
// object.
func TestObjectsOfOneRecordStillPass(t *testing.T) {
	l := load()
	l.Rate, l.Partitions = 1, 1_000_000_000
	c := Predict(unbounded(), Input{}, l).CPU
	assert.InEpsilon(t, Busy*assumedCores/(c.Record/1e6+c.Object/1e3), c.Takes, 1e-3)
}

func TestOpenPartitionsTakeMemory(t *testing.T) {
	l := load()
	l.Partitions = 1000
	d := roomy()
	without := Predict(d, kafka(), l)
	d.PartitionOverhead = 1000
	with := Predict(d, kafka(), l)
	assert.InDelta(t, 1e6, with.Held-without.Held, 1)
	assert.Greater(t, with.HeldNeeded, without.HeldNeeded)

	for most, counted := range map[int]float64{2000: 1e6, 1000: 1e6, 300: 3e5} {
		d.MaxOpenPartitions, d.PartitionOverhead = most, 0
		without = Predict(d, kafka(), l)
		d.PartitionOverhead = 1000
		assert.InDelta(t, counted, Predict(d, kafka(), l).Held-without.Held, 1, "%d may be open", most)
	}
}
