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
Our side under a steady load, with max_age: 5s. Most is what it commits in a second, lag growing, while a producer sends more than that on the same machine; records/s is four fifths of it. Lag is what is not committed, in seconds of the load, at eight moments and at most in either half after the first ten seconds; delay is from producing a record to the object that holds it being complete.

| work | broker | GOMAXPROCS | most/s | records/s | reached | lag, s | most lag, s, first half, second half | bounded | delay p50 | p90 | p99 | max |
|---|---|--:|--:|--:|--:|---|---|---|--:|--:|--:|--:|`

const (
	// maxAge bounds how long records wait.
	maxAge = 5 * time.Second
	// settling is how long a run is not looked at after its start.
	settling = 10 * time.Second
	// share of the maximum is the load.
	share = 0.8
	// overload is what is produced to find the maximum, in proportion to what
	// is landed while nothing is produced.
	overload = 1.3
)

// underLoad produces at a steady rate and prints lag and delay. alone is what
// our side lands of a topic that is there already, in records a second.
func (b *bench) underLoad(ctx context.Context, w works.KafkaWork, alone float64) error {
	rate, most := b.rate*1e3, 0.0
	if rate == 0 {
		d, err := b.drive(ctx, w, overload*alone, max(3*settling, b.load/2))
		if err != nil {
			return fmt.Errorf("looking for the maximum: %w", err)
		}
		most = d.committed()
		rate = share * most
	}
	d, err := b.drive(ctx, w, rate, b.load)
	if err != nil {
		return err
	}
	printLoad(w, b.name, slices.Max(b.procs), most, d)
	return nil
}

// drive is what was seen of our side under a load.
type drive struct {
	rate, reached float64 // records a second, wanted and produced
	moments       []moment
	delays        sink.Delays
}

// moment is a look at a topic.
type moment struct {
	at             time.Duration // from the start of the load
	lag, committed int64         // records
}

// committed is how many records were committed in a second, once settled.
func (d *drive) committed() float64 {
	m := d.settled()
	if len(m) < 2 {
		return 0
	}
	first, last := m[0], m[len(m)-1]
	return float64(last.committed-first.committed) / (last.at - first.at).Seconds()
}

func (d *drive) settled() []moment {
	i := slices.IndexFunc(d.moments, func(m moment) bool { return m.at >= settling })
	if i < 0 {
		return nil
	}
	return d.moments[i:]
}

// drive lands what a producer sends for a while at a steady rate, in records a
// second.
func (b *bench) drive(ctx context.Context, w works.KafkaWork, rate float64, length time.Duration) (d *drive, err error) {
	b.groups++
	topic := fmt.Sprintf("load-%s-%d", strings.ReplaceAll(w.ID, "+", "-"), b.groups) // a topic has no plus in its name
	if err := b.kafka.CreateTopic(ctx, topic, works.KafkaParts); err != nil {
		return nil, err
	}
	if err := b.server.Keep(); err != nil {
		return nil, err
	}
	run := works.KafkaRun{Seed: b.kafka.Seeds[0], Topic: topic, Group: fmt.Sprintf("bench-%d", b.groups)}
	c, err := b.start(b.ours, func(r works.KafkaRun) string {
		return works.OurKafkaConfig(w, r, "max_age: "+maxAge.String())
	}, run, slices.Max(b.procs))
	if err != nil {
		return nil, err
	}
	defer c.Kill()
	if err := b.joined(ctx, c, run.Group); err != nil {
		return nil, err
	}
	d = &drive{rate: rate}
	if err := b.produce(ctx, c, run, d, length); err != nil {
		return nil, err
	}
	if _, err := b.committed(ctx, c, run, 0); err != nil {
		return nil, err
	}
	if err := c.Stop(); err != nil {
		return nil, err
	}
	d.delays, err = b.server.Delays()
	return d, err
}

// produce sends for a while, and looks at the topic once a second.
func (b *bench) produce(ctx context.Context, c *consumer, run works.KafkaRun, d *drive, length time.Duration) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(run.Seed), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DefaultProduceTopic(run.Topic), kgo.ProducerLinger(5*time.Millisecond), kgo.MaxBufferedRecords(int(d.rate)+1000))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	looked := make(chan []moment, 1)
	began := time.Now()
	go func() { looked <- b.watch(ctx, run, began, length) }()
	sent := 0
	for time.Since(began) < length {
		for due := int(time.Since(began).Seconds() * d.rate); sent < due; sent++ {
			client.Produce(ctx, b.stamped(sent), func(_ *kgo.Record, err error) {
				if err != nil {
					cancel(fmt.Errorf("producing: %w", err))
				}
			})
		}
		if err := c.wait(ctx, 5*time.Millisecond); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("producing: %w", err)
	}
	d.reached = float64(sent) / time.Since(began).Seconds()
	d.moments = <-looked
	return nil
}

// stamped is the n-th record, with the time.
func (b *bench) stamped(n int) *kgo.Record {
	doc := b.docs[n%len(b.docs)]
	value := make([]byte, 0, len(doc)+40)
	value = fmt.Appendf(value, `{"%s":%d,`, sink.ProducedField, time.Now().UnixMicro())
	return &kgo.Record{Partition: int32(n % works.KafkaParts), Value: append(value, doc[1:]...)}
}

// watch looks at the topic once a second until the end.
func (b *bench) watch(ctx context.Context, run works.KafkaRun, began time.Time, length time.Duration) (seen []moment) {
	for time.Since(began) < length && sleep(ctx, time.Second) == nil {
		committed, lag, err := b.kafka.Progress(ctx, run.Group, run.Topic)
		if err == nil {
			seen = append(seen, moment{at: time.Since(began), lag: lag, committed: committed})
		}
	}
	return seen
}

func printLoad(w works.KafkaWork, broker string, procs int, most float64, d *drive) {
	lags := func(seen []moment) (lags []float64) {
		for _, m := range seen {
			lags = append(lags, float64(m.lag)/d.rate)
		}
		return lags
	}
	const moments, enough = 8, 20
	var shown []string
	all := lags(d.moments)
	for i := 1; i <= moments && len(all) > 0; i++ {
		shown = append(shown, fmt.Sprintf("%.1f", all[max(0, i*len(all)/moments-1)]))
	}
	halves, bounded := "-", "too short"
	if steady := lags(d.settled()); len(steady) >= enough {
		first, second := slices.Max(steady[:len(steady)/2]), slices.Max(steady[len(steady)/2:])
		halves, bounded = fmt.Sprintf("%.1f, %.1f", first, second), "yes"
		if second > 1.25*first && second > maxAge.Seconds() {
			bounded = "**no**"
		}
	}
	found := "-"
	if most > 0 {
		found = fmt.Sprintf("%.0f", most)
	}
	fmt.Printf("| %s | %s | %d | %s | %.0f | %.0f | %s | %s | %s | %s | %s | %s | %s |\n", w.Name, broker, procs, found, d.rate, d.reached,
		strings.Join(shown, ", "), halves, bounded, seconds(d.delays.P50), seconds(d.delays.P90), seconds(d.delays.P99), seconds(d.delays.Max))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
