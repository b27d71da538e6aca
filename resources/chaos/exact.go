package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// exactSession is short, so that a process is a zombie soon.
const exactSession = 2 * time.Second

// terrain is what a run of the scenario exact is about, as its dice decide.
type terrain struct {
	partitions, folders int
	age                 string
	memory              string
	records             int // of an object at most; zero: any number
	// fickle has every other process name its folders by other numbers: what a
	// successor reads again goes elsewhere, and may be stored twice.
	fickle bool
	// respite is the longest time between two blows to a process; zero is the usual
	// one, in which a generation of the group does not last.
	respite time.Duration
	// trouble is what befalls the group beside what is done to its processes.
	trouble *trouble
}

// terrains are few and wide, many and narrow; objects end by size, age, idle and
// memory.
var terrains = []terrain{
	{partitions: 6, folders: 50, age: "700ms", memory: "256MiB"},
	{partitions: 12, folders: 200, age: "1500ms", memory: "4MiB"},
	{partitions: 24, folders: 1000, age: "4s", memory: "256MiB"},
}

func (t *terrain) String() string {
	text := fmt.Sprintf("%d Kafka partitions, %d folders a day, max_age %s, memory_limit %s", t.partitions, t.folders, t.age, t.memory)
	if t.records > 0 {
		text += fmt.Sprintf(", objects of %d records", t.records)
	}
	if t.fickle {
		text += ", folders that change"
	}
	if t.trouble != nil {
		text += ", " + t.trouble.name
	}
	return text
}

func (t *terrain) output() string {
	return fmt.Sprintf(`
    folder: 'lake/date={{YYYY}}-{{MM}}-{{DD}}/x={{x}}'
    file_name: 'e-{{H}}{{M}}-{{chunk_id}}'
    variables: {x: '${! json("id") %% %d }'}
    file_format: json+gzip
    max_file_size: 10KB
    max_age: %s
    memory_limit: %s
    max_records: %d
    upload: {request_timeout: 3s}
`, t.folders, t.age, t.memory, t.records)
}

// exactProcessors make two messages of each record and drop the second one.
const exactProcessors = `
    - mapping: 'root = [content().string(), "noise"]'
    - unarchive: {format: json_array}
    - mapping: 'root = if this == "noise" { deleted() } else { this }'
`

// exact kills, freezes, stops and cuts off the processes of one group under
// delivery: exactly_once, and kills the broker where that can be. Whatever happens,
// each record is in exactly one object.
func exact(ctx context.Context, o options) (bool, error) {
	_, kept, err := siege(ctx, o)
	return kept, err
}

// siege is the scenario exact. It returns the crew as well, where there was one.
func siege(ctx context.Context, o options) (*crew, bool, error) {
	land := &terrains[newDice(o.seed).upTo(len(terrains))]
	if o.land != nil {
		land = o.land
	}
	o.forbid = land.fickle // then copies are expected
	o.members = or(o.members, 4)
	o.cables, o.exactly, o.partitions, o.silence = true, true, land.partitions, exactSession
	w, err := newWorld(ctx, o)
	if err != nil {
		return nil, false, err
	}
	began := time.Now()
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: land.partitions, rate: o.rate, size: 300}, w.ledger)
	sky := newWeather(w.s3, w.dice.fork(), recoverable(), 3*time.Second)
	c := &crew{world: w, done: moments{}, respite: land.respite, set: settings{
		session: exactSession, output: land.output(), processors: exactProcessors,
	}}
	if land.fickle {
		other := *land
		other.folders++
		c.fickle = other.output()
	}
	late := &lateness{world: w, longest: 20 * time.Second}
	broken, repair := context.WithCancel(ctx)
	var storm sync.WaitGroup
	if !o.calm {
		storm.Go(func() { sky.run(broken) })
	}
	storm.Go(func() { late.run(broken) })
	storm.Go(func() { c.watch(broken) })
	if o.hunting {
		storm.Go(func() { c.hunt(broken) })
	}
	if land.trouble != nil {
		storm.Go(func() { land.trouble.run(broken, w) })
	}
	var lost error
	if _, real := o.apache(); real {
		storm.Go(func() { lost = c.loseBrokers(broken) })
	}
	err = c.suffer(ctx, began)
	repair()
	storm.Wait()
	stored := late.total()
	if err == nil && c.found != "" {
		err = fmt.Errorf("%s %w", c.found, errFound)
	}
	if err = errors.Join(err, lost); err != nil {
		w.close(!o.hunting)
		return c, false, err
	}
	w.note("%s", land)
	w.note("%d blows: %s", c.done.total(), c.done)
	w.note("%d kills and %d zombies of %d processes; %d uploads were carried out after their process had given them up",
		c.done.starting("SIGKILL"), c.done["zombie"], c.members, stored)
	kept, err := w.finish(ctx, feed, sky, began, c.alive...)
	return c, kept, err
}

// loseBrokers kills the broker now and then, and starts it again.
func (c *crew) loseBrokers(ctx context.Context) error {
	calm := func() { pause(ctx, c.dice.between(30*time.Second, 90*time.Second)) }
	for calm(); ctx.Err() == nil; calm() {
		c.kafka.Kill()
		pause(ctx, c.dice.between(0, 4*time.Second))
		if err := c.kafka.Restart(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		c.did("SIGKILL of the broker, and restart")
	}
	return nil
}
