package rpc_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/s3-destination/s3-destination/internal/rpc"
	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an output that keeps what it is given.
type fake struct {
	mu      sync.Mutex
	conf    map[string]any
	batches []service.MessageBatch
	err     error         // of Connect and WriteBatch
	hold    chan struct{} // what WriteBatch waits for, unless nil
	closed  int
}

func (f *fake) Connect(context.Context) error { return f.err }

func (f *fake) WriteBatch(ctx context.Context, b service.MessageBatch) error {
	f.mu.Lock()
	f.batches = append(f.batches, b)
	f.mu.Unlock()
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return f.err
}

func (f *fake) Close(context.Context) error {
	f.closed++
	return nil
}

func (f *fake) got() []service.MessageBatch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.batches
}

// rig is a server with a client, as Redpanda Connect is one.
type rig struct {
	runtimepb.BatchOutputServiceClient
	out      *fake
	signals  chan os.Signal
	orphaned chan struct{}
	drained  chan struct{}
	ended    chan error
}

func serve(t *testing.T, out *fake) *rig {
	t.Helper()
	r := &rig{
		out: out, signals: make(chan os.Signal), orphaned: make(chan struct{}),
		drained: make(chan struct{}, 1), ended: make(chan error, 1),
	}
	address := "unix:" + filepath.Join(t.TempDir(), "s")
	go func() {
		r.ended <- rpc.Serve(context.Background(), rpc.Config{
			Address: address, Signals: r.signals, Orphaned: r.orphaned, Drain: func() { r.drained <- struct{}{} },
			Construct: func(conf map[string]any) (service.BatchOutput, service.BatchPolicy, int, error) {
				if conf["wrong"] != nil {
					return nil, service.BatchPolicy{}, 0, errors.New("wrong: is no setting \xff")
				}
				out.conf = conf
				return out, service.BatchPolicy{Count: 7, ByteSize: 8, Period: "9s", Check: "true"}, 42, nil
			},
		})
	}()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	r.BatchOutputServiceClient = runtimepb.NewBatchOutputServiceClient(conn)
	return r
}

func (r *rig) init(t *testing.T, conf map[string]*runtimepb.Value) *runtimepb.BatchOutputInitResponse {
	t.Helper()
	res, err := r.Init(t.Context(), &runtimepb.BatchOutputInitRequest{
		Config: &runtimepb.Value{Kind: &runtimepb.Value_StructValue{StructValue: &runtimepb.StructValue{Fields: conf}}},
	}, grpc.WaitForReady(true))
	require.NoError(t, err)
	return res
}

func (r *rig) send(t *testing.T, messages ...*runtimepb.Message) *runtimepb.Error {
	t.Helper()
	res, err := r.Send(t.Context(), &runtimepb.BatchOutputSendRequest{Batch: &runtimepb.MessageBatch{Messages: messages}})
	require.NoError(t, err)
	return res.GetError()
}

// close ends the plugin as Redpanda Connect does.
func (r *rig) close(t *testing.T) {
	t.Helper()
	_, err := r.Close(t.Context(), &runtimepb.BatchOutputCloseRequest{})
	require.NoError(t, err)
	r.signals <- syscall.SIGTERM
	require.NoError(t, <-r.ended)
	assert.Equal(t, 1, r.out.closed, "the output is closed once")
}

func number(i int64) *runtimepb.Value {
	return &runtimepb.Value{Kind: &runtimepb.Value_IntegerValue{IntegerValue: i}}
}

func word(s string) *runtimepb.Value {
	return &runtimepb.Value{Kind: &runtimepb.Value_StringValue{StringValue: s}}
}

func payload(b []byte) *runtimepb.Message {
	return &runtimepb.Message{Payload: &runtimepb.Message_Bytes{Bytes: b}}
}

func TestConfigurationBatchesAndLimitsGetThrough(t *testing.T) {
	r := serve(t, &fake{})
	res := r.init(t, map[string]*runtimepb.Value{
		"bucket": word("b"), "max_records": number(3), "nothing": {},
		"list": {Kind: &runtimepb.Value_ListValue{ListValue: &runtimepb.ListValue{Values: []*runtimepb.Value{number(1), {Kind: &runtimepb.Value_BoolValue{BoolValue: true}}}}}},
	})
	require.Nil(t, res.GetError())
	assert.Equal(t, map[string]any{"bucket": "b", "max_records": int64(3), "nothing": nil, "list": []any{int64(1), true}}, r.out.conf)
	assert.Equal(t, int32(42), res.GetMaxInFlight())
	assert.Equal(t, []any{int64(7), int64(8), "9s", "true"}, []any{
		res.GetBatchPolicy().GetCount(), res.GetBatchPolicy().GetByteSize(), res.GetBatchPolicy().GetPeriod(), res.GetBatchPolicy().GetCheck(),
	})

	large := []byte(strings.Repeat("x", 5<<20)) // gRPC's own limit is 4 MiB
	m := payload(large)
	m.Metadata = &runtimepb.StructValue{Fields: map[string]*runtimepb.Value{"kafka_offset": number(1 << 60)}}
	require.Nil(t, r.send(t, m, &runtimepb.Message{Payload: &runtimepb.Message_Structured{Structured: number(5)}}))
	batch := r.out.got()[0]
	require.Len(t, batch, 2)
	got, err := batch[0].AsBytes()
	require.NoError(t, err)
	assert.Equal(t, large, got)
	offset, _ := batch[0].MetaGetMut("kafka_offset")
	assert.Equal(t, int64(1<<60), offset)
	value, err := batch[1].AsStructured()
	require.NoError(t, err)
	assert.Equal(t, int64(5), value)
	r.close(t)
}

func TestAConfigurationThatIsWrongIsSaidAndTheProcessEnds(t *testing.T) {
	r := serve(t, &fake{})
	assert.Equal(t, "wrong: is no setting \ufffd", r.init(t, map[string]*runtimepb.Value{"wrong": number(1)}).GetError().GetMessage())
	r.signals <- syscall.SIGTERM // Redpanda Connect gives up without Close
	require.NoError(t, <-r.ended)
	assert.Empty(t, r.drained)
	assert.Zero(t, r.out.closed)
}

// Redpanda Connect does not look at the error of the answer to Connect, and at that of
// the call.
func TestErrorsOfConnectAreThoseOfTheCall(t *testing.T) {
	r := serve(t, &fake{err: errors.New("denied: allow s3:PutObject")})
	require.Nil(t, r.init(t, nil).GetError())
	_, err := r.Connect(t.Context(), &runtimepb.BatchOutputConnectRequest{})
	assert.ErrorContains(t, err, "denied: allow s3:PutObject")
	r.out.err = nil
	_, err = r.Connect(t.Context(), &runtimepb.BatchOutputConnectRequest{})
	assert.NoError(t, err)
	r.close(t)
}

func TestErrorsOfBatches(t *testing.T) {
	r := serve(t, &fake{})
	assert.NotNil(t, r.beforeInit(t).GetNotConnected(), "nothing is lost that comes too early")
	require.Nil(t, r.init(t, nil).GetError())

	r.out.err = service.ErrNotConnected
	assert.NotNil(t, r.send(t, payload(nil)).GetNotConnected())

	batch := service.MessageBatch{service.NewMessage(nil), service.NewMessage(nil), service.NewMessage(nil)}
	r.out.err = service.NewBatchError(batch, errors.New("some are bad")).Failed(1, errors.New("is no JSON"))
	said := r.send(t, payload(nil))
	assert.Nil(t, said.GetDetail())
	assert.Contains(t, said.GetMessage(), "1 records of the batch were not stored; all of it is sent again")

	r.out.err = errors.New("refused \xff")
	assert.Equal(t, "refused \ufffd", r.send(t, payload(nil)).GetMessage(), "other text cannot be sent")
	_, err := r.Connect(t.Context(), &runtimepb.BatchOutputConnectRequest{})
	assert.ErrorContains(t, err, "refused \ufffd")

	r.out.err = errors.New("")
	assert.NotEmpty(t, r.send(t, payload(nil)).GetMessage(), "an empty text means success")
	r.close(t)
	assert.NotNil(t, r.out.closed)
}

func (r *rig) beforeInit(t *testing.T) *runtimepb.Error {
	t.Helper()
	res, err := r.Send(t.Context(), &runtimepb.BatchOutputSendRequest{}, grpc.WaitForReady(true))
	require.NoError(t, err)
	return res.GetError()
}

// A terminal signals both processes: what waits is written, calls go on, and the end
// comes after Close.
func TestTheFirstSignalDrains(t *testing.T) {
	out := &fake{hold: make(chan struct{})}
	r := serve(t, out)
	require.Nil(t, r.init(t, nil).GetError())
	done := make(chan error, 1)
	go func() {
		res, err := r.Send(context.Background(), &runtimepb.BatchOutputSendRequest{})
		if text := res.GetError().GetMessage(); text != "" {
			err = errors.New(text)
		}
		done <- err
	}()
	require.Eventually(t, func() bool { return len(out.got()) == 1 }, 10*time.Second, time.Millisecond)
	r.signals <- syscall.SIGINT
	<-r.drained
	close(out.hold)
	assert.NoError(t, <-done, "the call has its answer")
	assert.Nil(t, r.send(t, payload(nil)), "later ones too")
	r.close(t)
}

func TestTheProcessEndsWithoutClose(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"at a second signal": func(r *rig) {
			r.signals <- syscall.SIGINT
			<-r.drained
			r.signals <- syscall.SIGINT
		},
		"when nobody is there": func(r *rig) { close(r.orphaned) },
	} {
		t.Run(name, func(t *testing.T) {
			out := &fake{hold: make(chan struct{})}
			r := serve(t, out)
			require.Nil(t, r.init(t, nil).GetError())
			failed := make(chan error, 1)
			go func() {
				_, err := r.Send(context.Background(), &runtimepb.BatchOutputSendRequest{})
				failed <- err
			}()
			require.Eventually(t, func() bool { return len(out.got()) == 1 }, 10*time.Second, time.Millisecond)
			end(r)
			require.NoError(t, <-r.ended)
			assert.Error(t, <-failed, "it is not acknowledged")
			assert.Equal(t, 1, out.closed)
		})
	}
}

func TestWhatNobodyServes(t *testing.T) {
	err := rpc.Serve(t.Context(), rpc.Config{Version: "2", Address: "unix:/s"})
	assert.ErrorContains(t, err, "REDPANDA_CONNECT_PLUGIN_VERSION is 2: this program speaks version 1")
	err = rpc.Serve(t.Context(), rpc.Config{})
	assert.ErrorContains(t, err, "Redpanda Connect starts this command by the file plugin.yaml")
	err = rpc.Serve(t.Context(), rpc.Config{Address: "unix:/none/at/all"})
	assert.ErrorContains(t, err, "opening the socket")
}

// Redpanda Connect starts a plugin that has crashed again, at the same address.
func TestASocketThatWasLeftBehindIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	orphaned := make(chan struct{})
	close(orphaned)
	require.NoError(t, rpc.Serve(t.Context(), rpc.Config{Address: "unix://" + path, Orphaned: orphaned}))

	require.NoError(t, os.WriteFile(path, []byte("of somebody"), 0o600))
	require.Error(t, rpc.Serve(t.Context(), rpc.Config{Address: "unix://" + path, Orphaned: orphaned}), "a file is kept")
	require.FileExists(t, path)
}

// With several outputs, Redpanda Connect starts a plugin that has crashed at the address
// of another output's plugin, which goes on.
func TestASocketThatIsServedIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	healthy, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	defer healthy.Close()
	orphaned := make(chan struct{})
	close(orphaned)
	err = rpc.Serve(t.Context(), rpc.Config{Address: "unix://" + path, Orphaned: orphaned})
	require.ErrorContains(t, err, "is served by the plugin of another output: give each output a copy of plugin.yaml")
	conn, err := net.Dial("unix", path)
	require.NoError(t, err, "it can still be reached")
	require.NoError(t, conn.Close())
}

func TestAPluginOfNobodyIsNoticed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	parents := make(chan int, 3)
	parents <- 10
	parents <- 10
	parents <- 1
	<-rpc.Orphaned(ctx, func() int { return <-parents })
	assert.Empty(t, parents)
}
