package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	tenants = 12
	// tick is how often records are sent.
	tick = 50 * time.Millisecond
	// usual is the mean rate of records a second.
	usual = 1500
)

// act is a part of the play, from a share of its length to another.
type act struct {
	from, to float64
	name     string
	fault    []s3test.Rule
	rate     float64 // factor; 0 means 1
	bad      float64 // share of bad records; 0 means a few
	large    bool    // begins with a record that is larger than an object may be
}

// acts are what happens. The rest of the time is usual.
var acts = []act{
	{name: "a burst, and a record above the cap", from: 0.2, to: 0.28, rate: 3, large: true},
	{name: "the destination denies everything", from: 0.4, to: 0.52, fault: denied()},
	{name: "a producer sends rubbish", from: 0.68, to: 0.74, bad: 0.08},
	{name: "the destination throttles", from: 0.78, to: 0.88, fault: throttled()},
	{name: "the night", from: 0.9, to: 1, rate: 0.15},
}

func denied() (all []s3test.Rule) {
	for _, op := range []string{"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		all = append(all, s3test.Rule{Op: op, Do: s3test.FailAfterBody(http.StatusForbidden, "AccessDenied", "Access Denied")})
	}
	return all
}

func throttled() []s3test.Rule {
	sometimes := func(s3test.Request) bool { return rand.IntN(100) < 40 }
	return []s3test.Rule{{Match: sometimes, Do: s3test.SlowDown(0)}}
}

// play sends records for a while, and breaks the store on the way.
func (w *world) play(ctx context.Context, length time.Duration) error {
	began := time.Now()
	at := func() float64 { return float64(time.Since(began)) / float64(length) }
	ctx, cancel := context.WithCancel(ctx)
	var weather sync.WaitGroup
	defer weather.Wait()
	defer cancel()
	// Apart from the records, which wait while the store is broken.
	weather.Go(func() { w.weather(ctx, at) })
	out := bufio.NewWriterSize(w.records, 1<<20)
	name, n := "", 0
	for at() < 1 {
		now := actAt(at())
		if now.large && now.name != name {
			n++
			_, _ = out.WriteString(line(n, 0, 7_000_000))
		}
		name = now.name
		for range int(now.factor() * usual * wave(at()) * tick.Seconds()) {
			n++
			_, _ = out.WriteString(line(n, now.badness(), 200))
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("sending records: %w", err)
		}
		if !pause(ctx, tick) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// weather breaks and repairs the store as the acts want it.
func (w *world) weather(ctx context.Context, at func() float64) {
	name := ""
	for pause(ctx, tick) {
		now := actAt(at())
		if now.name == name {
			continue
		}
		name = now.name
		w.s3.Faults.Clear()
		for _, rule := range now.fault {
			w.s3.Faults.Add(rule)
		}
	}
	w.s3.Faults.Clear()
}

func actAt(at float64) act {
	for _, a := range acts {
		if at >= a.from && at < a.to {
			return a
		}
	}
	return act{}
}

func (a act) factor() float64 {
	if a.rate > 0 {
		return a.rate
	}
	return 1
}

func (a act) badness() float64 { return max(a.bad, 0.002) }

// wave makes the load come and go.
func wave(at float64) float64 { return 1 + 0.5*math.Sin(at*6*math.Pi) }

// line is one record. Tenants differ: each has about two thirds of the records
// of the one before. A bad record has no date.
func line(n int, bad float64, size int) string {
	tenant := min(int(rand.ExpFloat64()*2.5), tenants-1)
	date := ""
	if rand.Float64() >= bad {
		date = fmt.Sprintf(`"at":%q,`, time.Now().UTC().Format(time.RFC3339Nano))
	}
	return fmt.Sprintf(`{"id":%d,"tenant":"t%02d",%s"user":"%016x","event":"page_view","url":"https://example.com/%s?q=%x"}`+"\n",
		n, tenant, date, rand.Uint64(), strings.Repeat("path/", size/5), rand.Uint32())
}
