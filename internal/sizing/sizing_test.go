package sizing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// roomy is a destination in which nothing is in the way.
func roomy() Destination {
	return Destination{
		Format: "json", MaxFileSize: 128e6, MaxAge: time.Minute, IdleTimeout: 2 * time.Second,
		MemoryLimit: 8e9, MaxInFlight: 100_000, Workers: 16, Encoders: 2,
		MultipartThreshold: 128 << 20, PartSize: 16 << 20, CallOverhead: 8500, RecordOverhead: 600,
	}
}

func kafka() Input {
	return Input{
		Kind: "kafka", Kafka: true, CheckpointLimit: 500_000, CommitPeriod: time.Second,
		Batching: Batching{Count: 1000, Period: time.Second},
	}
}

func load() Load {
	return Load{Rate: 1000, RowBytes: 1000, Partitions: 1, KafkaPartitions: 4, Replicas: 1, Ratio: 1, RequestPrice: 0.005}
}

func settings(p Prediction, level Level) []string {
	var names []string
	for _, f := range p.Findings {
		if f.Level == level {
			names = append(names, f.Setting)
		}
	}
	return names
}

func TestObjectsEndForTheRuleThatComesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Destination, *Input, *Load)
		reason chunk.Reason
		rows   float64
		warned []string
	}{
		"age": {func(*Destination, *Input, *Load) {}, chunk.Age, 60_250, nil},
		"size": {
			func(d *Destination, _ *Input, _ *Load) { d.MaxFileSize = 10e6 },
			chunk.Size, 9_700, nil,
		},
		"records": {
			func(d *Destination, _ *Input, _ *Load) { d.MaxRecords = 5000 },
			chunk.Records, 5000, nil,
		},
		"a record that comes once an hour is an object": {
			func(_ *Destination, _ *Input, l *Load) { l.Rate, l.Partitions = 1, 3600 },
			chunk.Age, 1 + 1.0/60, nil,
		},
		"too little memory": {
			func(d *Destination, _ *Input, _ *Load) { d.MemoryLimit = 64e6 },
			chunk.Memory, 0.8 * 64e6 * 7 / 8 / (1000 + 600 + 34 + 1000),
			[]string{"memory_limit"},
		},
		"too few slots": {
			func(d *Destination, _ *Input, _ *Load) { d.MaxInFlight = 20 },
			chunk.Saturation, 20 * 250,
			[]string{"max_in_flight"},
		},
		"too few un-acknowledged records": {
			func(_ *Destination, in *Input, _ *Load) { in.CheckpointLimit = 1024 },
			chunk.Idle, 4 * 1024,
			[]string{"input.kafka.checkpoint_limit"},
		},
		"too few un-acknowledged records of the redpanda input": {
			func(_ *Destination, in *Input, _ *Load) { in.Kind, in.CheckpointLimit = "redpanda", 1024 },
			chunk.Idle, 4 * 1024,
			[]string{"input.redpanda.unordered_processing.checkpoint_limit"},
		},
		"an input that can lose records is no matter of sizes": {
			func(_ *Destination, in *Input, _ *Load) { in.Kind, in.Skips = "kafka_franz", true },
			chunk.Age, 60_250,
			[]string{"input.kafka_franz"},
		},
		"the ordered mode": {
			func(_ *Destination, in *Input, _ *Load) {
				*in = Input{Kind: "redpanda", Kafka: true, OrderedBytes: 32_000}
			},
			chunk.Idle, 4 * 32,
			[]string{"input.redpanda.unordered_processing.enabled"},
		},
		"more partitions than may be open": {
			func(d *Destination, _ *Input, l *Load) {
				d.MaxOpenPartitions, l.Partitions, l.Rate, l.Upload = 90, 100, 10_000, time.Millisecond
			},
			chunk.Partitions, 10,
			[]string{"max_open_partitions"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, in, l := roomy(), kafka(), load()
			c.change(&d, &in, &l)
			p := Predict(d, in, l)
			assert.Equal(t, c.reason, p.Reason)
			assert.InEpsilon(t, c.rows, p.Rows, 0.01)
			assert.Equal(t, c.warned, settings(p, Warning))
		})
	}
}

func TestADayIsWhatArrives(t *testing.T) {
	d, l := roomy(), load()
	d.HealthInterval = 30 * time.Second
	l.Partitions, l.Replicas, l.Ratio = 10, 2, 0.25
	p := Predict(d, kafka(), l)
	assert.InEpsilon(t, 1000*86400, p.Objects*p.Rows, 1e-9, "every record is in one object")
	assert.InEpsilon(t, 86400*1000*1000*0.25, p.Stored, 1e-9)
	assert.InEpsilon(t, 10*2*86400/p.Every.Seconds(), p.Objects, 1e-6)
	assert.InEpsilon(t, p.Objects+2*2880, p.Requests, 1e-9, "health checks are requests too")
	assert.InEpsilon(t, p.Requests*0.005/1000, p.Cost, 1e-9)
}

func TestLargeObjectsAreSeveralRequests(t *testing.T) {
	d, l := roomy(), load()
	d.MaxFileSize, d.MaxAge, d.MemoryLimit = 512<<20, time.Hour, 64e9
	l.Rate = 10_000
	p := Predict(d, Input{BatchRows: 1000}, l)
	require.Equal(t, chunk.Size, p.Reason)
	parts := 32.0 // of 16 MiB in 97 % of 512 MiB, the last one short
	assert.InEpsilon(t, p.Objects*(parts+2), p.Requests, 1e-9)
}

func TestWhatIsRecommendedIsEnough(t *testing.T) {
	for name, squeeze := range map[string]func(*Destination, *Input){
		"memory":     func(d *Destination, _ *Input) { d.MemoryLimit = 50e6 },
		"slots":      func(d *Destination, _ *Input) { d.MaxInFlight = 3 },
		"checkpoint": func(_ *Destination, in *Input) { in.CheckpointLimit = 3000 },
	} {
		for _, shape := range []Load{
			load(),
			{Rate: 50_000, RowBytes: 400, Partitions: 300, KafkaPartitions: 32, Replicas: 4, Ratio: 0.2},
			{Rate: 3, RowBytes: 200_000, Partitions: 2, KafkaPartitions: 1, Replicas: 1, Ratio: 0.9},
		} {
			t.Run(name, func(t *testing.T) {
				d, in := roomy(), kafka()
				wanted := Predict(d, in, shape)
				squeeze(&d, &in)
				p := Predict(d, in, shape)
				if len(settings(p, Warning)) == 0 {
					t.Skip("this load does not need more")
				}
				assert.LessOrEqual(t, p.Rows, wanted.Rows)
				d.MemoryLimit = max(d.MemoryLimit, int64(roundUp(p.HeldNeeded)))
				d.MaxInFlight = max(d.MaxInFlight, int(roundUp(margin*p.InFlight)))
				in.CheckpointLimit = max(in.CheckpointLimit, int(roundUp(margin*p.Unacknowledged)))
				after := Predict(d, in, shape)
				assert.Empty(t, settings(after, Warning))
				assert.Equal(t, wanted.Reason, after.Reason)
				assert.InEpsilon(t, wanted.Rows, after.Rows, 1e-9)
			})
		}
	}
}

func TestSmallObjectsAreAnAdvice(t *testing.T) {
	d, l := roomy(), load()
	l.Rate = 100
	p := Predict(d, kafka(), l)
	assert.Empty(t, settings(p, Warning))
	require.Equal(t, []string{"max_age"}, settings(p, Advice))
	assert.Contains(t, p.Findings[0].Text, "2m8s they would be a tenth", "128 MB x 0.1 at 100 kB/s")
}

func TestProcessorsThatDoNotKeepUp(t *testing.T) {
	d, l := roomy(), load()
	d.Workers, d.MaxAge = 1, time.Second
	l.Partitions, l.Upload = 100, 200*time.Millisecond
	p := Predict(d, kafka(), l)
	assert.Contains(t, settings(p, Warning), "upload.concurrency")
	assert.Greater(t, p.Uploads, 10.0)
}

func TestDuplicatesAreBoundedByWhatMayWait(t *testing.T) {
	d, in, l := roomy(), kafka(), load()
	p := Predict(d, in, l)
	assert.InDelta(t, 1000*(60+1+p.Upload.Seconds()), p.Duplicates, 1)
	in.CheckpointLimit = 2000
	assert.InDelta(t, 4*2000+1000*1, Predict(d, in, l).Duplicates, 1, "no more than may be un-acknowledged, and a commit_period")
}

func TestReplicasShareTheLoadAndHaveObjectsOfTheirOwn(t *testing.T) {
	d, in, l := roomy(), kafka(), load()
	one := Predict(d, in, l)
	l.Replicas = 4
	four := Predict(d, in, l)
	assert.InEpsilon(t, one.Rows/4, four.Rows, 0.02)
	assert.InEpsilon(t, 4*one.Objects, four.Objects, 0.02)
	assert.Less(t, four.Held, one.Held)
}

func TestAnyLoadGivesNumbers(t *testing.T) {
	for _, l := range []Load{{}, {Rate: 1e9, RowBytes: 1e7, Partitions: 1e6, Ratio: 1}, {Rate: 1e-6, RowBytes: 1, Ratio: 1e-6}} {
		for _, d := range []Destination{{}, roomy(), {MaxAge: time.Hour, MemoryLimit: 1}} {
			for _, in := range []Input{{}, kafka(), {Kafka: true, OrderedBytes: 1}, {Batching: Batching{Count: 10}}} {
				r := &Report{Destination: d, Input: in, Load: l, Prediction: Predict(d, in, l)}
				text, err := r.JSON()
				require.NoError(t, err, "no infinity, nothing that is no number: %+v %+v %+v", d, in, l)
				assert.NotContains(t, string(text), "null")
			}
		}
	}
}

func TestNumbersAreWrittenAsInAConfiguration(t *testing.T) {
	for want, got := range map[string]string{
		"64.5kB": Size(64_500), "128MB": Size(128e6), "1GB": Size(999.7e6), "0B": Size(0),
		"512": Count(512), "1,234,568": Count(1_234_567.8), "12.3": Count(12.345), "0.02": Count(0.02),
		"5m": Duration(300), "1h": Duration(3600), "2.5s": Duration(2.5), "40ms": Duration(0.04), "1h30m": Duration(5400),
		"0.0043": Money(0.00432), "12.35": Money(12.345678),
	} {
		assert.Equal(t, want, got)
	}
	assert.InDelta(t, 620, roundUp(611), 1e-6)
	assert.InDelta(t, 610, roundUp(610), 1e-6)
	assert.InDelta(t, 610, roundDown(617), 1e-6)
}

// While the input is faster than S3, batches are full, however small they are
// when it is not.
func TestTheContainerHasRoomForFullBatches(t *testing.T) {
	d, in, l := roomy(), kafka(), load()
	d.MemoryLimit, d.MaxInFlight, l.Rate = 1e9, 10_000, 100
	slots := func(n int) float64 {
		d.MaxInFlight = n
		return Predict(d, in, l).Container
	}
	full := float64(1000*(1000+600) + 8500)
	fitting := InFlight(d, in)
	assert.InDelta(t, 1e9*7/8/full, float64(fitting), 1, "an eighth is left to garbage")
	assert.InDelta(t, 0, slots(fitting)-slots(1), 1, "what fits into memory_limit takes no more than it")
	assert.InDelta(t, full*1000, slots(fitting+1001)-slots(fitting+1), full)
	in.CheckpointLimit = 1000
	assert.InDelta(t, 0, slots(10_000)-slots(1), 1, "four Kafka partitions hand over four batches")
}

func TestSlotsThatAreDerivedFollowMemory(t *testing.T) {
	d, in, l := roomy(), kafka(), load()
	d.MemoryLimit, d.AutoInFlight = 230e6, true
	d.MaxInFlight = InFlight(d, in)
	p := Predict(d, in, l)
	require.Equal(t, []string{"max_in_flight"}, settings(p, Warning))
	text := p.Findings[0].Text
	assert.Contains(t, text, "raise memory_limit to 550MB")
	d.MemoryLimit = 550e6
	d.MaxInFlight = InFlight(d, in)
	assert.Empty(t, settings(Predict(d, in, l), Warning))
}
