package chunk

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is left of a chunk without the records that cannot be encoded is its
// object, at once and for its reason.
func TestRecordsBesideBadOnesAreInTheObjectOfTheirChunk(t *testing.T) {
	p := &fragile{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 4}, p)
		w := goWrite(t.Context(), m, "a", "1", "error", "2", "panic")
		synctest.Wait()
		require.Len(t, p.landed(), 1)
		assert.Equal(t, []string{"1", "2"}, p.landed()[0].lines)
		assert.Equal(t, Records, p.landed()[0].Reason)
		assert.Equal(t, "chunk-1", p.landed()[0].ID)
		<-w.done
		assert.Len(t, w.failures, 2)
	})
}

// When nothing is left, nothing is encoded once more, and nobody is told of an
// object that failed.
func TestChunkOfNothingButBadRecordsHasNoObject(t *testing.T) {
	p, seen := &fragile{}, &changes{}
	synctest.Test(t, func(t *testing.T) {
		m := start(t, Config{MaxAge: time.Hour, MaxRecords: 2, Observer: seen}, p)
		w := goWrite(t.Context(), m, "a", "error", "panic")
		synctest.Wait()
		<-w.done
		assert.Len(t, w.failures, 2)
		assert.Equal(t, int64(5), p.attempts.Load(), "both together, and each twice")
		assert.Zero(t, seen.failed)
		assert.Empty(t, p.landed())
		atRest(t, m)
	})
}
