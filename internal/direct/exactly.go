package direct

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/exactly"
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
	c, ok := source.Noted(m)
	if !ok || exactly.TicketOf(m.Context()) != t {
		return -1
	}
	return c.Offset
}

// writeExactly stores a batch whose records are stored exactly once. What has
// failed of it is not sent here again as it is: whoever owns its Kafka partition
// reads it again.
func (w *Way) writeExactly(ctx context.Context, b *brought, call *chunk.Call) error {
	w.place(b, call) //nolint:contextcheck // messages have contexts of their own
	failures, err := call.Commit(ctx)
	if err != nil || len(failures) == 0 {
		return err
	}
	return w.Account.GiveBack(b.Messages(), failures)
}
