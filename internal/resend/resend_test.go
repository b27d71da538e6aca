package resend

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func batchOf(payloads ...string) service.MessageBatch {
	var batch service.MessageBatch
	for _, p := range payloads {
		batch = append(batch, service.NewMessage([]byte(p)))
	}
	return batch
}

type messageKey struct{}

// arrived is a batch as an input makes it: each message has a context of its
// own.
func arrived(payloads ...string) service.MessageBatch {
	batch := batchOf(payloads...)
	for i, m := range batch {
		batch[i] = m.WithContext(context.WithValue(context.Background(), messageKey{}, i))
	}
	return batch
}

// sentAgain is a batch as retry sends it.
func sentAgain(batch service.MessageBatch) service.MessageBatch { return batch.Copy() }

var secondFails = []chunk.Failure{{Index: 1, Err: errors.New("bad")}}

func TestBatchThatIsSentAgainIsKnown(t *testing.T) {
	r := &Memory{enabled: true}
	batch := arrived("a", "b", "c")
	assert.Nil(t, r.Take(batch))
	r.Remember(batch, secondFails, nil)
	h := r.Take(sentAgain(batch))
	require.NotNil(t, h)
	assert.Equal(t, []bool{true, false, true}, []bool{h.Done(0), h.Done(1), h.Done(2)})
	assert.Nil(t, r.Take(sentAgain(batch)), "who takes it has it")
	r.Put(h)
	h = r.Take(sentAgain(sentAgain(batch)))
	require.NotNil(t, h)
	r.Remember(sentAgain(batch), secondFails, h)
	require.NotNil(t, r.Take(sentAgain(batch)), "for as long as it takes")
	assert.False(t, r.some.Load())
	assert.Zero(t, r.bytes)
	assert.False(t, (*Batch)(nil).Done(0))
}

func TestParsedBatchThatIsSentAgainIsKnown(t *testing.T) {
	r := &Memory{enabled: true}
	batch := arrived("", "", "")
	for i, m := range batch {
		m.SetStructured(map[string]any{"i": i})
	}
	r.Remember(sentAgain(batch), secondFails, nil)
	again := sentAgain(batch)
	_, err := again[0].AsBytes() // as somebody may have asked
	require.NoError(t, err)
	require.NotNil(t, r.Take(again))
}

func TestOtherBatchesAreNotKnown(t *testing.T) {
	batch := arrived("a", "b", "c")
	equal := arrived("a", "b", "c")
	tagged := sentAgain(batch)
	tagged[2].MetaSetMut("tenant", "x")
	moved := sentAgain(batch)
	moved[0], moved[2] = moved[2], moved[0]
	// The payload of another message in the same memory, as of an input that
	// serves its records out of memory.
	served := sentAgain(batch)
	for i, m := range served {
		served[i] = m.WithContext(context.WithValue(context.Background(), messageKey{}, i))
	}
	changed := sentAgain(batch)
	changed[1].SetBytes([]byte("B"))
	again := sentAgain(batch)
	again[1].SetBytes([]byte("b"))
	for name, other := range map[string]service.MessageBatch{
		"made anew from equal bytes": again,
		"equal":                      equal, "with other metadata": tagged, "in another order": moved, "of another input": served,
		"with another payload": changed, "shorter": sentAgain(batch)[:2], "longer": append(sentAgain(batch), equal[0]),
	} {
		r := &Memory{enabled: true}
		r.Remember(batch, secondFails, nil)
		assert.Nil(t, r.Take(other), name)
		assert.NotNil(t, r.Take(sentAgain(batch)), name)
	}
}

func TestBatchThatHasLostMetadataIsNotKnown(t *testing.T) {
	batch := arrived("a", "b")
	batch[0].MetaSetMut("tenant", "x")
	r := &Memory{enabled: true}
	r.Remember(batch, secondFails, nil)
	other := sentAgain(batch)
	other[0].MetaDelete("tenant")
	assert.Nil(t, r.Take(other))
	assert.NotNil(t, r.Take(sentAgain(batch)))
}

func TestWhatCannotBeToldApartIsNotRemembered(t *testing.T) {
	shared := arrived("a", "b")
	shared[1] = shared[1].WithContext(shared[0].Context())
	tooLarge := arrived("a", string(make([]byte, resendBytes)))
	for name, batch := range map[string]service.MessageBatch{
		"without contexts": batchOf("a", "b"), "an empty payload": arrived("", "b"), "too large": tooLarge,
		"parts of one message": shared,
	} {
		r := &Memory{enabled: true}
		r.Remember(batch, secondFails, nil)
		assert.False(t, r.some.Load(), name)
	}
	for name, failures := range map[string][]chunk.Failure{"all stored": nil, "nothing stored": {{Index: 0}, {Index: 1}}} {
		r := &Memory{enabled: true}
		r.Remember(arrived("a", "b"), failures, nil)
		assert.False(t, r.some.Load(), name)
	}
	r := &Memory{}
	r.Remember(arrived("a", "b"), secondFails, nil)
	assert.False(t, r.some.Load(), "nobody sends a batch again")
	assert.True(t, wrapped([]string{"output", "retry", "output"}))
	assert.True(t, wrapped([]string{"output", "broker", "outputs", "0"}))
	assert.False(t, wrapped([]string{"output"}))
	assert.False(t, wrapped([]string{"output_resources", "retry", "output"}), "two may use it")
}

func TestRememberedBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Memory{enabled: true}
		var batches []service.MessageBatch
		for i := range 2 * resendBatches {
			batches = append(batches, arrived(fmt.Sprint(i), "b"))
			r.Remember(batches[i], secondFails, nil)
		}
		assert.Len(t, r.batches, resendBatches)
		assert.Nil(t, r.Take(sentAgain(batches[0])), "the oldest goes first")
		last := batches[len(batches)-1]
		h := r.Take(sentAgain(last))
		require.NotNil(t, h)
		r.Put(h)
		for i := range 40 {
			r.Remember(arrived(fmt.Sprint(i), string(make([]byte, 1<<20))), secondFails, nil)
			assert.LessOrEqual(t, r.bytes, int64(resendBytes))
		}
		r.Remember(last, secondFails, nil)
		time.Sleep(resendTime + time.Second)
		assert.Nil(t, r.Take(sentAgain(last)), "it is long ago")
		assert.Zero(t, r.bytes)
		assert.False(t, r.some.Load())
	})
}

// TestOnlyCopiesOfABatchAreTaken: whatever is sent in whatever order, a batch is
// known only if it is a copy of one that failed in part and was not taken since.
func TestOnlyCopiesOfABatchAreTaken(t *testing.T) {
	shared := [][]byte{[]byte("a"), []byte("b"), []byte("c")} // memory that many messages have
	property.Check(t, func(t *rapid.T) {
		r := &Memory{enabled: true}
		var origins []service.MessageBatch
		known := map[int]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if len(origins) == 0 || rapid.Bool().Draw(t, "new") {
				var batch service.MessageBatch
				for i := range rapid.IntRange(2, 3).Draw(t, "size") {
					m := service.NewMessage(shared[rapid.IntRange(0, 2).Draw(t, "payload")])
					if rapid.Bool().Draw(t, "tagged") {
						m.MetaSetMut("tag", rapid.IntRange(0, 1).Draw(t, "tag"))
					}
					batch = append(batch, m.WithContext(context.WithValue(context.Background(), messageKey{}, i)))
				}
				origins = append(origins, batch)
			}
			i := rapid.IntRange(0, len(origins)-1).Draw(t, "batch")
			again := sentAgain(origins[i])
			h := r.Take(again)
			require.Equal(t, known[i], h != nil)
			switch rapid.IntRange(0, 2).Draw(t, "outcome") {
			case 0:
				r.Remember(again, []chunk.Failure{{Index: 0}}, h)
				known[i] = true
			case 1:
				r.Put(h) // the call ended in another way
			case 2:
				known[i] = false
			}
		}
	})
}
