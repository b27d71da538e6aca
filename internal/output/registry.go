package output

import (
	"context"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// live are the outputs of this process that take records, so that a shutdown
// can reach them: Benthos does not tell an output that its input is closing.
var live = struct {
	sync.Mutex
	outputs  map[*Output]struct{}
	draining bool
	memory   func(total int64)
}{outputs: map[*Output]struct{}{}}

func register(o *Output) {
	live.Lock()
	defer live.Unlock()
	live.outputs[o] = struct{}{}
	reportMemory()
	if live.draining {
		o.chunks.Drain()
	}
}

func unregister(o *Output) {
	live.Lock()
	defer live.Unlock()
	delete(live.outputs, o)
	reportMemory()
}

// Drain makes every output of this process write what it holds, and whatever
// it is still given, without waiting for more. It returns at once. There is no
// way back: call it when the process is about to end.
func Drain() {
	live.Lock()
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
	for o := range live.outputs {
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
