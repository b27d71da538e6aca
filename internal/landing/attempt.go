package landing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

const (
	// maxTaken is how many taken names make an object take a unique one: it is
	// not uploaded more often than that, and the search goes on with the next
	// object. Where nothing can be looked up, eight names reach beyond the first
	// hundred numbers.
	maxTaken = 8
	// maxUnseen is the same for names that a look does not show although the
	// store says that they are taken.
	maxUnseen = 2
	// maxDenied is how many keys that nobody can have a store may call taken
	// before it is not believed any more.
	maxDenied = 2
)

// attempt is the way of one object to a key of its own.
type attempt struct {
	lander  *Lander
	settled Intent // without key and number
	name    template.Name
	numbers *numbering
	scout   bool // others wait for what we find out about the numbers

	taken  int // names that others had
	unseen int // names among them that a look did not show
	denied int // unique keys that the store called taken

	repeated bool // a unique key was tried again because nothing was under it
}

func (l *Lander) attempt(settled Intent) (*attempt, error) {
	a := &attempt{lander: l, settled: settled}
	namer := l.format(settled.Kind).Namer
	var err error
	if a.name, err = namer.Name(settled.Path, settled.naming()); err != nil {
		return nil, fmt.Errorf("naming an object of %s: %w", template.Readable(settled.Path), err)
	}
	if !a.name.Numbered() && (a.name.Unique() || a.settled.SourceRange != "") {
		// The name of no other object, unless records were delivered again: it
		// need not be remembered.
		a.numbers = newNumbering()
		return a, nil
	}
	shared := a.settled.naming()
	shared.SourceRange = "" // numbers count on from range to range
	name, err := namer.Name(settled.Path, shared)
	if err != nil {
		return nil, fmt.Errorf("naming an object of %s: %w", template.Readable(settled.Path), err)
	}
	a.numbers = l.names.of(settled.Kind, name.ID())
	return a, nil
}

// end lets others look for the end of the numbers, if we have not found it.
func (a *attempt) end() {
	if a.scout {
		a.scout = false
		a.numbers.leave()
	}
}

// first settles the first intent. While it is not known which numbers an earlier
// run has used, one object finds out and the others wait for it; a large one
// looks before it is uploaded in vain.
func (a *attempt) first(ctx context.Context) (Intent, error) {
	if a.mustBeUnique() {
		return a.intent(a.number(), false)
	}
	if a.mayBeTaken() {
		var err error
		if a.scout, err = a.numbers.enter(ctx); err != nil {
			return Intent{}, fmt.Errorf("naming an object of %s: %w", a.name, err)
		}
		if a.scout && a.settled.Size >= lookFirst {
			a.look(ctx, 0)
		}
	}
	return a.intent(a.number(), false)
}

// lookFirst is the size in bytes from which a body costs more than the listing
// that may spare it.
const lookFirst = 1 << 20

// mayBeTaken reports whether an earlier run can have written under the name:
// not where it holds the second in which the chunk was opened, or its records.
func (a *attempt) mayBeTaken() bool {
	n := a.lander.format(a.settled.Kind).Namer
	return a.settled.SourceRange == "" && !n.Uses("timestamp") && !n.Uses("S")
}

// mustBeUnique reports whether the key must be one that nobody else can have,
// be it that the name is such or that a condition would not protect it.
func (a *attempt) mustBeUnique() bool {
	return a.name.Unique() || a.lander.store.Conditional(a.settled.Size) != store.Shown
}

// number takes the next number. What is unique without one, and has no place
// for it, gets none.
func (a *attempt) number() int {
	if a.mustBeUnique() && !a.name.Numbered() {
		return 1
	}
	return a.numbers.take()
}

// intent settles key and condition, by what is known of the store now. The key is
// one that nobody else can have where that is asked for, where a condition would
// not protect another one, and where numbers have come to their end.
func (a *attempt) intent(number int, unique bool) (Intent, error) {
	i := a.settled
	known := a.lander.store.Conditional(i.Size)
	i.Conditional = known != store.Refuted
	if number > template.MaxNumber {
		number, unique = template.MaxNumber, true
	}
	err := i.name(a.name, number, unique || known != store.Shown)
	return i, err
}

// landed reports whether the outcome of an intent is that the object is stored.
// A unique key that is taken after an answer was lost is taken by our own
// object: nobody else can have it. Where nothing is under it the store, or a
// proxy, was wrong to call it taken.
func (a *attempt) landed(i Intent, outcome error) bool {
	ours := i.Unique && !store.IsVacant(outcome) && (errors.Is(outcome, store.ErrExists) && maybeOurs(outcome) || store.Taken(outcome) != nil)
	if outcome != nil && !ours {
		return false
	}
	a.numbers.landed(!i.Unique)
	return true
}

// maybeOurs reports whether an earlier try of the same Put may have stored the
// object.
func maybeOurs(err error) bool {
	var e *store.Error
	return errors.As(err, &e) && e.OutcomeUnknown
}

// next settles the intent that follows one that has not landed, or returns why
// there is none.
func (a *attempt) next(ctx context.Context, i Intent, outcome error) (Intent, error) {
	switch {
	case ctx.Err() != nil:
		return Intent{}, outcome
	case errors.Is(outcome, store.ErrExists) && i.Unique && store.IsVacant(outcome) && !a.repeated:
		return a.afterVacancy(ctx, i, outcome)
	case errors.Is(outcome, store.ErrExists) && i.Unique:
		return a.afterDenial(ctx, i, outcome)
	case errors.Is(outcome, store.ErrExists):
		return a.afterTaken(ctx, i, outcome)
	case errors.Is(outcome, store.ErrNotImplemented) && i.Conditional && a.lander.store.Conditional(i.Size) == store.Refuted:
		return a.intent(i.Number, true) // unique names do without conditions
	}
	return Intent{}, outcome
}

// afterTaken takes the next name. It is a unique one where our own object may
// be under the key that is taken, so that another lost answer makes no further
// copy, and where too many names in a row are taken.
func (a *attempt) afterTaken(ctx context.Context, i Intent, outcome error) (Intent, error) {
	a.taken++
	a.advance(ctx, i.Number)
	if err := a.pause(ctx, a.taken-freeTries+a.unseen); err != nil {
		return Intent{}, outcome
	}
	return a.intent(a.number(), maybeOurs(outcome) || a.taken >= maxTaken || a.unseen >= maxUnseen)
}

// afterVacancy tries the same key once more: the attempt whose answer was lost may
// still be on its way, and an object that becomes visible meanwhile is recognised.
func (a *attempt) afterVacancy(ctx context.Context, i Intent, outcome error) (Intent, error) {
	a.repeated = true
	if err := a.pause(ctx, 1); err != nil {
		return Intent{}, outcome
	}
	return i, nil
}

// afterDenial tries another key after the store has called one taken that
// nobody can have.
func (a *attempt) afterDenial(ctx context.Context, i Intent, outcome error) (Intent, error) {
	a.denied++
	if a.denied >= maxDenied {
		return Intent{}, fmt.Errorf("%w: the store calls every key taken, even %s, which holds a new uuid: "+
			"a policy, a proxy or the store itself refuses whatever is written with If-None-Match; "+
			"conditional_writes: off writes without: %w", store.ErrRefused, template.Readable(i.Key), outcome)
	}
	if err := a.pause(ctx, a.denied); err != nil {
		return Intent{}, outcome
	}
	return a.intent(i.Number, true)
}

// advance moves the numbers beyond one that is taken: to the end of what is
// there, as far as that can be looked up.
func (a *attempt) advance(ctx context.Context, number int) {
	if a.numbers.settled() && a.taken%freeTries != 0 {
		a.numbers.crowd(number) // another writer
		return
	}
	if !a.look(ctx, number) {
		a.numbers.jump(number)
	}
}

// look finds the end of the numbers, of which the given one is taken (0: none
// is known to be), and reports whether that was possible.
func (a *attempt) look(ctx context.Context, taken int) bool {
	last, err := a.lander.look(ctx, a.name, taken)
	if errors.Is(err, errUnseen) {
		a.unseen++
	}
	if err != nil {
		return false
	}
	a.numbers.raise(last)
	a.end()
	return true
}

const (
	// freeTries is how many names are tried without a pause.
	freeTries = 3
	// firstPause and lastPause bound the pauses after that; they double.
	firstPause, lastPause = 50 * time.Millisecond, 2 * time.Second
)

// pause waits before the n-th try that is not free, for a random part of a time
// that doubles from try to try.
func (a *attempt) pause(ctx context.Context, n int) error {
	if n <= 0 {
		return nil
	}
	most := min(firstPause<<(n-1), lastPause) // n is small: see maxTaken
	timer := time.NewTimer(rand.N(most))      //nolint:gosec // spreads load
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
