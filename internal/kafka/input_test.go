package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
)

// topic makes a topic with n records in each partition, whose values are
// partition and number.
func topic(t *testing.T, c *kafkatest.Cluster, name string, partitions, n int) {
	t.Helper()
	require.NoError(t, c.CreateTopic(t.Context(), name, partitions))
	produce(t, c, name, partitions, 0, n)
}

func produce(t *testing.T, c *kafkatest.Cluster, name string, partitions, from, to int) {
	t.Helper()
	var records []*kgo.Record
	for p := range partitions {
		for i := from; i < to; i++ {
			records = append(records, &kgo.Record{Topic: name, Partition: int32(p), Key: []byte("k"), Value: fmt.Appendf(nil, "%d/%d", p, i)})
		}
	}
	require.NoError(t, c.Produce(t.Context(), records...))
}

// input makes an input of a topic in the group g; more is added to its
// configuration.
func input(t *testing.T, c *kafkatest.Cluster, topic, more string) *Input {
	t.Helper()
	return logging(t, c, topic, more, io.Discard)
}

// logging is an input that logs there.
func logging(t *testing.T, c *kafkatest.Cluster, topic, more string, to io.Writer) *Input {
	t.Helper()
	conf, err := ParseConfig(parse(t, fmt.Sprintf(`
seed_brokers: [%q]
topics: [%s]
consumer_group: g
heartbeat_interval: 100ms
session_timeout: 2s
rebalance_timeout: 4s
metadata_max_age: 1s
%s`, c.Seeds[0], topic, more)))
	require.NoError(t, err)
	log := service.NewLoggerFromSlog(slog.New(slog.NewTextHandler(to, nil)))
	in := New(conf, service.MockResources(service.MockResourcesOptUseLogger(log)))
	t.Cleanup(func() { _ = in.Close(context.WithoutCancel(t.Context())) })
	return in
}

func parse(t *testing.T, yaml string) *service.ParsedConfig {
	t.Helper()
	parsed, err := Spec().ParseYAML(yaml, service.NewEnvironment())
	require.NoError(t, err)
	return parsed
}

// read is one batch and its acknowledgement.
type read struct {
	values []string
	batch  service.MessageBatch
	ack    service.AckFunc
}

func next(ctx context.Context, t *testing.T, in *Input) read {
	t.Helper()
	for {
		batch, ack, err := in.ReadBatch(ctx)
		if errors.Is(err, service.ErrNotConnected) {
			require.NoError(t, in.Connect(ctx))
			continue
		}
		require.NoError(t, err)
		r := read{batch: batch, ack: ack}
		for _, m := range batch {
			b, err := m.AsBytes()
			require.NoError(t, err)
			r.values = append(r.values, string(b))
		}
		return r
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestEverythingIsReadOnceAndCommittedWhenStored(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 3, 100)
	in := input(t, c, "orders", "")
	seen := map[string]int{}
	ctx := within(t, 20*time.Second)
	var reads []read
	for len(seen) < 300 {
		r := next(ctx, t, in)
		first, _ := r.batch[0].MetaGetMut("kafka_partition")
		for i, m := range r.batch {
			partition, _ := m.MetaGetMut("kafka_partition")
			require.Equal(t, first, partition, "a batch is of one partition")
			require.Equal(t, fmt.Sprintf("%v/%v", partition, metaInt(t, m, "kafka_offset")), r.values[i])
			seen[r.values[i]]++
		}
		reads = append(reads, r)
	}
	for v, n := range seen {
		require.Equal(t, 1, n, v)
	}
	committed, err := c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	for p, offset := range committed {
		require.LessOrEqual(t, offset, int64(0), "partition %d: nothing is acknowledged yet", p)
	}
	for _, r := range reads {
		require.NoError(t, r.ack(ctx, nil))
	}
	require.NoError(t, in.Close(ctx))
	committed, err = c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	require.Equal(t, map[int32]int64{0: 100, 1: 100, 2: 100}, committed)
}

func metaInt(t *testing.T, m *service.Message, name string) int64 {
	t.Helper()
	v, ok := m.MetaGetMut(name)
	require.True(t, ok, name)
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	require.NoError(t, err)
	return n
}

func TestOnlyWhatFailedComesAgainAndHoldsTheOffsetBack(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "")
	ctx := within(t, 20*time.Second)
	var got []string
	var last read
	for len(got) < 10 {
		last = next(ctx, t, in)
		got = append(got, last.values...)
		if len(got) < 10 {
			require.NoError(t, last.ack(ctx, nil))
		}
	}
	bad := service.NewBatchError(last.batch, errors.New("refused")).Failed(len(last.batch)-1, errors.New("refused"))
	require.NoError(t, last.ack(ctx, bad))
	again := next(ctx, t, in)
	require.Equal(t, []string{"0/9"}, again.values)
	committed, err := c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	require.Less(t, committed[0], int64(10))
	require.NoError(t, again.ack(ctx, nil))
	require.NoError(t, in.Close(ctx))
	committed, err = c.Committed(ctx, "g", "orders")
	require.NoError(t, err)
	require.Equal(t, int64(10), committed[0])
}

// sink is an output that is told what to do; either function may be nil.
type sink struct {
	flush, relieve func()
	slots          int
}

func (s *sink) Flush() {
	if s.flush != nil {
		s.flush()
	}
}

func (s *sink) Relieve() {
	if s.relieve != nil {
		s.relieve()
	}
}

func (s *sink) MemoryLimit() int64 { return 64 << 20 }
func (s *sink) Slots() int         { return cmp.Or(s.slots, 1000) }

// TestWhatFailsBehindAFilterComesAgain: Benthos gives what a mapping leaves of a
// batch the contexts of its first messages.
func TestWhatFailsBehindAFilterComesAgain(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 1, 10)
	in := input(t, c, "orders", "")
	ctx := within(t, 20*time.Second)
	r := next(ctx, t, in)
	require.Len(t, r.batch, 10)
	var left service.MessageBatch
	for i, m := range r.batch {
		if i != 3 {
			left = append(left, m.WithContext(r.batch[len(left)].Context()))
		}
	}
	const bad = 4 // the fifth that is left, which is the sixth record
	require.NoError(t, r.ack(ctx, service.NewBatchError(left, errors.New("bad")).Failed(bad, errors.New("bad"))))
	again := next(ctx, t, in)
	require.Equal(t, []string{r.values[3], r.values[5]}, again.values, "and the one that was dropped, of which nothing is known")
}

func TestACleanRebalanceStoresAndCommitsWhatIsUnderWay(t *testing.T) {
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			c := kafkatest.StartT(t)
			topic(t, c, "orders", 4, 50)
			a := input(t, c, "orders", "protocol: "+protocol)
			ctx := within(t, 30*time.Second)
			var reads []read
			stored := map[string]int{}
			for n := 0; n < 200; {
				r := next(ctx, t, a)
				reads = append(reads, r)
				n += len(r.values)
			}
			flushed := make(chan struct{}, 10)
			leave := inflight.Join("", &sink{flush: func() { flushed <- struct{}{} }})
			defer leave()
			b := input(t, c, "orders", "protocol: "+protocol)
			require.NoError(t, b.Connect(ctx))
			select {
			case <-flushed:
			case <-ctx.Done():
				t.Fatal("nobody was told to flush")
			}
			for _, r := range reads {
				require.NoError(t, inflight.LeaseOf(r.batch[0].Context()).Err(), "nothing is withdrawn yet")
				for _, v := range r.values {
					stored[v]++
				}
				require.NoError(t, r.ack(ctx, nil))
			}
			// The newcomer begins where the other has stopped.
			produce(t, c, "orders", 4, 50, 60)
			for _, v := range drain(ctx, t, 240-len(stored), a, b) {
				stored[v]++
			}
			require.Len(t, stored, 240)
			for v, n := range stored {
				require.Equal(t, 1, n, "%s is stored once", v)
			}
		})
	}
}

// drain reads and acknowledges n records from several inputs.
func drain(ctx context.Context, t *testing.T, n int, inputs ...*Input) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan string, n+1000)
	var wg sync.WaitGroup
	for _, in := range inputs {
		wg.Go(func() {
			for {
				batch, ack, err := in.ReadBatch(ctx)
				if err != nil {
					return
				}
				for _, m := range batch {
					v, _ := m.AsBytes()
					results <- string(v)
				}
				_ = ack(ctx, nil)
			}
		})
	}
	var all []string
	for len(all) < n {
		select {
		case v := <-results:
			all = append(all, v)
		case <-ctx.Done():
			t.Fatalf("%d of %d records", len(all), n)
		}
	}
	cancel()
	wg.Wait()
	return all
}

func TestWhatIsNotStoredInTimeIsWithdrawn(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 2, 10)
	a := input(t, c, "orders", "protocol: classic")
	ctx := within(t, 30*time.Second)
	var reads []read
	for n := 0; n < 20; {
		r := next(ctx, t, a)
		reads = append(reads, r)
		n += len(r.values)
	}
	b := input(t, c, "orders", "protocol: classic")
	r := next(ctx, t, b)
	moved, _ := r.batch[0].MetaGetMut("kafka_partition")
	for _, r := range reads {
		p, _ := r.batch[0].MetaGetMut("kafka_partition")
		lease := inflight.LeaseOf(r.batch[0].Context())
		if p == moved {
			require.Error(t, lease.Err(), "its records are read by somebody else")
		} else {
			require.NoError(t, lease.Err())
		}
		require.NoError(t, r.ack(ctx, context.Canceled))
	}
}

func TestASilentRejoinEndsTheSession(t *testing.T) {
	c := kafkatest.StartT(t)
	topic(t, c, "orders", 2, 10)
	in := input(t, c, "orders", "protocol: classic")
	ctx := within(t, 30*time.Second)
	first := next(ctx, t, in)
	lease := inflight.LeaseOf(first.batch[0].Context())
	// The next heartbeat asks for a rebalance, and the join that follows is
	// answered as if nobody knew this member.
	c.Fake.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = kerr.RebalanceInProgress.Code
		return resp, nil, true
	})
	c.Fake.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
		resp.ErrorCode = kerr.UnknownMemberID.Code
		return resp, nil, true
	})
	select {
	case <-lease.Done():
	case <-ctx.Done():
		t.Fatal("the records are still taken for ours")
	}
	require.ErrorIs(t, context.Cause(lease), errRevoked)
	seen := map[string]bool{}
	for len(seen) < 20 { // read again by the new member
		r := next(ctx, t, in)
		for _, v := range r.values {
			seen[v] = true
		}
		require.NoError(t, r.ack(ctx, nil))
	}
}

func TestMetadataIsThatOfTheKafkaInput(t *testing.T) {
	c := kafkatest.StartT(t)
	require.NoError(t, c.CreateTopic(t.Context(), "orders", 1))
	at := time.UnixMilli(1750000000123)
	require.NoError(t, c.Produce(t.Context(), &kgo.Record{
		Topic: "orders", Key: []byte{0xff, 0xfe, 0}, Timestamp: at,
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("one")}, {Key: "h", Value: []byte("two")}},
	}))
	in := input(t, c, "orders", "")
	r := next(within(t, 20*time.Second), t, in)
	want := map[string]any{
		"kafka_key": "\xff\xfe\x00", "kafka_topic": "orders", "kafka_partition": 0, "kafka_offset": 0,
		"kafka_lag": int64(0), "kafka_timestamp_ms": at.UnixMilli(), "kafka_timestamp_unix": at.Unix(),
		"kafka_tombstone_message": true, "h": "two",
	}
	got := map[string]any{}
	_ = r.batch[0].MetaWalkMut(func(k string, v any) error {
		got[k] = v
		return nil
	})
	require.Equal(t, want, got)
	require.NoError(t, r.ack(t.Context(), nil))
	place, ok := source.Noted(r.batch[0])
	require.True(t, ok)
	require.Equal(t, source.Coordinates{Topic: "orders"}, place)

	require.NoError(t, c.Produce(t.Context(), &kgo.Record{Topic: "orders", Value: []byte{}}))
	r = next(within(t, 20*time.Second), t, in)
	tombstone, _ := r.batch[0].MetaGetMut("kafka_tombstone_message")
	require.Equal(t, false, tombstone, "an empty value is one")
	require.NoError(t, r.ack(t.Context(), nil))
}
