package health

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// cleanup bounds the removal of an object that only this process knows.
const cleanup = 2 * time.Second

// prove finds out whether the store honours the condition of write, when the
// temporary object exists. A refusal is always a proof, which the store notes by
// itself. A success is none yet: another process has the same key and may just
// have removed the object.
func (p *Prober) prove(ctx context.Context, a store.Ability, write writer) error {
	if err := write(ctx, p.key); err != nil {
		return refused(err)
	}
	if store.ClassOf(p.store.Delete(ctx, p.key)) == store.ClassDenied {
		// Nobody with these rights can have removed it, so that it is there.
		return p.conclude(ctx, a, p.key, write)
	}
	own := p.key + "_" + rand.Text()
	defer p.remove(ctx, own)
	if err := p.putWhole(ctx, own); err != nil {
		return refused(err)
	}
	return p.conclude(ctx, a, own, write)
}

// conclude writes over an object that nobody can have removed.
func (p *Prober) conclude(ctx context.Context, a store.Ability, key string, write writer) error {
	err := write(ctx, key)
	if err == nil {
		p.store.Learn(a, store.Refuted)
	}
	return refused(err)
}

// racers is how many writers of one key begin at the same moment, and rounds how
// often they do: in the first some of them only open their connections.
const racers, rounds = 3, 2

// race looks whether conditions that have been proven hold for writers at the
// same moment too: some stores look first and write later, so that all of them
// succeed (SeaweedFS 4.16: https://github.com/seaweedfs/seaweedfs/issues/8800).
// Uploads in parts meet less easily, since each is several requests: what does not
// hold for whole objects is not believed of them either. The objects have keys
// that only this process knows, so that the caller must be able to remove them.
// Where uploads cannot be aborted, those in parts do not
// race: the losers would stay, three with each start.
func (p *Prober) race(ctx context.Context) {
	for _, a := range []store.Ability{store.ConditionalPut, store.ConditionalComplete} {
		write, proven := p.proven[a]
		if !proven || a == store.ConditionalComplete && p.store.Capabilities()[store.Abort] == store.Refuted {
			continue
		}
		for range rounds {
			if p.winners(ctx, write) > 1 {
				p.store.Learn(a, store.Refuted)
				p.store.Learn(store.ConditionalComplete, store.Refuted)
				delete(p.proven, store.ConditionalComplete)
				break
			}
		}
		if ctx.Err() == nil {
			delete(p.proven, a)
		}
	}
}

// winners tells how many writers of a key that begin together succeed.
func (p *Prober) winners(ctx context.Context, write writer) (won int32) {
	own := p.key + "_" + rand.Text()
	defer p.remove(ctx, own)
	var wg sync.WaitGroup
	for range racers {
		wg.Go(func() {
			if write(ctx, own) == nil {
				atomic.AddInt32(&won, 1)
			}
		})
	}
	wg.Wait()
	return won
}

// refused takes a refusal for what it is: a store that does what it was asked.
func refused(err error) error {
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// remove deletes an object whose key nobody else knows, even when the probe has
// been cancelled.
func (p *Prober) remove(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_ = p.store.Delete(ctx, key)
}
