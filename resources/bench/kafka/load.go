package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

const loadHeading = `
Our side under a steady load, with max_age: 5s. Lag is what is not committed, in seconds of the load, at eight moments and at most in either half after the first ten seconds; delay is from producing a record to the object that holds it being complete.

| work | broker | GOMAXPROCS | records/s | reached | lag, s | most lag, s, first half, second half | bounded | delay p50 | p90 | p99 | max |
|---|---|--:|--:|--:|---|---|---|--:|--:|--:|--:|`

// maxAge bounds how long records wait.
const maxAge = 5 * time.Second

// underLoad produces at a steady rate, in records a second, and prints lag and
// delay.
func (b *bench) underLoad(ctx context.Context, w works.KafkaWork, rate float64) error {
	procs := slices.Max(b.procs)
	topic := fmt.Sprintf("load-%s-%d", strings.ReplaceAll(w.ID, "+", "-"), b.groups) // a topic has no plus in its name
	if err := b.kafka.CreateTopic(ctx, topic, works.KafkaParts); err != nil {
		return err
	}
	if err := b.server.Keep(); err != nil {
		return err
	}
	b.groups++
	run := works.KafkaRun{Seed: b.kafka.Seeds[0], Topic: topic, Group: fmt.Sprintf("bench-%d", b.groups)}
	c, err := b.start(b.ours, func(r works.KafkaRun) string {
		return works.OurKafkaConfig(w, r, "max_age: "+maxAge.String())
	}, run, procs)
	if err != nil {
		return err
	}
	defer c.kill()
	if err := b.joined(ctx, c, run.Group); err != nil {
		return err
	}
	lags, reached, err := b.produce(ctx, c, run, rate)
	if err != nil {
		return err
	}
	if _, err := b.committed(ctx, c, run, 0); err != nil {
		return err
	}
	if err := c.stop(); err != nil {
		return err
	}
	delays, err := b.server.Delays()
	if err != nil {
		return err
	}
	printLoad(w, b.name, procs, rate, reached, lags, delays)
	return nil
}

// produce produces for the length of the load, and samples the lag, in
// seconds, once a second. It returns the rate that was reached.
func (b *bench) produce(ctx context.Context, c *consumer, run works.KafkaRun, rate float64) (lags []float64, reached float64, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(run.Seed), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(run.Topic), kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedRecords(int(rate)+1000))
	if err != nil {
		return nil, 0, err
	}
	defer client.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sampled := make(chan []float64, 1)
	began := time.Now()
	go func() { sampled <- b.sample(ctx, run, rate, began.Add(b.load)) }()
	sent := 0
	for time.Since(began) < b.load {
		for due := int(time.Since(began).Seconds() * rate); sent < due; sent++ {
			client.Produce(ctx, b.stamped(sent), func(_ *kgo.Record, err error) {
				if err != nil {
					cancel(fmt.Errorf("producing: %w", err))
				}
			})
		}
		if err := errors.Join(c.ended(), sleep(ctx, 5*time.Millisecond)); err != nil {
			return nil, 0, errors.Join(err, context.Cause(ctx))
		}
	}
	if err := client.Flush(ctx); err != nil {
		return nil, 0, fmt.Errorf("producing: %w", err)
	}
	return <-sampled, float64(sent) / time.Since(began).Seconds(), nil
}

// stamped is the n-th record, with the time.
func (b *bench) stamped(n int) *kgo.Record {
	doc := b.docs[n%len(b.docs)]
	value := make([]byte, 0, len(doc)+40)
	value = fmt.Appendf(value, `{"%s":%d,`, sink.ProducedField, time.Now().UnixMicro())
	return &kgo.Record{Partition: int32(n % works.KafkaParts), Value: append(value, doc[1:]...)}
}

// sample measures the lag once a second until the end.
func (b *bench) sample(ctx context.Context, run works.KafkaRun, rate float64, end time.Time) (lags []float64) {
	for time.Now().Before(end) && sleep(ctx, time.Second) == nil {
		if lag, err := b.kafka.Lag(ctx, run.Group, run.Topic); err == nil {
			lags = append(lags, float64(lag)/rate)
		}
	}
	return lags
}

func printLoad(w works.KafkaWork, broker string, procs int, rate, reached float64, lags []float64, d sink.Delays) {
	const moments, settling = 8, 10
	var shown []string
	for i := 1; i <= moments && len(lags) > 0; i++ {
		shown = append(shown, fmt.Sprintf("%.1f", lags[max(0, i*len(lags)/moments-1)]))
	}
	halves, bounded := "-", "too short"
	if steady := lags[min(len(lags), settling):]; len(steady) >= 2*settling {
		first, second := slices.Max(steady[:len(steady)/2]), slices.Max(steady[len(steady)/2:])
		halves, bounded = fmt.Sprintf("%.1f, %.1f", first, second), "yes"
		if second > 1.25*first && second > maxAge.Seconds() {
			bounded = "**no**"
		}
	}
	fmt.Printf("| %s | %s | %d | %.0f | %.0f | %s | %s | %s | %s | %s | %s | %s |\n", w.Name, broker, procs, rate, reached,
		strings.Join(shown, ", "), halves, bounded, seconds(d.P50), seconds(d.P90), seconds(d.P99), seconds(d.Max))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
