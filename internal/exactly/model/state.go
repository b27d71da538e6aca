package model

import (
	"errors"
	"slices"
)

// The largest instance. States are values of constant size, cheap to copy.
const (
	partitions  = 2
	mostRecords = 3 // of a partition
	mostWorkers = 3
	mostEpochs  = 4
	mostEntries = 2 // objects that an epoch seals early
)

// Instance is what is explored.
type Instance struct {
	Workers    int // consumers, up to 3
	Records    int // of each of the two Kafka partitions, up to 3
	Epochs     int // that may be begun in all, up to 4
	Crashes    int
	Rebalances int
	Mixed      bool // an object may have records of both Kafka partitions
	Early      bool // objects are sealed before their epoch is cut
	// Impure: to which output partition the first record belongs depends on the
	// process. Then records may be stored twice, but are never lost.
	Impure bool
}

// Validate refuses an instance that is larger than states can be.
func (in Instance) Validate() error {
	if in.Workers < 1 || in.Workers > mostWorkers || in.Records < 1 || in.Records > mostRecords ||
		in.Epochs < 0 || in.Epochs > mostEpochs || in.Crashes < 0 || in.Rebalances < 0 {
		return errors.New("give 1 to 3 consumers, up to 3 records and up to 4 epochs")
	}
	return nil
}

// vec has an offset for each Kafka partition; -1 for those that do not take part.
type vec [partitions]int8

// set is a set of records.
type set uint8

func one(p, offset int) set { return 1 << (p*mostRecords + offset) }

// entry is an object of output partition x that is sealed before its epoch is
// cut: the records below cut that no earlier entry of x holds.
type entry struct {
	x   int8
	cut vec
}

// epoch is an intent: what is to be stored under keys made from its id.
type epoch struct {
	id, by     int8 // by: the routing of the process that began it
	start, end vec  // end is valid once closed
	closed     bool
	holes      set // records in between that frozen epochs hold
	n          int8
	entries    [mostEntries]entry
	// What a consumer knows of its own epochs: whether all of it is committed,
	// and how many entries are.
	acked   bool
	durable int8
}

func (e *epoch) early() []entry { return e.entries[:e.n] }

func (e *epoch) add(n entry) {
	e.entries[e.n] = n
	e.n++
}

// lane is the set of Kafka partitions that take part.
func (e *epoch) lane() (l uint8) {
	for p := range e.start {
		if e.start[p] >= 0 {
			l |= 1 << p
		}
	}
	return l
}

// list is what is committed of a Kafka partition: its offset and its epochs.
type list struct {
	low, n int8
	epochs [mostEpochs]epoch
}

func (l *list) all() []epoch { return l.epochs[:l.n] }

func (l *list) add(e epoch) {
	l.epochs[l.n] = e
	l.n++
}

// drop forgets epochs, and leaves nothing behind that would tell states apart.
func (l *list) drop(from, to int) {
	n := copy(l.epochs[from:], l.epochs[to:l.n]) + from
	clear(l.epochs[n:l.n])
	l.n = int8(n)
}

func (l *list) find(id int8) *epoch {
	for i := range l.all() {
		if l.epochs[i].id == id {
			return &l.epochs[i]
		}
	}
	return nil
}

type lists [partitions]list

// worker is a consumer.
type worker struct {
	member  bool
	session int // what was sent in an earlier one is not waited for
	gen     int8
	owned   uint8
	view    lists // of owned partitions
	open    int8  // id of the epoch that grows; -1 for none
	waiting bool  // for the answer to a commit
	routing int8
}

// commit is one that is under way.
type commit struct {
	worker, session int
	gen             int8
	parts           uint8
	lists           lists
}

type key struct{ id, x, j int8 }

type object struct {
	key     key
	records set
}

// state is one state of everything. Its slices are shared between states and
// never written to.
type state struct {
	gen, epochs, crashes int8
	lists                lists // what the broker holds
	workers              [mostWorkers]worker
	commits              []commit
	puts, stored         []object
}

func initial() state {
	var s state
	for w := range s.workers {
		s.workers[w] = worker{open: -1, routing: int8(w) & 1}
	}
	return s
}

// restart makes a consumer that knows nothing and is no member.
func (w *worker) restart() {
	*w = worker{session: w.session + 1, open: -1, routing: 1 - w.routing}
}

func without[T any](l []T, i int) []T { return slices.Concat(l[:i], l[i+1:]) }

func with[T any](l []T, v T) []T { return append(slices.Clip(l), v) }

// at returns the place of a key; -1 when it is free.
func at(l []object, k key) int {
	return slices.IndexFunc(l, func(o object) bool { return o.key == k })
}
