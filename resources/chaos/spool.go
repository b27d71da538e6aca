package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

const (
	// spoolOutput has little memory, so that records are spilled all the time, and
	// 80 partitions, whose objects end by age and size.
	spoolOutput = `
    folder: 'lake/date={{YYYY}}-{{MM}}-{{DD}}/x={{x}}'
    file_name: 'e-%s'
    variables: {x: '${! json("id") %% 40 }'}
    file_format: %s
    max_file_size: %s
    max_age: 1500ms
    memory_limit: 8MiB
    spool: {path: '%s', max_size: %s}
    upload: {request_timeout: 3s}
`
	// spoolPatience is how long a process may take to come to the moment at which it
	// is to be killed.
	spoolPatience = 2 * time.Second
	// outageMore is how much longer S3 is away while nothing is acknowledged.
	outageMore = 20 * time.Second
	// lookEvery is after how many ends of a process its spool is verified, on average.
	lookEvery = 5
)

// spooling is an output with a spool, one process of which runs at a time.
type spooling struct {
	*world

	posters *posters // nil: records come from Kafka
	set     settings
	dir     string // of the spool
	size    string // max_size
	format  string
	largest string // max_file_size
	started int
	last    *consumer
	done    moments
	// strained: some processes get a poor disk, by kind.
	strained bool
	poor     moments
	looks    int
	torn     int // records that were not complete when a process was killed, as it says
	wrong    []string
}

// spoolHTTP has 40 clients send by HTTP to a process with a spool, which is killed
// in the middle of everything that it does with its disk, while S3 fails and is away
// for some time. What was answered with 200 is stored once, and whatever was not
// answered once at most: it is sent again as other records, so that a copy which
// the client has made is told from one of the spool.
func spoolHTTP(ctx context.Context, o options) (bool, error) {
	o.broker, o.exactly = noBroker, true
	return spoolScenario(ctx, o, (*spooling).clients)
}

// spoolKafka reads from Kafka instead. A record may be stored twice if its offset
// was not committed when the process was killed.
func spoolKafka(ctx context.Context, o options) (bool, error) {
	o.exactly = false
	return spoolScenario(ctx, o, (*spooling).consumers)
}

// spoolScenario runs one of the two.
func spoolScenario(ctx context.Context, o options, source func(*spooling, context.Context) (func() error, error)) (kept bool, err error) {
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() { w.close(!kept || err != nil) }()
	s := &spooling{world: w, dir: filepath.Join(w.dir, "spool"), size: "256MiB", format: "json+gzip", largest: "20KB", done: moments{}, poor: moments{}}
	if err := traceable(ctx); err != nil {
		w.note("NO slow or failing disk, because strace does not work here: %v", err)
	} else {
		s.strained = true
	}
	began := time.Now()
	ended, err := source(s, ctx)
	if err != nil {
		return false, err
	}
	sky, err := s.batter(ctx, began)
	if err == nil {
		err = ended()
	}
	if err != nil {
		return false, err
	}
	w.note("%d ends of a process: %s", s.done.total(), s.done)
	w.note("processes with a disk %s", s.poor)
	return s.conclude(ctx, sky, began)
}

// batter ends one process after the other in bad weather, until time is up or there
// were enough kills. The last process goes on, in fair weather.
func (s *spooling) batter(ctx context.Context, began time.Time) (*weather, error) {
	kinds := recoverable()
	if s.forbid {
		kinds = append(kinds, forbidding()...)
	}
	sky := newWeather(s.s3, s.dice.fork(), kinds, 3*time.Second)
	late := &lateness{world: s.world, longest: 20 * time.Second}
	broken, repair := context.WithCancel(ctx)
	var storm sync.WaitGroup
	storm.Go(func() {
		first, enough := context.WithTimeout(broken, s.duration/6)
		sky.run(first)
		enough()
		s.outage(broken, sky)
		sky.run(broken)
	})
	storm.Go(func() { late.run(broken) })
	enough := func() bool {
		if s.kills > 0 {
			return s.killed() >= s.kills
		}
		return time.Since(began) >= s.duration
	}
	var err error
	for err == nil && !enough() {
		err = s.blow(ctx)
	}
	repair()
	storm.Wait()
	s.note("%d uploads were carried out after their process had given them up", late.total())
	if err == nil {
		err = s.join(ctx)
	}
	return sky, err
}

// killed is how many processes were killed.
func (s *spooling) killed() int { return s.done.total() - s.done["SIGTERM"] }

// join starts the next process.
func (s *spooling) join(ctx context.Context) error {
	set := s.set
	set.wrap = s.disk()
	name := "{{uuid}}"
	if !s.forbid && s.started%3 == 2 { // another configuration for the same spool
		name = "{{chunk_id}}"
	}
	set.output = fmt.Sprintf(spoolOutput, name, s.format, s.largest, s.dir, s.size)
	c, err := s.start(ctx, fmt.Sprintf("run-%04d", s.started), set)
	if err != nil {
		return err
	}
	s.started++
	s.last = c
	if s.posters != nil {
		s.posters.now(c.name, "")
	}
	return nil
}

// blow starts a process and ends it, most often with SIGKILL and at a bad moment,
// and looks now and then whether its spool is whole.
func (s *spooling) blow(ctx context.Context) error {
	before := s.files()
	if err := s.join(ctx); err != nil {
		return err
	}
	what, err := s.end(ctx, before)
	if err != nil {
		return err
	}
	s.done[what]++
	if s.kafka != nil && what != "SIGTERM" {
		if _, err := s.snapshot(ctx, "a kill"); err != nil {
			return err
		}
	}
	if s.dice.upTo(lookEvery) == 0 {
		return s.look(ctx, false)
	}
	return ctx.Err()
}

// end chooses a moment, waits for it and ends the process.
func (s *spooling) end(ctx context.Context, before spoolFiles) (string, error) {
	c := s.last
	skip := s.dice.upTo(6)
	switch s.dice.upTo(16) {
	case 0, 1:
		pause(ctx, s.dice.between(0, 600*time.Millisecond))
		s.strike()
		return "while starting", nil
	case 2, 3:
		return s.atFile(ctx, "journal", before, 0, "while recovering"), nil
	case 4, 5, 6:
		return s.atFile(ctx, "spill", s.files(), skip, "while spilling"), nil
	case 7, 8, 9:
		return s.atFile(ctx, "outbox", s.files(), skip, "while sealing"), nil
	case 10:
		return s.atUpload(ctx, skip, "object stored, no answer", func(x *s3test.Exchange) { s3test.LoseResponse()(x); s.strike() }), nil
	case 11:
		n := int64(1 + s.dice.upTo(2000))
		return s.atUpload(ctx, skip, "in the body", func(x *s3test.Exchange) { s3test.Reset(n)(x); s.strike() }), nil
	case 12:
		return s.atUpload(ctx, skip, "object stored and answered", func(x *s3test.Exchange) { x.Next.ServeHTTP(x.W, x.R); go s.strike() }), nil
	case 13:
		pause(ctx, s.dice.between(0, 2*time.Second))
		if s.posters != nil {
			s.posters.now(c.name, "SIGTERM")
		}
		return s.terminated(c)
	default:
		pause(ctx, s.dice.between(300*time.Millisecond, 3*time.Second))
		s.strike()
		return "at work", nil
	}
}

// terminated stops a process with SIGTERM. S3 may be away: what is collected waits
// on disk. One that has only just been loaded ends by the signal itself.
func (s *spooling) terminated(c *consumer) (string, error) {
	_, err := c.terminate()
	if status, is := c.cmd.ProcessState.Sys().(syscall.WaitStatus); is && status.Signal() == syscall.SIGTERM {
		return "SIGTERM", nil
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, c.logged())
	}
	return "SIGTERM", err
}

// strike kills the process that runs, unless it has ended.
func (s *spooling) strike() {
	if s.last.ended() {
		return
	}
	if s.posters != nil {
		s.posters.now(s.last.name, "SIGKILL")
	}
	_ = s.last.cmd.Process.Signal(syscall.SIGKILL)
	<-s.last.done
}

// atUpload acts on one upload of the process, which kills it.
func (s *spooling) atUpload(ctx context.Context, skip int, moment string, do s3test.Action) string {
	fault := s.atPut(s.last, skip, do)
	defer fault.Remove()
	defer s.strike()
	return reached(ctx, s.last, moment, spoolPatience)
}

// outage takes S3 away for a minute, or for a part of a run that is short, and finds
// out whether records are taken all the same.
func (s *spooling) outage(ctx context.Context, sky *weather) {
	if ctx.Err() != nil {
		return
	}
	away := min(time.Minute, s.duration/3)
	fault := sky.begin(down())
	began, before, progress := time.Now(), s.taken(ctx), 0
	// On a busy machine a process may just have started: it is given more time.
	for ctx.Err() == nil && (time.Since(began) < away || progress == 0 && time.Since(began) < away+outageMore) {
		pause(ctx, 200*time.Millisecond)
		progress = s.taken(ctx) - before
	}
	sky.end(down(), fault)
	if ctx.Err() != nil {
		return
	}
	s.note("S3 was away for %s: %d records were acknowledged in that time%s", time.Since(began).Round(time.Second), progress, s.latency(before/linesEach))
	if progress == 0 {
		s.broken("nothing was acknowledged while S3 was away")
	}
}

// broken notes a promise that was not kept.
func (s *spooling) broken(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// taken is how many records were acknowledged until now.
func (s *spooling) taken(ctx context.Context) int {
	if s.posters != nil {
		return s.posters.taken()
	}
	committed, err := s.kafka.Committed(ctx, group, topic)
	if err != nil {
		return 0
	}
	n := int64(0)
	for _, offset := range committed {
		n += offset
	}
	return int(n)
}

// latency describes how long posts waited for their answer, from the n-th on.
func (s *spooling) latency(n int) string {
	if s.posters == nil {
		return ""
	}
	s.posters.mu.Lock()
	waited := slices.Clone(s.posters.waited[n:])
	s.posters.mu.Unlock()
	if len(waited) == 0 {
		return ""
	}
	slices.Sort(waited)
	at := func(part float64) time.Duration {
		return waited[int(part*float64(len(waited)-1))].Round(time.Millisecond / 10)
	}
	return fmt.Sprintf(", half of the posts within %s and 99 %% within %s", at(0.5), at(0.99))
}
