package output

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// loan is an input that hands out batches with leases, and keeps what is said
// about them.
type loan struct {
	batches chan service.MessageBatch

	mu       sync.Mutex
	outcomes []error
}

func (l *loan) Connect(context.Context) error { return nil }
func (l *loan) Close(context.Context) error   { return nil }

func (l *loan) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	select {
	case b := <-l.batches:
		return b, func(_ context.Context, err error) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.outcomes = append(l.outcomes, err)
			return nil
		}, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (l *loan) heard() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]error(nil), l.outcomes...)
}

// lend makes a rig with such an input.
func lend(t *testing.T) (*rig, *loan) {
	t.Helper()
	r, in := newRig(t), &loan{batches: make(chan service.MessageBatch)}
	require.NoError(t, r.env.RegisterBatchInput("loan", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) { return in, nil }))
	return r, in
}

// message is one with a lease.
func message(lease context.Context, text string) *service.Message {
	return service.NewMessageWithContext(inflight.WithLease(context.Background(), lease), []byte(text))
}

func stored(r *rig) []string {
	var all []string
	for _, o := range r.s3.Objects("") {
		all = append(all, string(o.Body))
	}
	return all
}

const onePartition = "folder: f\nfile_name: '{{uuid}}'\nfile_format: json\nidle_timeout: 0s\n"

func TestRecordsOfALeaseThatEndsAreNeverStored(t *testing.T) {
	r, in := lend(t)
	r.start(t, "loan: {}", onePartition+"max_age: 2s")
	ours, end := context.WithCancel(t.Context())
	defer end()
	in.batches <- service.MessageBatch{message(ours, `{"n":1}`)}
	in.batches <- service.MessageBatch{service.NewMessage([]byte(`{"n":2}`))}
	r.eventually(t, "both wait", func() bool { return r.metrics.get("waiting_batches") == 2 })
	end()
	r.eventually(t, "one is back", func() bool { return len(in.heard()) == 1 })
	r.eventually(t, "the other is stored", func() bool { return len(in.heard()) == 2 })
	assert.Equal(t, []error{nil, nil}, in.heard(), "who has ended a lease needs no error")
	assert.Equal(t, []string{"{\"n\":2}\n"}, stored(r))

	in.batches <- service.MessageBatch{message(ours, `{"n":3}`)}
	in.batches <- service.MessageBatch{message(ours, `{"n":4}`), service.NewMessage([]byte(`{"n":5}`))}
	r.eventually(t, "the rest is stored", func() bool { return len(in.heard()) == 4 })
	assert.ElementsMatch(t, []string{"{\"n\":2}\n", "{\"n\":5}\n"}, stored(r))
}

func TestABatchOfSeveralLeasesFailsWithAnyOfThem(t *testing.T) {
	r, in := lend(t)
	r.start(t, "loan: {}", onePartition+"max_age: 1h")
	ends, stays := ended(t), context.WithoutCancel(t.Context())
	lease, end := context.WithCancel(t.Context())
	in.batches <- service.MessageBatch{message(ends, `{"n":1}`), message(lease, `{"n":2}`), message(stays, `{"n":3}`)}
	r.eventually(t, "it waits", func() bool { return r.metrics.get("waiting_batches") == 1 })
	end()
	r.eventually(t, "it is back", func() bool { return len(in.heard()) == 1 })
	require.Error(t, in.heard()[0], "one of its records is still to be stored")
	assert.Empty(t, stored(r))
}

func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// During an outage the records of a lease that has ended wait in one object with
// others: when the store is back these are stored alone.
func TestAnOutageStoresNothingOfALeaseThatEndedMeanwhile(t *testing.T) {
	r, in := lend(t)
	r.start(t, "loan: {}", onePartition+"max_age: 200ms\nhealth_check: {enabled: false}")
	fault := r.s3.Faults.Add(s3test.Rule{Op: "PutObject", Do: s3test.Fail(503, "ServiceUnavailable", "down")})
	ours, end := context.WithCancel(t.Context())
	defer end()
	in.batches <- service.MessageBatch{message(ours, `{"n":1}`)}
	in.batches <- service.MessageBatch{service.NewMessage([]byte(`{"n":2}`))}
	r.eventually(t, "an upload is tried", func() bool { return fault.Hits() > 0 })
	end()
	r.eventually(t, "its records are back", func() bool { return len(in.heard()) == 1 })
	fault.Remove()
	r.eventually(t, "the others are stored", func() bool { return len(in.heard()) == 2 })
	assert.Equal(t, []string{"{\"n\":2}\n"}, stored(r))
	assert.Equal(t, []error{nil, nil}, in.heard())
}

func TestTheInputKnowsTheOutput(t *testing.T) {
	r, in := lend(t)
	r.start(t, "loan: {}", onePartition+"max_age: 1h\nmemory_limit: 64MiB")
	in.batches <- service.MessageBatch{service.NewMessage([]byte(`{"n":1}`))}
	r.eventually(t, "it waits", func() bool { return r.metrics.get("waiting_batches") == 1 })
	assert.Equal(t, int64(56<<20), inflight.Share(""), "what records may take")
	inflight.Flush("")
	r.eventually(t, "it is stored", func() bool { return len(in.heard()) == 1 })
	in.batches <- service.MessageBatch{service.NewMessage([]byte(`{"n":2}`))}
	require.Eventually(t, func() bool { // it may not have arrived at the first time
		inflight.Relieve("")
		return len(in.heard()) == 2
	}, 3*time.Minute, 100*time.Millisecond)
	assert.Equal(t, []error{nil, nil}, in.heard())
}
