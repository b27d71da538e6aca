package main

import (
	"context"
	"net/http"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	// latency is how long every answer of S3 takes in the scenario slow.
	latency = 30 * time.Second
	// patientOutput waits for it.
	patientOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{uuid}}'
    file_format: json+gzip
    max_file_size: 1MB
    max_age: 5s
    upload: {request_timeout: 60s, concurrency: 32}
`
)

// slow lets every answer of S3 take 30 s, then has the process stopped, one
// started in the middle of it, and S3 come back. A process that is patient
// enough goes on, and there is no reason for a duplicate.
func slow(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	set := settings{output: patientOutput, probe: 2 * latency, shutdown: 3 * latency}
	c, err := w.start(ctx, "first", set)
	if err == nil {
		err = w.settled(ctx, 1)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	pause(ctx, 5*time.Second)
	late := w.s3.Faults.Add(s3test.Rule{Do: s3test.Delay(latency)})
	pause(ctx, o.duration)
	took, err := c.terminate()
	if err == nil {
		w.note("a process stopped with SIGTERM in %s while every answer took %s", took.Round(time.Second), latency)
		c, err = w.start(ctx, "second", set)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	pause(ctx, 2*latency+5*time.Second)
	w.note("%d answers took %s", late.Hits(), latency)
	late.Remove()
	return w.finish(ctx, feed, &weather{}, began, c)
}

// down is S3 that answers nothing but 503.
func down() kind {
	return kind{name: "down for a minute", do: always(s3test.Fail(http.StatusServiceUnavailable, "ServiceUnavailable", "Down."))}
}
