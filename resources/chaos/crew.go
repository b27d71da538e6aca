package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/nettest"
)

// unstored is the exit code of a process that could not store all that it had read.
const unstored = 3

// crew are processes that are replaced when they end, while everything happens to
// them that exactly-once delivery is to bear. Each has troubles of its own, so that
// several are struck at a time.
type crew struct {
	*world

	set     settings
	respite time.Duration // the longest between two blows to a process; zero: 2.5 s
	fickle  string        // the output of every other process; empty: the same
	alive   []*consumer   // when all is over
	joined  int
	done    moments // what was done how often; mu guards it
	found   string  // what is wrong already, for which somebody looks; mu guards it
}

// did counts a blow.
func (c *crew) did(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done[what]++
}

func (c *crew) enough(began time.Time) bool {
	c.mu.Lock()
	found := c.found != ""
	c.mu.Unlock()
	if found {
		return true
	}
	if c.kills == 0 {
		return time.Since(began) >= c.duration
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done.total() >= c.kills
}

// starting counts what begins with a word.
func (m moments) starting(word string) (n int) {
	for what, times := range m {
		if strings.HasPrefix(what, word) && !strings.Contains(what, "broker") {
			n += times
		}
	}
	return n
}

// suffer strikes until time is up, or there were enough blows.
func (c *crew) suffer(ctx context.Context, began time.Time) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	c.alive = make([]*consumer, c.members)
	for i := range c.alive {
		wg.Go(func() {
			var err error
			if c.alive[i], err = c.haunt(ctx, began); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// haunt strikes a process and those that take its place, and returns the last one.
func (c *crew) haunt(ctx context.Context, began time.Time) (p *consumer, err error) {
	for p, err = c.join(ctx); err == nil && !c.enough(began); {
		pause(ctx, c.dice.between(100*time.Millisecond, or(c.respite, 2500*time.Millisecond)))
		if err = ctx.Err(); err == nil {
			p, err = c.strike(ctx, p)
		}
	}
	return p, err
}

func (c *crew) join(ctx context.Context) (*consumer, error) {
	c.mu.Lock()
	name, set := fmt.Sprintf("member-%04d", c.joined), c.set
	if c.joined%2 == 1 {
		set.output = or(c.fickle, set.output)
	}
	c.joined++
	c.mu.Unlock()
	// It outlives this context: only its end is noted there.
	return c.start(context.WithoutCancel(ctx), name, set)
}

// strike does one thing to a process, and returns it or the one in its place.
func (c *crew) strike(ctx context.Context, victim *consumer) (*consumer, error) {
	if victim.ended() {
		return nil, fmt.Errorf("%s ended by itself: %w\n%s", victim.name, errEnded, victim.logged())
	}
	switch n := c.dice.upTo(20); {
	case n < 3:
		victim.kill()
		c.did("SIGKILL at any time")
		return c.join(ctx)
	case n < 6:
		c.did("SIGKILL " + c.killAt(ctx, victim))
		return c.join(ctx)
	case n < 15:
		c.freeze(ctx, victim)
	case n < 17:
		what, err := c.stop(victim)
		if err != nil {
			return nil, err
		}
		c.did(what)
		return c.join(ctx)
	case n < 18:
		c.cutOff(ctx, "broker lost", func(m nettest.Mode) { c.wire.Set(victim.name, m) }, nettest.Lost)
	case n < 19:
		c.cutOff(ctx, "answers of the broker lost", func(m nettest.Mode) { c.wire.Set(victim.name, m) }, nettest.Mute)
	default:
		c.cutOff(ctx, "S3 lost", victim.link.SetAll, nettest.Lost)
	}
	return victim, nil
}

// stop asks a process to end.
func (c *crew) stop(victim *consumer) (what string, err error) {
	_, err = victim.terminate()
	state, _ := victim.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case err == nil:
		return "SIGTERM", nil
	case victim.cmd.ProcessState.ExitCode() == unstored:
		return "SIGTERM and not enough time", nil // S3 was away
	case state.Signaled() && state.Signal() == syscall.SIGTERM:
		return "SIGTERM before it handles signals", nil
	}
	return "", err
}

// freeze stops a process for longer than its session, most often, and lets it go
// on as if nothing had happened.
func (c *crew) freeze(ctx context.Context, victim *consumer) {
	what := "frozen within its session"
	d := c.dice.between(exactSession/2, 3*exactSession)
	if d > exactSession {
		what = "zombie"
	}
	_ = victim.cmd.Process.Signal(syscall.SIGSTOP)
	pause(ctx, d)
	_ = victim.cmd.Process.Signal(syscall.SIGCONT)
	c.did(what)
}

func (c *crew) cutOff(ctx context.Context, what string, set func(nettest.Mode), m nettest.Mode) {
	set(m)
	pause(ctx, c.dice.between(exactSession/2, 3*exactSession))
	set(nettest.Open)
	c.did(what)
}

// stalled is how long nothing may be committed, whatever is done to a crew, until
// it is written down what its processes wait for.
const stalled = 45 * time.Second

// watch looks for a group that gets nowhere.
func (c *crew) watch(ctx context.Context) {
	var before int64
	since := time.Now()
	for {
		if pause(ctx, 2*time.Second); ctx.Err() != nil {
			return
		}
		committed, lag, err := c.kafka.Progress(ctx, group, topic)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil || lag == 0 || committed != before || time.Since(since) < stalled {
			if err == nil && (committed != before || lag == 0) {
				before, since = committed, time.Now()
			}
			continue
		}
		c.note("nothing was committed for %s, at %s", stalled, time.Now().Format(time.TimeOnly))
		c.mu.Lock()
		all := c.started
		c.mu.Unlock()
		c.dump(ctx, all...)
		since = time.Now()
	}
}
