package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/ports"
)

const (
	// sidecarInput takes requests of many lines, as config/http-json-gzip.yaml
	// does.
	sidecarInput = `
  http_server:
    path: /events
    allowed_verbs: [POST]
    timeout: 10s
`
	sidecarLines = `
    - unarchive: {format: lines}
    - mapping: 'root = if content().trim().length() == 0 { deleted() }'
`
	sidecarOutput = `
    folder: lake/date={{YYYY}}-{{MM}}-{{DD}}
    file_name: 'e-{{uuid}}'
    file_format: json+gzip
    max_file_size: 10KB
    max_age: 300ms
    upload: {request_timeout: 3s}
`
	clients, linesEach = 40, 20
)

// sidecar has clients send by HTTP while the process is killed and stopped.
// They send again until the answer is 200. A 200 means that the records are in
// S3; no answer at a kill, that they may be. After SIGTERM whatever is not
// answered with 200 was not stored.
func sidecar(ctx context.Context, o options) (bool, error) {
	o.broker = noBroker
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	p, err := w.newPosters(ctx)
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%s", p)
	kept, err := w.conclude(ctx, &weather{}, began)
	if err == nil && !p.honest(ctx) {
		kept = false
	}
	w.close(!kept || err != nil)
	return kept, err
}

// posters are the clients of a sidecar.
type posters struct {
	w       *world
	address string
	http    *http.Client
	size    int           // of a record
	rest    time.Duration // between two posts of a client
	// renumber: what was not answered is sent again as other records, so that it can
	// be told whether the first ones are stored twice.
	renumber bool

	mu       sync.Mutex
	posts    int
	answered map[int]answer  // by the first record
	waited   []time.Duration // for each of these answers
	failures moments
	running  string // the process that runs
	ending   string // how it is being ended; empty: it is not
	stops    moments
}

// answer is a 200.
type answer struct {
	n int
	// from is the process that gave it, where that is certain.
	from string
}

func (w *world) newPosters(ctx context.Context) (*posters, error) {
	address, err := ports.Address(ctx)
	return &posters{
		w: w, address: address, size: 300, answered: map[int]answer{}, failures: moments{}, stops: moments{},
		http: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}, err
}

// run stops one process after the other under load; the last one, which stays,
// gets what is left.
func (p *posters) run(ctx context.Context) error {
	sending, enough := context.WithCancel(ctx)
	defer enough()
	var all sync.WaitGroup
	defer all.Wait()
	for range clients {
		all.Go(func() { p.send(ctx, sending) })
	}
	began := time.Now()
	for n := 0; ; n++ {
		c, err := p.w.start(ctx, fmt.Sprintf("run-%04d", n), settings{
			address: p.address, input: sidecarInput, processors: sidecarLines, output: sidecarOutput,
		})
		if err != nil {
			return err
		}
		p.now(c.name, "")
		p.w.awaitUpload(c)
		pause(ctx, p.w.dice.between(0, time.Second))
		if time.Since(began) > p.w.duration {
			enough()
			all.Wait()
			_, err := c.terminate()
			return err
		}
		if err := p.stop(c); err != nil {
			return err
		}
	}
}

func (p *posters) stop(c *consumer) error {
	if !p.w.calm && p.w.dice.upTo(2) == 0 {
		p.now(c.name, "SIGKILL")
		c.kill()
		return nil
	}
	p.now(c.name, "SIGTERM")
	_, err := c.terminate()
	return err
}

func (p *posters) now(run, ending string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.ending = run, ending
	if ending != "" {
		p.stops[ending]++
	}
}

func (p *posters) state() (run, ending string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running, p.ending
}

// send posts until sending ends, each post until it was answered.
func (p *posters) send(ctx, sending context.Context) {
	for sending.Err() == nil {
		p.deliver(ctx)
		pause(sending, p.rest)
	}
}

// deliver posts new records until the answer is 200.
func (p *posters) deliver(ctx context.Context) {
	first, number, body := p.next()
	for ctx.Err() == nil {
		answered, sent := p.post(ctx, first, number, body)
		if answered {
			return
		}
		if sent && p.renumber {
			p.w.ledger.doubt(first, linesEach)
			first, number, body = p.next()
		}
		pause(ctx, 20*time.Millisecond)
	}
	p.w.ledger.doubt(first, linesEach) // it is not sent any more
}

// next makes a post of new records. The number of the post is their partition.
func (p *posters) next() (first, number int, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, number = p.w.ledger.len(), p.posts
	p.posts++
	for i := range linesEach {
		body = append(append(body, kafkatest.NumberedValue(first+i, p.size)...), '\n')
		p.w.ledger.add(origin{partition: int32(number), offset: int64(i), size: p.size})
	}
	return first, number, body
}

// post sends once, and reports whether the answer was 200. What else comes back, or
// does not, after the request was sent, may have been stored all the same.
func (p *posters) post(ctx context.Context, first, number int, body []byte) (answered, sent bool) {
	before, _ := p.state()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/events", bytes.NewReader(body))
	if err != nil {
		return false, false
	}
	began := time.Now()
	res, err := p.http.Do(req)
	after, ending := p.state()
	what := "no answer"
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		what = fmt.Sprintf("answer %d", res.StatusCode)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && res.StatusCode == http.StatusOK {
		a := answer{n: linesEach}
		if before == after {
			a.from = after
		}
		p.answered[first] = a
		p.waited = append(p.waited, time.Since(began))
		return true, true
	}
	if !wrote.Load() {
		return false, false // it is being started
	}
	what += " at " + or(ending, "a start")
	p.failures[what]++
	if ending == "SIGTERM" || p.renumber {
		return false, true // whatever was stored was answered, or is not sent again: no reason for a copy
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.breaches = append(p.w.breaches, &breach{what: what, ends: map[int32]int64{int32(number): linesEach}})
	return false, true
}

// honest reads everything again, and tells whether each 200 came from a process
// that had stored the records itself.
func (p *posters) honest(ctx context.Context) bool {
	s, err := readBack(ctx, p.w.shelf, p.w.ledger)
	if err != nil {
		_, _ = fmt.Fprintf(p.w.out, "VIOLATION    %v\n", err)
		return false
	}
	lies := 0
	for first, a := range p.answered {
		for id := first; id < first+a.n; id++ {
			if a.from != "" && !slices.Contains(s.copies[id], a.from) {
				lies++
			}
		}
	}
	if lies > 0 {
		_, _ = fmt.Fprintf(p.w.out, "VIOLATION    %d records were answered by a process that had not stored them\n", lies)
	}
	return lies == 0
}

func (p *posters) String() string {
	return fmt.Sprintf("%d posts of %d records answered with 200; the process was stopped by %s; not answered so: %s",
		len(p.answered), linesEach, p.stops, p.failures)
}
