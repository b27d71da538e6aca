package health

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
)

// cleanup bounds the removal of an object that only this process knows.
const cleanup = 2 * time.Second

// prove finds out whether the store honours the condition of write, when the
// temporary object exists. A refusal is always a proof, which the store notes by
// itself. A success is none yet: another process has the same key and may just
// have removed the object.
func (p *Prober) prove(ctx context.Context, a store.Ability, write func(ctx context.Context, key string) error) error {
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
func (p *Prober) conclude(ctx context.Context, a store.Ability, key string, write func(ctx context.Context, key string) error) error {
	err := write(ctx, key)
	if err == nil {
		p.store.Learn(a, store.Refuted)
	}
	return refused(err)
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
