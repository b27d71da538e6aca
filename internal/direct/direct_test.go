package direct

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/parcel"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/resend"
	"github.com/s3-destination/s3-destination/internal/summary"
	"github.com/s3-destination/s3-destination/internal/telemetry"
	"github.com/s3-destination/s3-destination/internal/testutil/parceltest"
	"github.com/s3-destination/s3-destination/internal/unstored"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bucket keeps what lands. Records that are bad cannot be encoded.
type bucket struct {
	mu     sync.Mutex
	stored []string
}

type form struct{ text []string }

func (form) Release() {}

func (b *bucket) Encode(_ context.Context, _ chunk.Kind, records []record.Record, _ int64) (chunk.Encoded, encode.Result, error) {
	var f form
	res := encode.Result{Taken: len(records)}
	for i, r := range records {
		if strings.Contains(string(r.Raw), "bad") {
			res.Refused = append(res.Refused, encode.Refusal{Index: i, Err: errors.New("bad")})
			continue
		}
		f.text = append(f.text, string(r.Raw))
		res.Rows++
		res.Bytes++
	}
	return f, res, nil
}

func (b *bucket) Land(_ context.Context, o chunk.Object) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stored = append(b.stored, o.Encoded.(form).text...)
	return o.Path, nil
}

func newWay(t *testing.T, b *bucket) (w *Way, sinks *[]inflight.Sink) {
	t.Helper()
	return newWayOf(t, b, `${! json("p") }`)
}

// newWayOf is a way whose folders are named by an expression.
func newWayOf(t *testing.T, b *bucket, folder string) (w *Way, sinks *[]inflight.Sink) {
	t.Helper()
	conf, err := config.ParseYAML("bucket: b\nregion: r\nfile_format: json\nfolder: '{{p}}'\nvariables: {p: '" + folder + "'}\n" +
		"idle_timeout: 0s\nmax_age: 1h\nmax_in_flight: 2\nmemory_limit: 64MiB\nconditional_writes: off\n")
	require.NoError(t, err)
	assigner, err := partition.New(conf.Partition)
	require.NoError(t, err)
	res := service.MockResources()
	observer := telemetry.NewObserver(telemetry.New(res.Metrics(), res.Logger(), conf), summary.Begin(time.Now()))
	conf.Chunks.Observer = observer
	account := unstored.NewAccount(nil, observer.Aged)
	t.Cleanup(account.Close)
	sinks = &[]inflight.Sink{}
	w = New(Parts{
		Conf: conf, Observer: observer, Assigner: assigner, Pipe: b, Account: account, Resends: resend.NewMemory(nil),
		Taking: func(s inflight.Sink) { *sinks = append(*sinks, s) },
	})
	return w, sinks
}

func write(t *testing.T, w *Way, b service.MessageBatch) error {
	t.Helper()
	held := inflight.LeasesOf(len(b), func(i int) context.Context { return b[i].Context() })
	opened, err := parcel.Open(b)
	require.NoError(t, err)
	return w.Write(t.Context(), opened, &held)
}

// A call returns when its records are stored, or with those that are not.
func TestACallReturnsWhenItsRecordsAreStored(t *testing.T) {
	b := &bucket{}
	w, sinks := newWay(t, b)
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), service.ErrNotConnected)
	require.False(t, w.Reached())
	require.NoError(t, w.Connect(t.Context()))
	require.NoError(t, w.Connect(t.Context()))
	require.True(t, w.Reached())
	require.Len(t, *sinks, 1, "records are taken from the first time on")
	assert.Equal(t, 2, (*sinks)[0].Slots())
	assert.Equal(t, int64(56<<20), (*sinks)[0].MemoryLimit(), "what records may take")

	w.Drain() // what arrives is written almost at once
	require.NoError(t, write(t, w, parceltest.Batch(`{"p":"a","n":1}`, `{"p":"b","n":2}`)))
	assert.ElementsMatch(t, []string{`{"p":"a","n":1}`, `{"p":"b","n":2}`}, b.stored)
	all := parceltest.Batch(`{"p":"a","n":3}`, `{"p":"a","bad":4}`)
	err := write(t, w, all)
	var failed *service.BatchError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 1, failed.IndexedErrors())
	assert.Contains(t, b.stored, `{"p":"a","n":3}`)

	require.NoError(t, w.Close(t.Context()))
	require.ErrorIs(t, write(t, w, parceltest.Batch(`{"p":"a"}`)), chunk.ErrClosed)
	require.ErrorIs(t, w.Connect(t.Context()), service.ErrEndOfInput)
}
