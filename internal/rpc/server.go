package rpc

import (
	"context"
	"fmt"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
)

// Constructor makes the output of a configuration, which is made of what JSON is made of.
type Constructor func(conf map[string]any) (out service.BatchOutput, policy service.BatchPolicy, maxInFlight int, err error)

// server answers the calls of Redpanda Connect. It is safe for concurrent use.
type server struct {
	runtimepb.UnimplementedBatchOutputServiceServer
	construct Constructor

	mu     sync.RWMutex
	output service.BatchOutput
	init   *runtimepb.BatchOutputInitResponse
	closed bool
}

// Init makes the output. It is called again when its answer was lost.
func (s *server) Init(_ context.Context, q *runtimepb.BatchOutputInitRequest) (*runtimepb.BatchOutputInitResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.output != nil {
		return s.init, nil
	}
	conf, ok := valueOf(q.GetConfig()).(map[string]any)
	if !ok {
		return &runtimepb.BatchOutputInitResponse{Error: &runtimepb.Error{Message: "the configuration is not an object"}}, nil
	}
	out, policy, inFlight, err := s.construct(conf)
	if err != nil {
		return &runtimepb.BatchOutputInitResponse{Error: errorOf(err)}, nil
	}
	s.output = out
	s.init = &runtimepb.BatchOutputInitResponse{
		MaxInFlight: int32(inFlight),
		BatchPolicy: &runtimepb.BatchPolicy{
			ByteSize: int64(policy.ByteSize), Count: int64(policy.Count), Period: policy.Period, Check: policy.Check,
		},
	}
	return s.init, nil
}

// Connect returns when the output takes records. An error is one of the call: of the
// answer Redpanda Connect ignores it, up to 4.110 at least, and would be ready although
// the destination is not.
func (s *server) Connect(ctx context.Context, _ *runtimepb.BatchOutputConnectRequest) (*runtimepb.BatchOutputConnectResponse, error) {
	out := s.current()
	if out == nil {
		return nil, status.Error(codes.FailedPrecondition, "connecting before the output has a configuration")
	}
	if err := out.Connect(ctx); err != nil {
		return nil, status.Error(codes.Unavailable, sendable(err.Error()))
	}
	return &runtimepb.BatchOutputConnectResponse{}, nil
}

// Send writes a batch, and returns when all of it is durable, or says why it is not.
func (s *server) Send(ctx context.Context, q *runtimepb.BatchOutputSendRequest) (*runtimepb.BatchOutputSendResponse, error) {
	out := s.current()
	if out == nil {
		return &runtimepb.BatchOutputSendResponse{Error: errorOf(service.ErrNotConnected)}, nil
	}
	return &runtimepb.BatchOutputSendResponse{Error: errorOf(out.WriteBatch(ctx, batchOf(q.GetBatch())))}, nil
}

// Close ends the output. Redpanda Connect calls it when every batch has its answer, or
// when it cannot wait for them any longer.
func (s *server) Close(ctx context.Context, _ *runtimepb.BatchOutputCloseRequest) (*runtimepb.BatchOutputCloseResponse, error) {
	return &runtimepb.BatchOutputCloseResponse{Error: errorOf(s.end(ctx))}, nil
}

// end closes the output, once.
func (s *server) end(ctx context.Context) error {
	s.mu.Lock()
	out, closed := s.output, s.closed
	s.closed = true
	s.mu.Unlock()
	if out == nil || closed {
		return nil
	}
	if err := out.Close(ctx); err != nil {
		return fmt.Errorf("closing the output: %w", err)
	}
	return nil
}

func (s *server) current() service.BatchOutput {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil
	}
	return s.output
}

// working reports whether there is an output that was not closed.
func (s *server) working() bool { return s.current() != nil }
