package landing

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// TestWhoIsWorthALook: an object from lookFirst bytes on, and none whose records
// are in its name.
func TestWhoIsWorthALook(t *testing.T) {
	for _, c := range []struct {
		what, file string
		size       int64
		looks      int
	}{
		{"smaller", "f-{{chunk_id}}", lookFirst - 1, 0},
		{"just as large", "f-{{chunk_id}}", lookFirst, 1},
		{"a source range", "f-{{source_range}}", lookFirst, 0},
		{"a source range and a number", "{{chunk_id}}-{{source_range}}", lookFirst, 0},
	} {
		b := newBucket()
		l := lander(t, b, c.file)
		l.cfg.Range = func([]record.Record) string { return "r" }
		body := &store.Body{}
		_, _ = body.Write(make([]byte, c.size))
		_, err := l.Land(t.Context(), chunk.Object{Path: path(t, l, ""), Opened: opened, Encoded: &encoded{body: body, rows: 1}})
		require.NoError(t, err)
		assert.Equal(t, c.looks, b.lists, c.what)
		body.Reset()
	}
}

// TestAListingThatHoldsTheEndIsEnough: one that begins at a taken number, and
// one that shows that nothing follows.
func TestAListingThatHoldsTheEndIsEnough(t *testing.T) {
	b := newBucket(numbered(3, "in/f-%05d.json")...)
	require.NoError(t, land(t, lander(t, b, "f-{{chunk_id}}"), "1"))
	assert.Equal(t, []string{"in/f-00004.json"}, b.added())
	assert.Equal(t, 2, b.lists)
}

// candid is a bucket that says of a missing object that it is missing although
// listing is not allowed, as stores other than AWS do.
type candid struct{ *bucket }

func (c *candid) Head(ctx context.Context, key string) (map[string]string, error) {
	found, err := c.bucket.Head(ctx, key)
	if err != nil {
		return nil, store.ErrNotFound
	}
	return found, nil
}

// TestReadingFindsFreshNames, whether the store says that what is missing is
// missing, or denies it where something was read before.
func TestReadingFindsFreshNames(t *testing.T) {
	for what, wrap := range map[string]func(b *bucket) Store{
		"says so": func(b *bucket) Store { return &candid{b} },
		"denies":  func(b *bucket) Store { return b },
	} {
		b := newBucket("in/f-00001.json")
		b.denyList = true
		l := lander(t, wrap(b), "f-{{chunk_id}}")
		require.NoError(t, land(t, l, "1"))
		b.puts = 0
		for _, file := range []string{"f-{{chunk_id}}", "g-{{chunk_id}}"} {
			l.cfg.Data.Namer = layout(t, file)
			require.NoError(t, land(t, l, large("1")))
		}
		assert.Equal(t, []string{"in/f-00002.json", "in/f-00003.json", "in/g-00001.json"}, b.added(), what)
		assert.Equal(t, 2, b.puts, what)
	}
}

// shaky is a bucket whose answers to reading fail from time to time.
type shaky struct {
	*bucket
	fails func(key string) bool
}

func (s *shaky) Head(ctx context.Context, key string) (map[string]string, error) {
	if s.fails(key) {
		return nil, lost()
	}
	return s.bucket.Head(ctx, key)
}

// TestAFailureIsNoAnswer: that reading failed tells neither that a number is
// free nor that reading is not allowed.
func TestAFailureIsNoAnswer(t *testing.T) {
	for _, failing := range []string{"in/f-00001.json", "in/f-00018.json", "in/f-00041.json"} {
		b := newBucket(numbered(40, "in/f-%05d.json")...)
		b.denyList = true
		broken := true
		l := lander(t, &shaky{b, func(key string) bool { return broken && key == failing }}, "f-{{chunk_id}}")
		name, err := l.cfg.Data.Namer.Name(path(t, l, ""), template.ObjectNaming{})
		require.NoError(t, err)
		_, err = l.look(t.Context(), name, 1)
		require.ErrorContains(t, err, "reading "+failing)
		broken = false
		last, err := l.look(t.Context(), name, 1)
		require.NoError(t, err, failing)
		assert.Equal(t, 40, last)
	}
}

// TestALookHasATimeLimit: a store that does not answer must not hold an upload
// that does without one.
func TestALookHasATimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket("in/f-00001.json")
		b.denyList = true
		l := lander(t, &silent{b}, "f-{{chunk_id}}")
		began := time.Now()
		require.NoError(t, land(t, l, large("1")))
		assert.GreaterOrEqual(t, time.Since(began), lookTimeout)
		assert.Less(t, time.Since(began), 3*lookTimeout)
	})
}

// silent is a bucket that does not answer questions.
type silent struct{ *bucket }

func (s *silent) List(ctx context.Context, _, _ string, _ int) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *silent) Head(ctx context.Context, _ string) (map[string]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestOneFindsOutWithoutAnyRight: a denial is no free number, so that the others
// wait for the one that finds a number by uploading.
func TestOneFindsOutWithoutAnyRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(numbered(5, "in/f-%05d.json")...)
		b.latency = time.Second
		b.denyList, b.denyHead = true, true
		l := lander(t, b, "f-{{chunk_id}}")
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() { assert.NoError(t, land(t, l, large("1"))) })
		}
		wg.Wait()
		assert.Len(t, b.added(), 16)
		assert.LessOrEqual(t, b.puts, 16+maxTaken, "only one of them is uploaded in vain")
	})
}

// TestObjectsOfAFreshNameGoTogether once the first has shown that it is fresh.
func TestObjectsOfAFreshNameGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.latency = time.Second
		l := lander(t, b, "f-{{chunk_id}}")
		require.NoError(t, land(t, l, "1"))
		began := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { assert.NoError(t, land(t, l, large("1"))) })
		}
		wg.Wait()
		assert.Equal(t, time.Second, time.Since(began))
		assert.Zero(t, b.lists, "and none looks, however large it is")
	})
}

// TestWhoeverGivesUpWaitingIsNoScout: the one that looks goes on, and the others
// wait for it.
func TestWhoeverGivesUpWaitingIsNoScout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket()
		b.latency = time.Second
		l := lander(t, b, "f-{{chunk_id}}")
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, land(t, l, "1")) })
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("stopped")
		wg.Go(func() {
			o := object(t, l, "v", "2")
			defer o.Encoded.Release()
			_, err := l.Land(ctx, o)
			assert.ErrorIs(t, err, reason)
		})
		synctest.Wait()
		cancel(reason)
		synctest.Wait()
		began := time.Now()
		wg.Go(func() { assert.NoError(t, land(t, l, "3")) })
		wg.Wait()
		assert.Equal(t, 2*time.Second, time.Since(began), "the third waits for the first")
		assert.Equal(t, 2, b.puts)
	})
}

// TestAKeyThatIsTooLongIsNotLookedFor: no store can have it.
func TestAKeyThatIsTooLongIsNotLookedFor(t *testing.T) {
	b := newBucket()
	b.denyList = true
	l := lander(t, b, "f-{{chunk_id}}")
	name, err := l.cfg.Data.Namer.Name(strings.Repeat("x", template.MaxKeyBytes)+path(t, l, ""), template.ObjectNaming{})
	require.NoError(t, err)
	_, err = l.look(t.Context(), name, 0)
	require.ErrorIs(t, err, template.ErrKeyTooLong)
	assert.Zero(t, b.heads)
}
