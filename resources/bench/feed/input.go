package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

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
		Summary("Serves the lines of a file in batches, as often as told. Every batch is read into memory of its own, as a Kafka client does with a fetched record batch.").
		Fields(
			service.NewStringField("path"),
			service.NewIntField("records").Description("How many records to serve; the file is repeated as needed."),
			service.NewIntField("batch").Default(1000),
		)
}

// input implements service.BatchInput.
type input struct {
	file  *os.File
	ends  []int64 // offset behind the line end of each record
	left  int
	next  int
	batch int
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
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the data: %w", err)
	}
	ends, err := index(file)
	if err != nil {
		return nil, fmt.Errorf("reading the data: %w", err)
	}
	return &input{file: file, ends: ends, left: records, batch: batch}, nil
}

// index finds the line ends once, so that serving needs no search.
func index(r io.Reader) ([]int64, error) {
	var ends []int64
	buf, offset := make([]byte, 1<<20), int64(0)
	for {
		n, err := r.Read(buf)
		for i := 0; i < n; {
			k := bytes.IndexByte(buf[i:n], '\n')
			if k < 0 {
				break
			}
			i += k + 1
			ends = append(ends, offset+int64(i))
		}
		offset += int64(n)
		switch {
		case errors.Is(err, io.EOF) && len(ends) == 0:
			return nil, errors.New("the file is empty")
		case errors.Is(err, io.EOF):
			return ends, nil
		case err != nil:
			return nil, err
		}
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
	start := int64(0)
	if in.next > 0 {
		start = in.ends[in.next-1]
	}
	data := make([]byte, in.ends[in.next+n-1]-start)
	if _, err := in.file.ReadAt(data, start); err != nil {
		return nil, nil, fmt.Errorf("reading the data: %w", err)
	}
	batch, from := make(service.MessageBatch, n), int64(0)
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

func (in *input) Close(context.Context) error { return in.file.Close() }
