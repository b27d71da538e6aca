//go:build suite

package plugin_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/redpanda-data/benthos/v4/public/service/integration"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// The configuration of the suite. Its payloads are text, which not every format
// can hold, so each is the only field of a record.
const suiteConfig = `
output:
  processors:
    - mapping: 'root = {"v": content().string()}'
  s3_destination:
    bucket: $BUCKET
    region: us-east-1
    endpoint: $ENDPOINT
    force_path_style_urls: true
    auth: {mode: access_key, access_key_id: $KEY_ID, secret_access_key: $SECRET}
    folder: $ID
    file_name: 'f-{{chunk_id}}'
    file_format: $FORMAT
    max_in_flight: $MAX_IN_FLIGHT
    idle_timeout: 50ms
    batching: {count: $OUTPUT_BATCH_COUNT}

input:
  landed:
    folder: $ID
    batch_count: $INPUT_BATCH_COUNT
`

// suite are the tests of Benthos' own integration suite that apply to an output
// for objects. These do not:
//   - StreamTestMetadata, StreamTestMetadataFilter: an object holds payloads, and
//     no metadata of records beside the coordinates of Kafka.
//   - StreamTestCheckpointCapture: about inputs that commit offsets.
//   - StreamTestOutputOnlyOverride: nothing that is stored is ever overwritten.
func suite(l *landed) integration.StreamTestList {
	return integration.StreamTests(
		integration.StreamTestOpenClose(),
		integration.StreamTestOpenCloseIsolated(),
		integration.StreamTestSendBatch(10),
		integration.StreamTestSendBatch(1000),
		integration.StreamTestSendBatches(10, 50, 10),
		integration.StreamTestSendBatchCount(10),
		integration.StreamTestSendBatchCountIsolated(10),
		integration.StreamTestReceiveBatchCount(10),
		integration.StreamTestStreamSequential(50),
		integration.StreamTestStreamIsolated(50),
		integration.StreamTestStreamParallel(100),
		integration.StreamTestStreamSaturatedUnacked(20),
		integration.StreamTestAtLeastOnceDelivery(),
		integration.StreamTestStreamParallelLossy(100),
		integration.StreamTestStreamParallelLossyThroughReconnect(100),
		integration.StreamTestOutputOnlySendSequential(20, l.get),
		integration.StreamTestOutputOnlySendBatch(20, l.get),
	)
}

// TestBenthosSuite runs the suite for each format against the server in this
// process, and for one of them with many calls in flight.
func TestBenthosSuite(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	l := &landed{server: s, acked: map[string]bool{}}
	require.NoError(t, registerLanded(l))
	for _, format := range []string{"csv", "json", "json+gzip", "parquet", "avro"} {
		for _, calls := range []int{1, 64} {
			if calls > 1 && format != "json" {
				continue
			}
			t.Run(fmt.Sprintf("%s %d in flight", format, calls), func(t *testing.T) {
				t.Parallel()
				suite(l).Run(t, suiteConfig,
					integration.StreamTestOptMaxInFlight(calls),
					integration.StreamTestOptVarSet("BUCKET", s.Bucket), integration.StreamTestOptVarSet("ENDPOINT", s.URL),
					integration.StreamTestOptVarSet("KEY_ID", s.AccessKey), integration.StreamTestOptVarSet("SECRET", strconv.Quote(s.SecretKey)),
					integration.StreamTestOptVarSet("FORMAT", format),
				)
			})
		}
	}
}

// landed is an input for the suite: it reads back what has landed below a
// folder, and delivers again what was not acknowledged before it was closed.
type landed struct {
	server *s3test.Server

	mu    sync.Mutex
	acked map[string]bool // by key and row
}

func registerLanded(l *landed) error {
	spec := service.NewConfigSpec().Field(service.NewStringField("folder")).Field(service.NewIntField("batch_count"))
	return service.RegisterBatchInput("landed", spec, func(conf *service.ParsedConfig, _ *service.Resources) (service.BatchInput, error) {
		folder, err := conf.FieldString("folder")
		if err != nil {
			return nil, err
		}
		count, err := conf.FieldInt("batch_count")
		r := &landedReader{l: l, folder: folder + "/", count: max(count, 1), known: map[string]bool{}}
		return service.AutoRetryNacksBatched(r), err
	})
}

// row is a payload that has landed.
type row struct{ id, payload string }

// rows are the payloads of an object.
func (l *landed) rows(key string) ([]row, error) {
	o, ok := l.server.Object(key)
	if !ok {
		return nil, fmt.Errorf("the object %s is gone", key)
	}
	payloads, err := valuesOf(key, o.Body, "v")
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	rows := make([]row, len(payloads))
	for i, payload := range payloads {
		rows[i] = row{fmt.Sprintf("%s#%d", key, i), payload}
	}
	return rows, nil
}

// get finds a payload by the id in it, for tests without an input.
func (l *landed) get(_ context.Context, testID, messageID string) (string, []string, error) {
	for _, key := range l.server.Keys(testID + "/f-") {
		rows, err := l.rows(key)
		if err != nil {
			return "", nil, err
		}
		for _, r := range rows {
			if r.payload == fmt.Sprintf(`{"content":"hello world","id":%s}`, messageID) {
				return r.payload, nil, nil
			}
		}
	}
	return "", nil, fmt.Errorf("the record %s has not landed", messageID)
}

// landedReader is one life of the input.
type landedReader struct {
	l       *landed
	folder  string
	count   int             // of messages in a batch
	known   map[string]bool // objects
	pending []row
}

func (r *landedReader) Connect(context.Context) error { return nil }
func (r *landedReader) Close(context.Context) error   { return nil }

// ReadBatch waits until a batch has landed.
func (r *landedReader) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	for len(r.pending) < r.count {
		found, err := r.fetch()
		if err != nil {
			return nil, nil, err
		}
		if found {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	rows := r.pending[:r.count:r.count]
	r.pending = r.pending[r.count:]
	return r.deliver(rows)
}

// fetch reads the objects that are new, in the order of their keys.
func (r *landedReader) fetch() (found bool, err error) {
	keys := r.l.server.Keys(r.folder + "f-")
	slices.Sort(keys)
	for _, key := range keys {
		if r.known[key] {
			continue
		}
		rows, err := r.l.rows(key)
		if err != nil {
			return false, err
		}
		r.known[key], found = true, true
		r.l.mu.Lock()
		rows = slices.DeleteFunc(rows, func(row row) bool { return r.l.acked[row.id] })
		r.l.mu.Unlock()
		r.pending = append(r.pending, rows...)
	}
	return found, nil
}

func (r *landedReader) deliver(rows []row) (service.MessageBatch, service.AckFunc, error) {
	var batch service.MessageBatch
	for _, row := range rows {
		batch = append(batch, service.NewMessage([]byte(row.payload)))
	}
	return batch, func(_ context.Context, err error) error {
		r.l.mu.Lock()
		defer r.l.mu.Unlock()
		for _, row := range rows {
			r.l.acked[row.id] = r.l.acked[row.id] || err == nil
		}
		return nil
	}, nil
}
