package feed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// InputName is what the input is called in a configuration.
const InputName = "bench_input"

// counters is what the input saw. There is one input in a process.
var counters struct {
	sent, acked, nacked atomic.Int64
}

func spec() *service.ConfigSpec {
	return service.NewConfigSpec().
		Summary("Serves the lines of a file in batches, as often as told.").
		Fields(
			service.NewStringField("path"),
			service.NewIntField("records").Description("How many records to serve; the file is repeated as needed."),
			service.NewIntField("batch").Default(1000),
			service.NewBoolField("copy").Default(false).
				Description("Give every batch memory of its own, as a Kafka client does with a fetched record batch. Otherwise messages are slices of the file mapped into memory, so that serving them costs next to nothing."),
		)
}

// input implements service.BatchInput.
type input struct {
	data  []byte
	ends  []int // offset behind the line end of each record
	left  int
	next  int
	batch int
	copy  bool
}

func construct(conf *service.ParsedConfig, _ *service.Resources) (service.BatchInput, error) {
	path, err := conf.FieldString("path")
	if err != nil {
		return nil, err
	}
	records, err := conf.FieldInt("records")
	if err != nil {
		return nil, err
	}
	batch, err := conf.FieldInt("batch")
	if err != nil {
		return nil, err
	}
	own, err := conf.FieldBool("copy")
	if err != nil {
		return nil, err
	}
	data, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("reading the data: %w", err)
	}
	ends := index(data)
	if len(ends) == 0 {
		return nil, fmt.Errorf("reading the data: %s has no line", path)
	}
	return &input{data: data, ends: ends, left: records, batch: batch, copy: own}, nil
}

// load maps a file into memory, read-only and outside of the heap, so that it
// has no part in how often garbage is collected.
func load(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
}

// index finds the line ends once, so that serving needs no search.
func index(data []byte) []int {
	var ends []int
	for i := 0; ; {
		k := bytes.IndexByte(data[i:], '\n')
		if k < 0 {
			return ends
		}
		i += k + 1
		ends = append(ends, i)
	}
}

func (*input) Connect(context.Context) error { return nil }

// ReadBatch implements service.BatchInput.
func (in *input) ReadBatch(context.Context) (service.MessageBatch, service.AckFunc, error) {
	if in.left == 0 {
		finished()
		return nil, nil, service.ErrEndOfInput
	}
	started()
	n := min(in.batch, in.left, len(in.ends)-in.next)
	start := 0
	if in.next > 0 {
		start = in.ends[in.next-1]
	}
	data := in.data[start:in.ends[in.next+n-1]]
	if in.copy {
		data = bytes.Clone(data)
	}
	batch, from := make(service.MessageBatch, n), 0
	for i := range batch {
		to := in.ends[in.next+i] - start
		batch[i] = service.NewMessage(data[from : to-1 : to-1])
		from = to
	}
	in.left -= n
	in.next = (in.next + n) % len(in.ends)
	counters.sent.Add(int64(n))
	return batch, func(_ context.Context, err error) error {
		if err != nil {
			counters.nacked.Add(int64(n))
			fmt.Fprintln(os.Stderr, "refused:", err)
			return nil
		}
		counters.acked.Add(int64(n))
		return nil
	}, nil
}

// Close leaves the data where it is: messages may still be under way.
func (*input) Close(context.Context) error { return nil }
