package output

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/source"
)

// ticketOf returns the ticket that goes with a batch, nil where its records are
// stored at least once.
func ticketOf(batch service.MessageBatch) *exactly.Ticket {
	for _, m := range batch {
		if t := exactly.TicketOf(m.Context()); t != nil {
			return t
		}
	}
	return nil
}

// offsetOf returns the offset of a message; -1 where it goes with another ticket,
// or with none.
func offsetOf(m *service.Message, t *exactly.Ticket) int64 {
	c, ok := source.FromContext(m.Context())
	if !ok || exactly.TicketOf(m.Context()) != t {
		return -1
	}
	return c.Offset
}

// writeExactly stores a batch whose records are stored exactly once. What has
// failed of it is not sent here again as it is: whoever owns its Kafka partition
// reads it again.
func (o *Output) writeExactly(ctx context.Context, batch service.MessageBatch, t *exactly.Ticket, held *inflight.Leases, call *chunk.Call) error {
	o.place(batch, nil, held, t, call) //nolint:contextcheck // messages have contexts of their own
	failures, err := call.Commit(ctx)
	if err != nil {
		return err
	}
	return o.account.GiveBack(batch, failures) //nolint:contextcheck // messages have contexts of their own
}
