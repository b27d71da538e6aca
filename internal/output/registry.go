package output

import (
	"context"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// live are the outputs of this process, so that a shutdown can reach them:
// Benthos does not tell an output that its input is closing.
var live = struct {
	sync.Mutex
	outputs  map[*Output]bool // whether they take records
	draining bool
	memory   func(total int64)
	// atEnd: the process says itself at its end what is not stored. Of the
	// outputs that have ended, told is what they have said, untold what is left
	// to be said then.
	atEnd        bool
	told, untold Unstored
}{outputs: map[*Output]bool{}}

// attach adds an output that tries to reach its destination.
func attach(o *Output) {
	o.tried.Store(true)
	live.Lock()
	if _, known := live.outputs[o]; !known {
		live.outputs[o] = false
	}
	draining := live.draining
	live.Unlock()
	if draining {
		o.Drain()
	}
}

// takes notes that an output takes records from now on.
func takes(o *Output) {
	live.Lock()
	defer live.Unlock()
	live.outputs[o] = true
	reportMemory()
}

// detach removes an output that has ended, and says what it has not stored,
// unless the process does so when all have ended.
func detach(o *Output, left Unstored) {
	live.Lock()
	defer live.Unlock()
	delete(live.outputs, o)
	reportMemory()
	switch {
	case !left.Any():
	case live.atEnd && live.draining:
		live.untold = live.untold.plus(left)
	default:
		live.told = live.told.plus(left)
		left.Log(o.log)
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
func AtEnd() (all, untold Unstored) {
	live.Lock()
	defer live.Unlock()
	untold = live.untold
	for o := range live.outputs {
		untold = untold.plus(o.unstored())
	}
	return live.told.plus(untold), untold
}

// Drain makes every output of this process write what it holds, and whatever
// it is still given, without waiting for more. It returns at once. There is no
// way back: call it when the process is about to end.
func Drain() {
	live.Lock()
	if !live.draining {
		live.told = Unstored{} // the process went on after it
	}
	live.draining = true
	outputs := make([]*Output, 0, len(live.outputs))
	for o := range live.outputs {
		outputs = append(outputs, o)
	}
	live.Unlock()
	for _, o := range outputs {
		o.Drain()
	}
}

// EndOfInput makes the outputs of a stream write what they hold, because its
// input has stopped, as when the stream is deleted in streams mode. Should
// another input follow, they go on as before. It returns at once.
func EndOfInput(stream string) {
	live.Lock()
	defer live.Unlock()
	for o := range live.outputs {
		if o.stream == stream {
			go o.flush() // it may have to wait for Connect
		}
	}
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
	for o, taking := range live.outputs {
		if !taking {
			continue
		}
		total += o.conf.chunks.MemoryLimit + o.metrics.beyond.Load()
	}
	live.memory(total)
}

// outgrown is called when what waits beside an output's memory limit has
// changed by much. Benthos hands batches over before they are admitted: a
// garbage collector that tried to undo that would run without pause.
func outgrown() {
	live.Lock()
	defer live.Unlock()
	reportMemory()
}

// Register adds the output to Benthos' global environment.
func Register() error {
	if err := registerLint(); err != nil {
		return err
	}
	return service.RegisterBatchOutput(Name, Spec(), construct)
}

func construct(parsed *service.ParsedConfig, res *service.Resources) (
	out service.BatchOutput, policy service.BatchPolicy, maxInFlight int, err error,
) {
	conf, _, err := ParseConfig(parsed)
	if err != nil {
		return nil, policy, 0, err
	}
	o, err := New(context.Background(), conf, res)
	if err != nil {
		return nil, policy, 0, err
	}
	return o, conf.batching, conf.maxInFlight, nil
}
