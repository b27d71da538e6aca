package landing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
)

func TestObjectsOfANameAreNumbered(t *testing.T) {
	b := newBucket()
	l := lander(t, b, "f-{{chunk_id}}")
	for i := range 3 {
		require.NoError(t, land(t, l, fmt.Sprint(i)))
	}
	assert.Equal(t, []string{"in/f-00001.json", "in/f-00002.json", "in/f-00003.json"}, b.keys())
	o := b.objects["in/f-00002.json"]
	assert.Equal(t, "1\n", b.contents[o.Key])
	assert.Equal(t, "id-1", o.Identity)
	assert.Equal(t, map[string]string{MetaRows: "1", MetaReason: "size"}, o.Metadata)
	assert.Equal(t, "application/x-ndjson", o.ContentType)
	assert.Zero(t, b.lists, "a fresh name must not cost a listing")
}

// ranged is a lander whose range is the text of the first record.
func ranged(t *testing.T, b Store, fileName string) *Lander {
	t.Helper()
	l := lander(t, b, fileName)
	l.cfg.Range = func(records []record.Record) string { return "r+0+" + string(records[0].Raw) }
	return l
}

func TestObjectsAreNamedByTheirSourceRange(t *testing.T) {
	b := newBucket()
	l := ranged(t, b, "f-{{source_range}}")
	for i := range 3 {
		require.NoError(t, land(t, l, fmt.Sprint(i), "9"))
	}
	assert.Equal(t, []string{"in/f-r+0+0.json", "in/f-r+0+1.json", "in/f-r+0+2.json"}, b.keys(), "no number where ranges differ")
	assert.Zero(t, b.lists)
	assert.Empty(t, l.names.recent, "a name for each object is not remembered")
}

// TestRangeThatIsTakenGetsTheNextNumber delivers records again, as after a
// crash, twice by this process and after others by another one.
func TestRangeThatIsTakenGetsTheNextNumber(t *testing.T) {
	b := newBucket("in/f-r+0+1.json", "in/f-r+0+1-00002.json", "in/f-r+0+12-00009.json")
	l := ranged(t, b, "f-{{source_range}}")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "1"))
	assert.Equal(t, []string{
		"in/f-r+0+1-00002.json", "in/f-r+0+1-00003.json", "in/f-r+0+1-00004.json", "in/f-r+0+1.json", "in/f-r+0+12-00009.json",
	}, b.keys())
	assert.Empty(t, b.overwritten("in/f-r+0+1.json"))
	b.denyList = true
	require.NoError(t, land(t, l, "1"))
	assert.Contains(t, b.keys(), "in/f-r+0+1-00005.json")
}

func TestNumbersCountOnFromRangeToRange(t *testing.T) {
	b := newBucket()
	l := ranged(t, b, "{{chunk_id}}-{{source_range}}")
	require.NoError(t, land(t, l, "7"))
	require.NoError(t, land(t, l, "8"))
	assert.Equal(t, []string{"in/00001-r+0+7.json", "in/00002-r+0+8.json"}, b.keys())
}

func TestRangeOnAStoreThatIgnoresConditions(t *testing.T) {
	b := newBucket("in/f-r+0+1.json")
	b.caps[store.ConditionalPut], b.ignorant = store.Refuted, true
	l := ranged(t, b, "f-{{source_range}}")
	require.NoError(t, land(t, l, "1"))
	require.Len(t, b.keys(), 2)
	assert.Regexp(t, `^in/f-r\+0\+1-[0-9a-f-]{36}\.json$`, b.keys()[0])
}

func TestNameWithoutNumberGetsOneWhenItIsTaken(t *testing.T) {
	b := newBucket("in/f.json")
	l := lander(t, b, "f")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Equal(t, []string{"in/f-00002.json", "in/f-00003.json", "in/f.json"}, b.keys())
	assert.Equal(t, 3, b.puts, "the second is not tried without a number")
	assert.Empty(t, b.overwritten("in/f.json"))
}

func TestNameWithUUIDNeedsNoNumber(t *testing.T) {
	b := newBucket()
	l := lander(t, b, "f-{{uuid}}")
	for i := range 20 {
		require.NoError(t, land(t, l, fmt.Sprint(i)))
	}
	assert.Len(t, b.keys(), 20)
	for _, k := range b.keys() {
		assert.Len(t, k, len("in/f-.json")+36)
	}
}

func TestStoreWithoutConditionalWritesGetsUniqueNames(t *testing.T) {
	b := newBucket("in/f-00001.json")
	b.unconditional = true
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Len(t, b.keys(), 3)
	assert.Empty(t, b.overwritten("in/f-00001.json"))
}

func TestWritersOfOneNameNeverShareAKey(t *testing.T) {
	b := newBucket()
	var wg sync.WaitGroup
	for w := range 4 { // as many processes
		l := lander(t, b, "f-{{chunk_id}}")
		for range 4 {
			wg.Go(func() {
				for i := range 10 {
					assert.NoError(t, land(t, l, fmt.Sprintf("1%d%d", w, i)))
				}
			})
		}
	}
	wg.Wait()
	assert.Len(t, b.keys(), 160)
}

func TestErrorsOfTheStoreAreReported(t *testing.T) {
	broken := errors.New("no")
	l := lander(t, failing{newBucket(), broken}, "f-{{chunk_id}}")
	require.ErrorIs(t, land(t, l, "1"), broken)
}

type failing struct {
	*bucket
	err error
}

func (f failing) Put(context.Context, store.Object) (store.Result, error) {
	return store.Result{}, f.err
}

func TestRefusedRecordsLeaveNoObject(t *testing.T) {
	l := lander(t, newBucket(), "f")
	enc, res, err := l.Encode(t.Context(), chunk.Data, []record.Record{{Raw: []byte("{")}}, 0)
	require.NoError(t, err)
	assert.Nil(t, enc)
	assert.Len(t, res.Refused, 1)
}

type liar struct{}

func (liar) Encode(w io.Writer, records []record.Record, _ int64) (encode.Result, error) {
	_, err := w.Write([]byte("four"))
	return encode.Result{Taken: len(records), Rows: len(records), Bytes: 3}, err
}

func TestEncoderThatMiscountsIsCaught(t *testing.T) {
	l := New(Config{Data: Format{NewEncoder: func() encode.Encoder { return liar{} }}}, newBucket())
	_, _, err := l.Encode(t.Context(), chunk.Data, make([]record.Record, 1), 0)
	require.ErrorContains(t, err, "reports 3 bytes and wrote 4")
}
