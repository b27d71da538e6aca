package chunk

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// What a Manager does with one chunk, for whoever keeps records elsewhere and has
// no calls that wait for them.

// Encoding is the part of a [Pipeline] that encodes.
type Encoding interface {
	// Encode is as in Pipeline.
	Encode(ctx context.Context, kind Kind, records []record.Record, limit int64) (Encoded, encode.Result, error)
}

// Encode encodes the longest prefix of records that fits into an object. The
// records for which the encoder fails are found, and are among the refused; an
// error is that of all.
func Encode(ctx context.Context, cfg Config, pipe Encoding, kind Kind, records []record.Record) (Encoded, encode.Result, error) {
	cfg = cfg.complete()
	t := tester{&cfg, pipe}
	form, res, err := t.try(ctx, kind, records, cfg.capOf(kind))
	if err == nil || ctx.Err() != nil {
		return form, res, err
	}
	var culprits []encode.Refusal
	t.halve(ctx, kind, records, 0, &culprits)
	switch {
	case ctx.Err() != nil:
		return nil, encode.Result{}, err
	case len(culprits) == len(records):
		return nil, encode.Result{Taken: len(records), Refused: culprits}, nil
	}
	good, at := withoutCulprits(records, culprits)
	if form, res, err = t.try(ctx, kind, good, cfg.capOf(kind)); err != nil {
		return nil, encode.Result{}, err
	}
	return form, merged(res, at, culprits, len(records)), nil
}

// withoutCulprits returns the other records, and where they were.
func withoutCulprits(records []record.Record, culprits []encode.Refusal) (good []record.Record, at []int) {
	for i := range records {
		if len(culprits) > 0 && culprits[0].Index == i {
			culprits = culprits[1:]
			continue
		}
		good, at = append(good, records[i]), append(at, i)
	}
	return good, at
}

// merged is a result for records among which the culprits are.
func merged(res encode.Result, at []int, culprits []encode.Refusal, all int) encode.Result {
	taken := all
	if res.Taken < len(at) {
		taken = at[res.Taken]
	}
	for i := range res.Refused {
		res.Refused[i].Index = at[res.Refused[i].Index]
	}
	for _, c := range culprits {
		if c.Index < taken {
			res.Refused = append(res.Refused, c)
		}
	}
	slices.SortFunc(res.Refused, func(a, b encode.Refusal) int { return a.Index - b.Index })
	res.Taken = taken
	return res
}

// CapOf is the largest size of an object of a kind; 0 for none.
func (c *Config) CapOf(kind Kind) int64 { return c.capOf(kind) }

// Ending is why an object ends before the records do of which it was made.
func (c *Config) Ending(res encode.Result) Reason {
	switch {
	case res.Taken == c.MaxRecords:
		return Records
	case res.Stopped == encode.SchemaChanged:
		return Schema
	default:
		return Size
	}
}

// Pace decides how many objects are uploaded at once. It is safe for concurrent
// use.
type Pace struct {
	mu   sync.Mutex
	pace pace
}

// NewPace returns a pace that allows so many at most.
func NewPace(most int) *Pace { return &Pace{pace: newPace(max(most, 1))} }

// Limit is how many may be uploaded at once now.
func (p *Pace) Limit() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.limit
}

// Throttled tells that the store has asked for fewer requests.
func (p *Pace) Throttled() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace.throttled(time.Now())
}

// Finished tells of an upload of that many bytes, and whether every place was
// taken.
func (p *Pace) Finished(bytes int64, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace.finished(time.Now(), bytes, full)
}

// Ratios remember how many encoded bytes a raw byte becomes. They are safe for
// concurrent use.
type Ratios struct {
	mu     sync.Mutex
	ratios ratios
}

// NewRatios returns ratios that know nothing yet.
func NewRatios(cfg Config) *Ratios { return &Ratios{ratios: newRatios(cfg)} }

// Of is the ratio to expect of a partition.
func (r *Ratios) Of(kind Kind, path string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ratios.of(partition{kind: kind, path: path})
}

// Learn takes an object of that many encoded bytes, made from raw bytes.
func (r *Ratios) Learn(kind Kind, path string, raw, encoded int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ratios.learn(partition{kind: kind, path: path}, raw, encoded)
}
