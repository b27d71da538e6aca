package landing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

var (
	// errBlind: there is no right to look.
	errBlind = errors.New("neither listing nor reading is allowed")
	// errUnseen: what can be seen of the bucket does not hold a key that is
	// said to be taken.
	errUnseen = errors.New("a key that is taken cannot be seen")
)

// lookTimeout bounds a look. It is worth little more than the upload that it may
// spare.
const lookTimeout = 30 * time.Second

// look returns the highest number in use under a name, 0 for none. The number
// taken is one of them, unless it is 0. It lists where that is allowed, reads
// where that is, and fails otherwise.
func (l *Lander) look(ctx context.Context, name template.Name, taken int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	err := errBlind
	if l.store.Capabilities()[store.List] != store.Refuted {
		var last int
		if last, err = highest(taken, l.byListing(ctx, name)); err == nil || errors.Is(err, errUnseen) {
			return last, err
		}
	}
	if l.reading() != store.Refuted {
		return highest(taken, l.byReading(ctx, name, taken))
	}
	return 0, err
}

// A probe looks at a number, and perhaps at some that follow it, and returns the
// highest one in use that it comes across, 0 for none. It never misses the one
// that it is asked for.
type probe func(number int) (int, error)

// growth is how fast the steps grow that look for a number that is free.
const growth = 16

// highest finds the highest number in use, given one of them (0 for none). It
// gallops until nothing is found any more and halves what lies between: about
// two dozen probes for a million numbers. Gaps do not stop it as long as a
// number behind them is among what a probe comes across.
func highest(taken int, p probe) (int, error) {
	if taken > 0 {
		seen, err := p(taken)
		if err != nil {
			return 0, err
		}
		if seen < taken {
			return 0, errUnseen
		}
		taken = seen
	}
	last, free := taken, template.MaxNumber+1
	for step := 1; last+1 < free; step = min(step*growth, template.MaxNumber) {
		number := min(last+step, last+(free-last)/2)
		found, err := p(number)
		switch {
		case err != nil:
			return 0, err
		case found >= number:
			last = found
		default:
			free = number
		}
	}
	return last, nil
}

// page is how many keys of a listing a probe looks at.
const page = 10

// byListing looks at the keys that follow in a listing.
func (l *Lander) byListing(ctx context.Context, name template.Name) probe {
	return func(number int) (int, error) {
		prefix, after := name.Seek(number)
		keys, err := l.store.List(ctx, prefix, after, page)
		if err != nil {
			return 0, fmt.Errorf("listing %s: %w", name, err)
		}
		last := 0
		for _, key := range keys {
			if found, ok := name.Number(key); ok {
				last = max(last, found)
			}
		}
		return last, nil
	}
}

// byReading looks at one object. Without the right to list, S3 denies what is
// not there, so that a denial tells nothing of the right to read unless the
// number is taken.
func (l *Lander) byReading(ctx context.Context, name template.Name, taken int) probe {
	return func(number int) (int, error) {
		key, err := name.Key(template.ObjectNaming{ChunkID: number})
		if err != nil {
			return 0, err //nolint:wrapcheck // says all there is to say
		}
		_, err = l.store.Head(ctx, key)
		denied := store.ClassOf(err) == store.ClassDenied
		switch {
		case err == nil:
			l.reads.Store(uint32(store.Shown))
			return number, nil
		case errors.Is(err, store.ErrNotFound), denied && l.reading() == store.Shown:
			return 0, nil
		case denied && number == taken:
			l.reads.Store(uint32(store.Refuted))
		}
		return 0, fmt.Errorf("reading %s: %w", key, err)
	}
}

// reading is what is known of the right to read. What the store has learned
// does not tell: without the right to list it is denied what is not there.
func (l *Lander) reading() store.Known { return store.Known(l.reads.Load()) }
