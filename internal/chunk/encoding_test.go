package chunk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
)

// twisted is a Pipeline whose encoder's result is altered.
type twisted struct {
	memory
	twist func(form Encoded, res *encode.Result) Encoded
}

func (p *twisted) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	form, res, err := p.memory.Encode(ctx, k, records, limit)
	if twisted := p.twist(form, &res); twisted != nil || form == nil {
		return twisted, res, err
	}
	form.Release()
	return nil, res, err
}

// An encoder that contradicts itself may have lost records: none of them is
// acknowledged.
func TestEncoderThatContradictsItselfStoresNothing(t *testing.T) {
	refuse := func(at ...int) []encode.Refusal {
		var all []encode.Refusal
		for _, i := range at {
			all = append(all, encode.Refusal{Index: i, Err: errBad})
		}
		return all
	}
	for name, twist := range map[string]func(Encoded, *encode.Result) Encoded{
		"a row is missing":          func(e Encoded, r *encode.Result) Encoded { r.Rows--; return e },
		"a row too many":            func(e Encoded, r *encode.Result) Encoded { r.Rows++; return e },
		"takes nothing":             func(e Encoded, r *encode.Result) Encoded { r.Taken, r.Rows = 0, 0; return e },
		"takes and writes nothing":  func(_ Encoded, r *encode.Result) Encoded { r.Taken, r.Rows = 0, 0; return nil },
		"takes more than there are": func(e Encoded, r *encode.Result) Encoded { r.Taken++; r.Rows++; return e },
		"refuses one twice":         func(e Encoded, r *encode.Result) Encoded { r.Refused, r.Rows = refuse(0, 0), r.Taken-2; return e },
		"refuses out of order":      func(e Encoded, r *encode.Result) Encoded { r.Refused, r.Rows = refuse(1, 0), r.Taken-2; return e },
		"refuses what it has not":   func(e Encoded, r *encode.Result) Encoded { r.Refused, r.Rows = refuse(r.Taken), r.Taken-1; return e },
		"refuses before the first":  func(e Encoded, r *encode.Result) Encoded { r.Refused, r.Rows = refuse(-1), r.Taken-1; return e },
		"refuses without a reason": func(e Encoded, r *encode.Result) Encoded {
			r.Refused, r.Rows = []encode.Refusal{{}}, r.Taken-1
			return e
		},
		"rows and no object":         func(Encoded, *encode.Result) Encoded { return nil },
		"an object without any rows": func(e Encoded, r *encode.Result) Encoded { r.Refused, r.Rows = refuse(0, 1, 2)[:r.Taken], 0; return e },
	} {
		t.Run(name, func(t *testing.T) {
			p := &twisted{twist: twist}
			synctest.Test(t, func(t *testing.T) {
				m := start(t, Config{MaxAge: time.Second}, p)
				failures, err := write(t.Context(), m, "a", "1", "2", "3")
				require.NoError(t, err)
				assert.Len(t, failures, 3)
				assert.Zero(t, p.rows())
			})
		})
	}
}

// TestEncoderThatLosesRows: the encoder says that it took three and refused
// none, and wrote one.
func TestEncoderThatLosesRows(t *testing.T) {
	p := &twisted{}
	p.twist = func(e Encoded, r *encode.Result) Encoded {
		if e != nil && r.Rows > 1 {
			e.(*written).lines = e.(*written).lines[:1]
			r.Rows = 1
		}
		return e
	}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second}, p)
		failures, err := write(t.Context(), m, "a", "1", "2", "3")
		require.NoError(t, err)
		assert.Len(t, failures, 3, "with each record alone it is right, so that none is to blame")
		assert.Zero(t, p.rows())
	})
}

// fragile is a Pipeline whose encoder fails with records that begin with
// "panic" or "error".
type fragile struct {
	memory
	attempts atomic.Int64
}

var errFragile = errors.New("cannot encode this")

func (p *fragile) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	p.attempts.Add(1)
	for _, r := range records {
		switch {
		case bytes.HasPrefix(r.Raw, []byte("panic")):
			panic("index out of range")
		case bytes.HasPrefix(r.Raw, []byte("error")):
			return nil, encode.Result{}, errFragile
		}
	}
	return p.memory.Encode(ctx, k, records, limit)
}

// panics is an Observer that keeps the stacks of panics.
type panics struct {
	counter
	stacks []string
}

func (p *panics) Panicked(_ any, stack []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stacks = append(p.stacks, string(stack))
}

func TestRecordsThatTheEncoderFailsWithFollowThePolicy(t *testing.T) {
	lines := make([]string, 300)
	for i := range lines {
		lines[i] = fmt.Sprint(i)
	}
	culprits := map[int]string{7: "panic", 8: "error", 211: "panic", 299: "error", 150: "bad"}
	for i, what := range culprits {
		lines[i] = what
	}
	for name, policy := range map[string]BadRecordPolicy{"reject": Reject, "dead letter": ToDeadLetter, "drop": Drop} {
		t.Run(name, func(t *testing.T) {
			p, seen := &fragile{}, &panics{}
			cfg := Config{MaxAge: time.Second, OnBadRecord: policy, DeadLetters: letters{}, Uploads: 1, Observer: seen, MaxRecords: 250}
			synctest.Test(t, func(t *testing.T) {
				m := start(t, cfg, p)
				failures, err := write(t.Context(), m, "a", lines...)
				require.NoError(t, err)
				stored, dead := 0, []string{}
				for _, o := range p.landed() {
					if o.Kind == DeadLetter {
						dead = append(dead, o.lines...)
						continue
					}
					stored += len(o.lines)
				}
				assert.Equal(t, len(lines)-len(culprits), stored)
				failed := map[int]string{}
				for _, f := range failures {
					failed[f.Index] = f.Err.Error()
				}
				switch policy {
				case Reject:
					assert.Len(t, failed, len(culprits))
					assert.Equal(t, "encoding the record: the encoder panicked: index out of range", failed[7])
					assert.Equal(t, "encoding the record: cannot encode this", failed[299])
				case ToDeadLetter:
					assert.Len(t, dead, len(culprits))
					assert.Contains(t, strings.Join(dead, "\n"), "a|encoding the record: cannot encode this|error")
					assert.Empty(t, failed)
				case Drop:
					assert.Empty(t, failed)
					assert.Empty(t, dead)
				}
				assert.Less(t, p.attempts.Load(), int64(120), "halves, and not record by record")
				require.NotEmpty(t, seen.stacks)
				assert.Contains(t, seen.stacks[0], "fragile")
			})
		})
	}
}

// A single record that cannot be encoded takes nothing with it, and the
// partition goes on.
func TestSinglePoisonIsRefusedAlone(t *testing.T) {
	p := &fragile{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second}, p)
		failures, err := write(t.Context(), m, "a", "panic")
		require.NoError(t, err)
		require.Len(t, failures, 1)
		failures, err = write(t.Context(), m, "a", "fine")
		require.NoError(t, err)
		assert.Empty(t, failures)
		assert.Equal(t, 1, p.rows())
	})
}

// An error that passes is nobody's fault.
func TestErrorOfAnEncoderThatPassesHarmsNothing(t *testing.T) {
	for _, n := range []int{1, 5} {
		p := &moody{count: map[string]int{}, every: map[string]int{"encoder error": 1000}}
		p.count["encoder error"] = 1000
		synctest.Test(t, func(t *testing.T) {
			m := start(t, Config{MaxAge: time.Second, OnBadRecord: Drop}, p)
			failures, err := write(t.Context(), m, "a", make([]string, n)...)
			require.NoError(t, err)
			assert.Empty(t, failures)
			assert.Equal(t, n, p.rows())
		})
	}
}

// An encoder that fails whatever it is given fails every record, and those that
// an error leaves over are not lost either.
func TestEncoderThatAlwaysFailsReportsEveryRecord(t *testing.T) {
	p := &fragile{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second, MaxRecords: 2}, p)
		failures, err := write(t.Context(), m, "a", "error", "error", "error", "error", "error")
		require.NoError(t, err)
		assert.Len(t, failures, 5)
	})
}

// A dead letter that cannot be encoded is not described in a dead letter.
func TestDeadLetterThatIsRefusedIsReported(t *testing.T) {
	p := &twisted{}
	p.twist = func(e Encoded, r *encode.Result) Encoded {
		if e != nil && strings.Contains(e.(*written).lines[0], "|") {
			r.Refused, r.Rows = []encode.Refusal{{Index: 0, Err: errBad}}, 0
			return nil
		}
		return e
	}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Second, OnBadRecord: ToDeadLetter, DeadLetters: letters{}}, p)
		failures, err := write(t.Context(), m, "a", "bad")
		require.NoError(t, err)
		assert.Len(t, failures, 1)
		assert.Zero(t, p.rows())
	})
}

// Sixteen uploads and one encoder that takes 400 ms: a chunk that is due waits
// open until the encoder is free, so that records wait no longer than with one
// upload at a time.
func TestChunkThatIsDueGrowsUntilAnEncoderIsFree(t *testing.T) {
	for _, uploads := range []int{1, 2, 4, 16} {
		p := &slow{takes: 400 * time.Millisecond}
		p.latency = 50 * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			m := start(t, Config{MaxAge: 2 * time.Second, Uploads: uploads, Encoders: 1}, p)
			var all []*writing
			for i := range 600 {
				all = append(all, goWrite(t.Context(), m, fmt.Sprint(i%10), "x"))
				time.Sleep(100 * time.Millisecond)
			}
			worst, sum := time.Duration(0), time.Duration(0)
			for _, w := range all {
				<-w.done
				worst, sum = max(worst, w.took), sum+w.took
			}
			assert.Less(t, sum/600, 3*time.Second, "%d uploads", uploads)
			assert.LessOrEqual(t, worst, 7*time.Second, "%d uploads", uploads)
			assert.Equal(t, 600, p.rows())
		})
	}
}

// counting is a Pipeline that counts how many encode at once.
type counting struct {
	slow
	running, peak int
}

func (p *counting) Encode(ctx context.Context, k Kind, records []record.Record, limit int64) (Encoded, encode.Result, error) {
	p.mu.Lock()
	p.running++
	p.peak = max(p.peak, p.running)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.running--
		p.mu.Unlock()
	}()
	return p.slow.Encode(ctx, k, records, limit)
}

func TestStagesHaveLimitsOfTheirOwn(t *testing.T) {
	p := &counting{slow: slow{takes: time.Second}}
	p.latency = 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 4, Encoders: 2}, p)
		lines := make([]string, 40)
		began := time.Now()
		_, err := write(t.Context(), m, "a", lines...)
		require.NoError(t, err)
		assert.Equal(t, 2, p.peak, "encoders")
		assert.Equal(t, 4, p.memory.peak, "uploads")
		assert.Less(t, time.Since(began), 115*time.Second, "encoding goes on while others are uploaded")
		assert.Equal(t, 40, p.rows())
	})
}

// Encoded objects must not pile up in front of slow uploads.
func TestNothingIsEncodedThatCannotBeUploaded(t *testing.T) {
	p := &memory{latency: time.Hour}
	bubble(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 3, Encoders: 2}, p, func(t *testing.T, m *Manager) {
		w := goWrite(t.Context(), m, "a", make([]string, 20)...)
		time.Sleep(time.Minute)
		m.lock()
		assert.Equal(t, 3, m.ledger.passing())
		assert.Len(t, m.ledger.sealed, 17)
		m.unlock()
		<-w.done
	})
}
