package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// soakOutput is an ordinary configuration: objects by size and by age.
const soakOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{uuid}}'
    file_format: json+gzip
    max_file_size: 256KB
    max_age: 5s
    memory_limit: 256MiB
    upload: {request_timeout: 3s}
`

// sampling is the time between two looks at the process.
const sampling = 2 * time.Second

// soak runs one process for long under an even load while S3 fails now and
// then, and looks at its goroutines and its live heap all the time. What is
// still growing in the second half of the run is a leak.
func soak(ctx context.Context, o options) (bool, error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	c, err := w.start(ctx, "only", settings{output: soakOutput, inFlight: "100", period: 500 * time.Millisecond})
	if err == nil {
		err = w.settled(ctx, 1)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	sky := newWeather(w.s3, w.dice.fork(), recoverable(), 10*time.Second)
	limited, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	var storm sync.WaitGroup
	storm.Go(func() { sky.run(limited) })
	samples, err := w.sample(limited, c)
	storm.Wait()
	if err != nil {
		w.close(true)
		return false, err
	}
	var growing []string
	for _, q := range quantities {
		t := q.judge(samples)
		w.note("%s", t)
		if q.bound > 0 && t.grows {
			growing = append(growing, t.String())
		}
	}
	kept, err := w.finish(ctx, feed, sky, began, c)
	for _, what := range growing {
		_, _ = fmt.Fprintf(o.out, "VIOLATION    it grows: %s\n", what)
		kept = false
	}
	return kept, err
}

// sample is one look at a process.
type sample struct {
	at                      time.Duration
	goroutines, heap, inUse float64
}

// sample looks at a process until ctx ends, and keeps profiles of the
// beginning, the middle and the end.
func (w *world) sample(ctx context.Context, c *consumer) ([]sample, error) {
	var samples []sample
	began := time.Now()
	kept := 0
	for ctx.Err() == nil {
		s, err := look(context.WithoutCancel(ctx), c)
		if err != nil {
			return nil, err
		}
		s.at = time.Since(began)
		samples = append(samples, s)
		if w.profiles != "" && s.at >= time.Duration(kept)*(w.duration-2*sampling)/4 {
			if err := w.keepProfiles(context.WithoutCancel(ctx), c, kept); err != nil {
				return nil, err
			}
			kept++
		}
		pause(ctx, sampling)
	}
	return samples, nil
}

var (
	goroutineTotal = regexp.MustCompile(`^goroutine profile: total (\d+)`)
	heapAlloc      = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)
	residentNow    = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
)

// look reads the profiles of a process. The heap is what is left after a
// collection.
func look(ctx context.Context, c *consumer) (sample, error) {
	var s sample
	for _, part := range []struct {
		path  string
		what  *regexp.Regexp
		value *float64
	}{
		{"/debug/pprof/goroutine?debug=1", goroutineTotal, &s.goroutines},
		{"/debug/pprof/heap?debug=1&gc=1", heapAlloc, &s.heap},
	} {
		text, err := c.get(ctx, part.path)
		if err != nil {
			return s, err
		}
		m := part.what.FindSubmatch(text)
		if m == nil {
			return s, fmt.Errorf("%s of %s says nothing about %s", part.path, c.name, part.what)
		}
		*part.value, _ = strconv.ParseFloat(string(m[1]), 64)
	}
	s.inUse = float64(resident(c, residentNow))
	return s, nil
}

// keepProfiles writes the profiles of a moment, for go tool pprof.
func (w *world) keepProfiles(ctx context.Context, c *consumer, n int) error {
	if err := os.MkdirAll(w.profiles, 0o750); err != nil {
		return fmt.Errorf("making the directory of profiles: %w", err)
	}
	for name, path := range map[string]string{"goroutine": "/debug/pprof/goroutine", "heap": "/debug/pprof/heap?gc=1"} {
		text, err := c.get(ctx, path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(w.profiles, fmt.Sprintf("%s-%d.pb.gz", name, n)), text, 0o600); err != nil {
			return fmt.Errorf("keeping a profile: %w", err)
		}
	}
	return nil
}
