package main

import (
	"context"
	"fmt"
	"time"
)

// multipartOutput makes objects that are uploaded in parts.
const multipartOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{chunk_id}}'
    file_format: json
    max_file_size: 12MB
    max_age: 2s
    upload: {request_timeout: 3s, multipart_threshold: 5MiB, part_size: 5MiB}
`

// storm leaves the process alone and breaks S3 in every way that the test
// server knows. There is no reason for a duplicate in it.
func storm(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	// 4 MB a second, most of it in a few large records.
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300, largeEvery: 50, largeSize: 90_000}, w.ledger)
	c, err := w.start(ctx, "only", settings{output: multipartOutput})
	if err != nil {
		w.close(true)
		return false, err
	}
	kinds := recoverable()
	if o.forbid {
		kinds = append(kinds, forbidding()...)
	}
	sky := newWeather(w.s3, w.dice, kinds, 2*time.Second)
	limited, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	if o.duration >= 2*time.Minute {
		pause(ctx, 5*time.Second)
		fault := sky.begin(down())
		pause(ctx, time.Minute)
		sky.end(down(), fault)
	}
	sky.run(limited)
	w.note("%d objects were uploaded in parts", w.s3.Count("CompleteMultipartUpload"))
	return w.finish(ctx, feed, sky, began, c)
}

// brokerSession is the session timeout of the process that loses its broker.
const brokerSession = 2 * time.Second

// outage kills the broker and starts it again. Whoever consumes loses its
// session when that takes long.
func outage(ctx context.Context, o options) (bool, error) {
	if _, ok := o.apache(); !ok {
		return false, fmt.Errorf("the scenario broker needs a broker that can be killed: -broker kafka")
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	c, err := w.start(ctx, "only", settings{session: brokerSession})
	if err == nil {
		err = w.settled(ctx, 1)
	}
	outages := 0
	for ; err == nil && time.Since(began) < o.duration; outages++ {
		pause(ctx, w.dice.between(time.Second, 4*time.Second))
		err = w.loseBroker(ctx)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("the broker was killed %d times", outages)
	return w.finish(ctx, feed, &weather{}, began, c)
}

// loseBroker kills the broker for a while. What was not committed may be read
// again.
func (w *world) loseBroker(ctx context.Context) error {
	b, err := w.snapshot(ctx, "the broker was killed")
	if err != nil {
		return err
	}
	measured := w.measure(b)
	w.kafka.Kill()
	pause(ctx, w.dice.between(0, 4*time.Second))
	if err := w.kafka.Restart(ctx); err != nil {
		return err
	}
	pause(ctx, brokerSession) // a group that still looks whole may not be
	if err := w.rest(ctx, 1); err != nil {
		return err
	}
	measured()
	b.ends, err = w.kafka.Ends(ctx, topic)
	return err
}
