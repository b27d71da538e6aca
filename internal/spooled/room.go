package spooled

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/courier"
	"github.com/s3-destination/s3-destination/internal/spool"
)

// nearlyFull and roomAgain are the parts of max_size between which readiness turns
// red and green again.
const nearlyFull, roomAgain = 0.9, 0.8

func (w *Way) observe(k *keeper, s courier.Stats) {
	part := float64(s.Journal+s.Spill+s.Outbox) / float64(w.Conf.Spool.MaxSize)
	switch {
	case part >= nearlyFull || s.Full || s.Calls > 0:
		k.near.Store(true)
	case part <= roomAgain:
		k.near.Store(false)
	}
	w.Observer.Spool(s, k.near.Load())
}

// roomPatience is how long a call of Connect waits for room.
const roomPatience = 10 * time.Second

// await returns when there is room in the spool.
func (k *keeper) await(ctx context.Context) error {
	end := time.NewTimer(roomPatience)
	defer end.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for k.near.Load() {
		select {
		case <-tick.C:
		case <-end.C:
			return fmt.Errorf("the spool in %s is nearly full: less is stored in the destination than arrives, or nothing at all", k.dir)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	k.sent.Store(false)
	return nil
}

// roomTick is how often a call that waits for room looks whether it is the one to
// say that there is none.
const roomTick = 500 * time.Millisecond

// room waits until the spool has room for a call. While it is nearly full one of
// the calls is told that the output is not connected; nothing of it is written yet.
func (k *keeper) room(ctx context.Context, size int64) error {
	for {
		if k.near.Load() && k.sent.CompareAndSwap(false, true) {
			return service.ErrNotConnected
		}
		bounded, cancel := context.WithTimeout(ctx, roomTick)
		err := k.spool.Room(bounded, size)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, spool.ErrClosed):
			return chunk.ErrClosed
		}
	}
}
