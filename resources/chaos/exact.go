package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// exactSession is short, so that a process is a zombie soon.
const exactSession = 1500 * time.Millisecond

// exactOutput has 50 folders for a date, whose objects end by size, age and idle.
const exactOutput = `
    folder: 'lake/date={{YYYY}}-{{MM}}-{{DD}}/x={{x}}'
    file_name: 'e-{{H}}{{M}}-{{chunk_id}}'
    variables: {x: '${! json("id") % 50 }'}
    file_format: json+gzip
    max_file_size: 10KB
    max_age: 700ms
    upload: {request_timeout: 3s}
`

// unstored is the exit code of a process that could not store all that it had read.
const unstored = 3

// crew are three processes that are replaced when they end, while everything
// happens to them that exactly-once delivery is to bear.
type crew struct {
	*world

	set     settings
	members []*consumer
	started int
	done    moments
	late    sync.WaitGroup
	latePut moments
}

// exact kills, freezes, stops and cuts off three processes of one group under
// delivery: exactly_once. Whatever happens, each record is in exactly one object.
func exact(ctx context.Context, o options) (bool, error) {
	o.cables, o.exactly = true, true
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	sky := newWeather(w.s3, w.dice.fork(), recoverable(), 3*time.Second)
	c := &crew{world: w, done: moments{}, latePut: moments{}, set: settings{
		session: exactSession, output: exactOutput, processors: "    - mapping: 'root = content()'",
	}}
	broken, repair := context.WithCancel(ctx)
	var storm sync.WaitGroup
	if !o.calm {
		storm.Go(func() { sky.run(broken) })
	}
	storm.Go(func() { c.delay(broken) })
	err = c.suffer(ctx, began)
	repair()
	storm.Wait()
	c.late.Wait()
	if err != nil {
		w.close(true)
		return false, err
	}
	w.note("%d blows: %s", c.done.total(), c.done)
	w.note("%d uploads were carried out after their process had given them up", c.latePut.total())
	return w.finish(ctx, feed, sky, began, c.members...)
}

// suffer strikes until time is up, or there were enough blows.
func (c *crew) suffer(ctx context.Context, began time.Time) error {
	for range 3 {
		if err := c.join(ctx); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		if c.kills > 0 && c.done.total() >= c.kills || c.kills == 0 && time.Since(began) >= c.duration {
			return nil
		}
		pause(ctx, c.dice.between(100*time.Millisecond, 1500*time.Millisecond))
		if err := c.strike(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *crew) join(ctx context.Context) error {
	p, err := c.start(ctx, fmt.Sprintf("member-%04d", c.started), c.set)
	if err != nil {
		return err
	}
	c.started++
	c.members = append(c.members, p)
	return nil
}

// replace starts another process for one that has ended.
func (c *crew) replace(ctx context.Context, i int) error {
	c.members = append(c.members[:i:i], c.members[i+1:]...)
	return c.join(ctx)
}

// strike does one thing to one process.
func (c *crew) strike(ctx context.Context) error {
	i := c.dice.upTo(len(c.members))
	victim := c.members[i]
	if victim.ended() {
		return fmt.Errorf("%s ended by itself: %w\n%s", victim.name, errEnded, victim.logged())
	}
	switch n := c.dice.upTo(20); {
	case n < 3:
		victim.kill()
		c.done["SIGKILL at any time"]++
		return c.replace(ctx, i)
	case n < 6:
		c.done["SIGKILL "+c.killAt(ctx, victim)]++
		return c.replace(ctx, i)
	case n < 15:
		c.freeze(ctx, victim)
	case n < 17:
		what := "SIGTERM"
		if _, err := victim.terminate(); err != nil && victim.cmd.ProcessState.ExitCode() != unstored {
			return err
		} else if err != nil {
			what = "SIGTERM and not enough time" // S3 was away
		}
		c.done[what]++
		return c.replace(ctx, i)
	case n < 18:
		c.cutOff(ctx, "broker lost", func(m nettest.Mode) { c.wire.Set(victim.name, m) }, nettest.Lost)
	case n < 19:
		c.cutOff(ctx, "answers of the broker lost", func(m nettest.Mode) { c.wire.Set(victim.name, m) }, nettest.Mute)
	default:
		c.cutOff(ctx, "S3 lost", victim.link.SetAll, nettest.Lost)
	}
	return nil
}

// freeze stops a process for longer than its session, most often, and lets it go
// on as if nothing had happened.
func (c *crew) freeze(ctx context.Context, victim *consumer) {
	what := "frozen within its session"
	d := c.dice.between(exactSession/4, 3*exactSession)
	if d > exactSession {
		what = "zombie"
	}
	_ = victim.cmd.Process.Signal(syscall.SIGSTOP)
	pause(ctx, d)
	_ = victim.cmd.Process.Signal(syscall.SIGCONT)
	c.done[what]++
}

func (c *crew) cutOff(ctx context.Context, what string, set func(nettest.Mode), m nettest.Mode) {
	set(m)
	pause(ctx, c.dice.between(exactSession/2, 3*exactSession))
	set(nettest.Open)
	c.done[what]++
}

// delay has the store carry out some uploads long after they were sent, whether or
// not their process still waits.
func (c *crew) delay(ctx context.Context) {
	for ctx.Err() == nil {
		after := c.dice.between(0, 20*time.Second)
		fault := c.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^lake/date=", Times: 1, Do: func(x *s3test.Exchange) { c.keep(x, after) }}) //nolint:contextcheck // requests have contexts of their own
		pause(ctx, c.dice.between(2*time.Second, 6*time.Second))
		fault.Remove()
	}
}

// keep takes an upload, answers nothing, and carries it out later.
func (c *crew) keep(x *s3test.Exchange, after time.Duration) {
	body, err := io.ReadAll(x.R.Body)
	if err != nil {
		return
	}
	r := x.R.Clone(context.WithoutCancel(x.R.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.late.Go(func() {
		time.Sleep(after)
		answer := httptest.NewRecorder()
		x.Next.ServeHTTP(answer, r)
		if answer.Code == http.StatusOK {
			c.mu.Lock()
			c.latePut["stored"]++
			c.mu.Unlock()
		}
	})
	s3test.HangUnread()(x)
}
