package direct

import (
	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// sink is the output as inputs of ours know it.
type sink struct {
	conf   *config.Config
	chunks *chunk.Manager
}

var _ inflight.Sink = (*sink)(nil)

// Flush implements inflight.Sink.
func (s *sink) Flush() { s.chunks.FlushHeld() }

// Relieve implements inflight.Sink.
func (s *sink) Relieve() { s.chunks.Relieve() }

// MemoryLimit implements inflight.Sink.
func (s *sink) MemoryLimit() int64 { return sizing.ForRecords(s.conf.MemoryLimit) }

// Slots implements inflight.Sink.
func (s *sink) Slots() int { return s.conf.MaxInFlight }
