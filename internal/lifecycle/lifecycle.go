// Package lifecycle knows the outputs of this process. Benthos does not tell an
// output that its input is closing, or that the process is about to end; whoever
// ends it says so here.
package lifecycle

import (
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/unstored"
)

// Output is an output of this process.
type Output interface {
	// Drain writes what waits, and whatever still arrives. It returns at once.
	Drain()
	// Flush writes what waits now, once. It may have to wait for Connect.
	Flush()
	// Unstored tells what is not stored, as things are now.
	Unstored() unstored.Report
	// Memory is the memory limit with what waits beside it, in bytes.
	Memory() int64
}

// member is what is known of an output.
type member struct {
	stream string // of streams mode
	takes  bool   // it takes records
}

// live are the outputs that have not ended.
var live = struct {
	sync.Mutex
	outputs  map[Output]member
	ended    map[string]chan struct{} // the streams without an input, closed when that changes
	draining bool
	memory   func(total int64)
	// atEnd: the process says itself at its end what is not stored. Of the
	// outputs that have ended, told is what they have said, untold what is left
	// to be said then.
	atEnd        bool
	told, untold unstored.Report
}{outputs: map[Output]member{}, ended: map[string]chan struct{}{}}

// Attach adds an output that tries to reach its destination, with the name of its
// stream in streams mode.
func Attach(o Output, stream string) {
	live.Lock()
	if _, known := live.outputs[o]; !known {
		live.outputs[o] = member{stream: stream}
	}
	draining := live.draining
	live.Unlock()
	if draining {
		o.Drain()
	}
}

// Takes notes that an output takes records from now on.
func Takes(o Output) {
	live.Lock()
	defer live.Unlock()
	m := live.outputs[o]
	m.takes = true
	live.outputs[o] = m
	reportMemory()
}

// Detach removes an output that has ended, and says what it has not stored,
// unless the process does so when all have ended.
func Detach(o Output, left unstored.Report, log *service.Logger) {
	live.Lock()
	defer live.Unlock()
	stream := live.outputs[o].stream
	delete(live.outputs, o)
	if len(ofStream(stream)) == 0 {
		flushNoMore(stream)
	}
	reportMemory()
	switch {
	case !left.Any():
	case live.atEnd && live.draining:
		live.untold = live.untold.Plus(left)
	default:
		live.told = live.told.Plus(left)
		left.Log(log)
	}
}

// SumUpAtEnd keeps outputs that end after [Drain] from saying what they have
// not stored: the process asks for it with [AtEnd], and says it in one line.
func SumUpAtEnd() {
	live.Lock()
	defer live.Unlock()
	live.atEnd = true
}

// AtEnd tells what the outputs of this process have not stored, those that have
// ended and those that did not come to an end. Only untold has not been logged
// yet. What ended before [Drain] was called counts only if it never was.
func AtEnd() (all, untold unstored.Report) {
	live.Lock()
	defer live.Unlock()
	untold = live.untold
	for o := range live.outputs {
		untold = untold.Plus(o.Unstored())
	}
	return live.told.Plus(untold), untold
}

// Drain makes every output of this process write what it holds, and whatever
// it is still given, without waiting for more. It returns at once. There is no
// way back: call it when the process is about to end.
func Drain() {
	live.Lock()
	if !live.draining {
		live.told = unstored.Report{} // the process went on after it
	}
	live.draining = true
	outputs := make([]Output, 0, len(live.outputs))
	for o := range live.outputs {
		outputs = append(outputs, o)
	}
	live.Unlock()
	for _, o := range outputs {
		o.Drain()
	}
}

// onTheWay is how often the outputs of a stream without an input write what they
// hold: what the input has handed over may still be between it and them.
const onTheWay = 100 * time.Millisecond

// EndOfInput makes the outputs of a stream write what they hold, and what still
// arrives, because its input has stopped, as when the stream is deleted in streams
// mode. It returns at once.
func EndOfInput(stream string) {
	live.Lock()
	defer live.Unlock()
	flushNoMore(stream)
	ended := make(chan struct{})
	live.ended[stream] = ended
	for _, o := range ofStream(stream) {
		go flushUntil(ended, o)
	}
}

// Input makes the outputs of a stream collect records again: it has an input.
func Input(stream string) {
	live.Lock()
	defer live.Unlock()
	flushNoMore(stream)
}

// flushNoMore ends what EndOfInput began. The caller holds the lock.
func flushNoMore(stream string) {
	if ended, ok := live.ended[stream]; ok {
		close(ended)
		delete(live.ended, stream)
	}
}

// flushUntil writes what an output holds, again and again.
func flushUntil(end <-chan struct{}, o Output) {
	again := time.NewTicker(onTheWay)
	defer again.Stop()
	for {
		o.Flush()
		select {
		case <-again.C:
		case <-end:
			return
		}
	}
}

// ofStream are the outputs of a stream. The caller holds the lock.
func ofStream(stream string) []Output {
	var found []Output
	for o, m := range live.outputs {
		if m.stream == stream {
			found = append(found, o)
		}
	}
	return found
}

// OnMemoryLimit sets who is told the sum of the memory limits, in bytes, of
// the outputs that take records, with what waits beside them, whenever it
// changes.
func OnMemoryLimit(f func(total int64)) {
	live.Lock()
	defer live.Unlock()
	live.memory = f
}

func reportMemory() {
	if live.memory == nil {
		return
	}
	total := int64(0)
	for o, m := range live.outputs {
		if m.takes {
			total += o.Memory()
		}
	}
	live.memory(total)
}

// MemoryChanged is called when what waits beside an output's memory limit has
// changed by much. Benthos hands batches over before they are admitted: a
// garbage collector that tried to undo that would run without pause.
func MemoryChanged() {
	live.Lock()
	defer live.Unlock()
	reportMemory()
}
