package exactly

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// This file is a broker, a log and a store for consumers that are driven at
// random: world_test.go has what lasts, consumer_test.go what dies.

// Rules that are kept outside of this package.
const (
	ruleFenced     rule = 1 << (iota + 12) // R3
	ruleStoreWhole                         // R4, what the broker does about it
	ruleContinuous                         // R5
)

// dice decides what happens.
type dice interface {
	roll(sides int) int
}

type recordID struct {
	source Source
	offset int64
}

type commitFlight struct {
	by      *consumer
	session int
	gen     int
	offsets []Offset
}

type putFlight struct {
	by      *consumer
	session int
	slot    Slot
	records []recordID
}

type world struct {
	dice      dice
	broken    rule
	impure    bool
	inexact   bool // an epoch has said of itself that it cannot be formed again
	limit     int
	end       int64 // of each source
	sources   []Source
	gen       int
	low       map[Source]int64
	metadata  map[Source]string
	stored    map[Slot][]recordID
	commits   []*commitFlight
	puts      []*putFlight
	consumers []*consumer
	stamps    uint64
	born      int
	again     int // sources whose epochs did not have the records that they had
	happened  map[string]int
}

func newWorld(d dice, broken rule) *world {
	w := &world{
		dice: d, broken: broken, limit: DefaultLimit, end: 12, low: map[Source]int64{}, metadata: map[Source]string{},
		stored: map[Slot][]recordID{}, happened: map[string]int{}, impure: broken == ruleDigest,
	}
	for i := range 2 + d.roll(2) {
		w.sources = append(w.sources, Source{"events", int32(i)})
	}
	switch {
	case broken&ruleMetadataLimit != 0:
		w.limit = 120 + d.roll(200)
	case broken == 0 && d.roll(3) == 0:
		w.limit = 250 + d.roll(250) // few early objects
	}
	for range 3 {
		w.consumers = append(w.consumers, w.consumer())
	}
	return w
}

func (w *world) consumer() *consumer {
	w.born++
	return &consumer{world: w, routing: w.born}
}

func (w *world) stamp() (EpochID, time.Time) {
	w.stamps++
	var id EpochID
	binary.BigEndian.PutUint64(id[:], w.stamps)
	return id, time.UnixMilli(int64(w.stamps))
}

// exists: some offsets have no record, as after compaction and transactions.
func (w *world) exists(s Source, offset int64) bool {
	return mix(uint64(s.ID)<<32+uint64(offset))%4 != 0
}

func (w *world) route(s Source, offset int64, routing int) Target {
	if w.impure && offset%3 == 0 {
		return Target(routing % 2)
	}
	return Target(mix(uint64(offset)<<8+uint64(s.ID)) % 2)
}

// deliver delivers a commit.
func (w *world) deliver(i int) {
	f := w.commits[i]
	w.commits = slices.Delete(w.commits, i, i+1)
	waits := f.by.session == f.session
	if waits && w.broken.keeps(ruleOneCommit) && w.dice.roll(10) == 0 { // by a broker that is not the coordinator any more
		w.happened["refused"]++
		f.by.lane.Refused()
		return
	}
	if f.gen != w.gen && w.broken.keeps(ruleFenced) {
		w.happened["fenced"]++
		if waits {
			f.by.restart()
		}
		return
	}
	whole := true
	for i, o := range f.offsets {
		if len(o.Metadata) > w.limit || !w.broken.keeps(ruleStoreWhole) && i > 0 {
			whole = false
			continue
		}
		w.low[o.Source], w.metadata[o.Source] = o.Offset, o.Metadata
	}
	switch {
	case !waits:
	case !whole || w.dice.roll(8) == 0:
		w.happened["lost answer"]++
		f.by.unanswered = true
	default:
		for _, slot := range f.by.lane.Committed() {
			f.by.may[slot] = true
		}
	}
}

// arrive stores an object, on condition that its key is free.
func (w *world) arrive(i int) {
	f := w.puts[i]
	w.puts = slices.Delete(w.puts, i, i+1)
	if _, taken := w.stored[f.slot]; taken {
		w.happened["taken"]++
	} else {
		w.stored[f.slot] = f.records
	}
	if f.by.session == f.session && w.dice.roll(8) > 0 { // else it is tried again
		delete(f.by.may, f.slot)
		if err := f.by.lane.Landed(f.slot); err != nil && w.broken.keeps(ruleIntentFirst) {
			panic(err)
		}
	}
}

// rebalance gives each source to somebody. Who gets none is not always told.
func (w *world) rebalance(assign func(Source) *consumer) {
	before := w.gen
	w.gen++
	w.happened["rebalance"]++
	owners := map[*consumer][]Source{}
	for _, s := range w.sources {
		c := assign(s)
		owners[c] = append(owners[c], s)
	}
	for _, c := range w.consumers {
		if len(owners[c]) == 0 && (!c.member || w.dice.roll(4) > 0) {
			continue // a zombie
		}
		c.assigned(owners[c], before)
	}
}

func (w *world) fetch(s Source) (Fetched, error) {
	epochs, err := Decode(s.Topic, w.metadata[s])
	return Fetched{Source: s, Print: 7, End: far, Low: w.low[s], Epochs: epochs}, err
}

var errWrong = errors.New("the guarantee does not hold")

// check holds what is committed against what is stored.
func (w *world) check() error {
	count := map[recordID]int{}
	for _, records := range w.stored {
		for _, r := range records {
			count[r]++
			if count[r] > 1 && !w.impure && !w.inexact {
				return fmt.Errorf("%w: %s@%d is doubled", errWrong, r.source, r.offset)
			}
		}
	}
	for _, s := range w.sources {
		for o := range w.low[s] {
			if w.exists(s, o) && count[recordID{s, o}] == 0 {
				return fmt.Errorf("%w: %s@%d is lost", errWrong, s, o)
			}
		}
	}
	return nil
}

// run lets things happen at random, then has a new consumer take over all.
func (w *world) run(steps int) error {
	w.rebalance(func(Source) *consumer { return w.consumers[w.dice.roll(len(w.consumers))] })
	for range steps {
		w.step()
		if err := w.check(); err != nil {
			return err
		}
	}
	return w.finish()
}

func (w *world) step() {
	switch n := w.dice.roll(40); {
	case n == 0:
		w.rebalance(func(Source) *consumer { return w.consumers[w.dice.roll(len(w.consumers))] })
	case n == 1:
		i := w.dice.roll(len(w.consumers))
		w.consumers[i].session++ // what it has sent is under way
		w.consumers[i] = w.consumer()
		w.happened["kill"]++
	case n < 8 && len(w.commits) > 0:
		w.deliver(w.dice.roll(len(w.commits)))
	case n < 14 && len(w.puts) > 0:
		w.arrive(w.dice.roll(len(w.puts)))
	default:
		w.consumers[w.dice.roll(len(w.consumers))].step()
	}
}

// finish has one consumer do all that is left, while nothing more fails but what
// is under way arrives late.
func (w *world) finish() error {
	w.dice = seed(0) // whatever was drawn, everything gets its turn
	c := w.consumer()
	w.consumers = append(w.consumers, c)
	w.rebalance(func(Source) *consumer { return c })
	late := w.puts
	w.puts = nil
	for range 2000 {
		c.unanswered = false
		if c.lane != nil && c.session > 0 && !c.busy() {
			break
		}
		c.step()
		for i, f := range w.commits {
			if f.by == c {
				w.deliver(i)
				break
			}
		}
		for len(w.puts) > 0 {
			w.arrive(0)
		}
		if c.unanswered { // it joins anew
			w.rebalance(func(Source) *consumer { return c })
		}
	}
	w.puts = late
	for len(w.puts) > 0 {
		w.arrive(0)
	}
	for _, s := range w.sources {
		if w.low[s] != w.end {
			return fmt.Errorf("%w: it stops at %s@%d", errWrong, s, w.low[s])
		}
	}
	return w.check()
}
