package unstored

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/inflight"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Account keeps count of the records that an output was given and that are not
// stored: those that wait, those whose call was cut short, and those that were
// given back. It is safe for concurrent use.
type Account struct {
	// elsewhere: what comes back as failed goes to another output or is
	// dropped on purpose, so that it is none of ours.
	elsewhere bool
	// sole: it is the only output of its pipeline.
	sole bool

	waiting waiting

	mu       sync.Mutex
	stopped  tally // batches whose calls were ended before they were stored
	repeated tally // the batch that Benthos repeats as soon as it is connected
	failed   failed
}

// NewAccount returns the account of the output at a path of a configuration.
// report is told once a second how long the oldest batch has waited.
func NewAccount(path []string, report func(oldest time.Duration)) *Account {
	a := &Account{elsewhere: goesElsewhere(path), sole: slices.Equal(path, []string{"output"}), waiting: waiting{report: report}}
	a.waiting.pace.Note(time.Now(), 0, 0)
	return a
}

// Enter notes a call with a batch of that many records. End must be called with
// what it returns.
func (a *Account) Enter(records int) *Call { return a.waiting.enter(records) }

// End notes how a call has ended. What is reported record by record is for
// GiveBack. meta is the metadata of the i-th record of the call, or its message:
// End asks for it only where records were given back before.
func (a *Account) End(c *Call, meta func(i int) record.Metadata, err error) {
	a.settle(c, meta, err)
	a.waiting.leave(c)
}

// Waiting says what waits, in words for a log.
func (a *Account) Waiting() string {
	t := a.waiting.count()
	if t.batches == 0 {
		return "nothing waits yet"
	}
	return fmt.Sprintf("%s in %s wait, the oldest for %s", several(t.records, "record", "records"),
		several(t.batches, "batch", "batches"), time.Since(t.since).Round(time.Second))
}

// Flow tells what has arrived and what waits, with the rate over a window of a minute
// at most.
func (a *Account) Flow(now time.Time, window time.Duration) Flow { return a.waiting.flow(now, window) }

// Close ends the reports.
func (a *Account) Close() { a.waiting.close() }

// tally is a number of batches, and when the oldest of them arrived.
type tally struct {
	batches, records int
	since            time.Time
}

func (t *tally) add(more tally) {
	if more.batches == 0 {
		return
	}
	t.batches += more.batches
	t.records += more.records
	if t.since.IsZero() || more.since.Before(t.since) {
		t.since = more.since
	}
}

func (a *Account) settle(c *Call, meta func(i int) record.Metadata, err error) {
	one := tally{batches: 1, records: c.records, since: c.since}
	switch {
	case err == nil:
		a.failed.stored(c.records, meta)
	case errors.Is(err, ErrStopped):
		a.mu.Lock()
		defer a.mu.Unlock()
		a.stopped.add(one)
	case errors.Is(err, service.ErrNotConnected):
		a.mu.Lock()
		defer a.mu.Unlock()
		a.repeated = one
	}
}

// GiveBack takes note of the records of a batch that failed, and of those that
// did not. It returns what to tell Benthos: nil when all of them are stored.
func (a *Account) GiveBack(batch service.MessageBatch, failures []chunk.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	a.note(batch, failures)
	return a.batchError(batch, failures)
}

func (a *Account) note(batch service.MessageBatch, failures []chunk.Failure) {
	if a.elsewhere {
		return
	}
	stored := slices.Clone(batch)
	for _, f := range failures {
		if !answered(batch[f.Index]) {
			a.failed.add(batch[f.Index], f.Err)
		}
		stored[f.Index] = nil
	}
	stored = slices.DeleteFunc(stored, func(m *service.Message) bool { return m == nil })
	a.failed.stored(len(stored), func(i int) record.Metadata { return stored[i] })
}

// batchError names the failed records of a batch to Benthos.
func (a *Account) batchError(batch service.MessageBatch, failures []chunk.Failure) error {
	headline := failures[0].Err
	if n := len(failures); n > 1 {
		headline = fmt.Errorf("storing %d of %d records, among them: %w", n, len(batch), headline)
	}
	if errors.Is(headline, service.ErrEndOfInput) || errors.Is(headline, service.ErrNotConnected) {
		headline = errors.New(headline.Error()) // would be taken for an order by Benthos
	}
	err := service.NewBatchError(batch, headline)
	for _, f := range failures {
		_ = err.Failed(f.Index, a.ofRequest(batch[f.Index], f.Err))
	}
	return err
}

// ofRequest lets the input that waits for a record know it by more than its place in
// the batch, which processors may have changed.
func (a *Account) ofRequest(m *service.Message, err error) error {
	number, ok := m.MetaGetMut(inflight.MetaRequest)
	if !ok {
		return err
	}
	request, _ := number.(int64)
	var refusal *chunk.Refusal
	return &inflight.Failure{Request: request, Refused: errors.As(err, &refusal), Sole: a.sole, Err: err}
}

// answered reports whether a client waits for the fate of the record: that it
// failed is the answer, and what becomes of it the client's business.
func answered(m *service.Message) bool {
	_, ok := m.MetaGetMut("http_server_request_path")
	return ok
}

// Connected notes that Benthos now repeats the batch that it holds.
func (a *Account) Connected() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.repeated = tally{}
}

// cutShort counts what did not get stored and does not wait.
func (a *Account) cutShort() tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.stopped
	t.add(a.repeated)
	return t
}

// failed are the records that were given back to the input as failed and have
// not been stored since. Most inputs deliver them again until they are, and
// some do not. The zero value is ready.
type failed struct {
	some atomic.Bool // so that storing costs nothing where none failed

	mu    sync.Mutex
	seed  maphash.Seed
	known map[uint64]struct{} // hashes of the records
	last  error
}

// mostFailed bounds what is remembered: of more, the rest counts as stored.
const mostFailed = 10_000

func (f *failed) add(m record.Metadata, reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = reason
	if f.known == nil {
		f.known, f.seed = map[uint64]struct{}{}, maphash.MakeSeed()
	}
	if len(f.known) < mostFailed {
		f.known[f.hash(m)] = struct{}{}
		f.some.Store(true)
	}
}

// stored forgets records that were stored after all.
func (f *failed) stored(records int, meta func(i int) record.Metadata) {
	if !f.some.Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range records {
		delete(f.known, f.hash(meta(i)))
	}
	f.some.Store(len(f.known) > 0)
}

// count returns how many there are, and why the last one failed.
func (f *failed) count() (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) == 0 {
		return 0, nil
	}
	return len(f.known), f.last
}

// hash identifies a record: by its place in Kafka, which stays the same when a
// pipeline gives the record a new shape at each try, else by its payload.
func (f *failed) hash(meta record.Metadata) uint64 {
	type place struct {
		topic             string
		partition, offset int64
	}
	if topic, partition, offset, ok := source.KafkaInputs.At(meta); ok {
		return maphash.Comparable(f.seed, place{topic, partition, offset})
	}
	m, ok := meta.(interface{ AsBytes() ([]byte, error) })
	if !ok {
		return 0
	}
	raw, err := m.AsBytes()
	if err != nil {
		return 0
	}
	return maphash.Bytes(f.seed, raw)
}

// ErrStopped is what the calls get that the end of the output cuts short.
var ErrStopped = errors.New("stopped before the records were stored: they are not acknowledged, and delivered again by an input that can")

// Ended turns the end of a call by the framework or by Close into ErrStopped.
func Ended(ctx context.Context, err error) error {
	var partial *service.BatchError
	switch {
	case err == nil, errors.As(err, &partial), errors.Is(err, service.ErrNotConnected):
		return err // it came to an end of its own
	case ctx.Err() != nil, errors.Is(err, chunk.ErrClosed), errors.Is(err, health.ErrClosed):
		return ErrStopped
	default:
		return err
	}
}

// goesElsewhere reports whether a failed record of the output at that path of a
// configuration is taken by another output, or dropped because somebody has
// asked for it.
func goesElsewhere(path []string) bool {
	if len(path) > 0 && path[0] != "output" {
		return true // a resource, around which anything can be
	}
	return slices.Contains(path, "drop_on") || slices.Contains(path, "fallback")
}
