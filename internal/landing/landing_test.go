package landing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// bucket is a Store in memory that honours conditional writes.
type bucket struct {
	mu          sync.Mutex
	objects     map[string]store.Object
	contents    map[string]string
	puts        int
	lists       int
	denyList    bool
	noCondition bool // answers 501 to conditional writes
}

func newBucket(keys ...string) *bucket {
	b := &bucket{objects: map[string]store.Object{}, contents: map[string]string{}}
	for _, k := range keys {
		b.objects[k] = store.Object{Key: k}
		b.contents[k] = "earlier"
	}
	return b
}

func (b *bucket) Put(_ context.Context, o store.Object) (store.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.puts++
	if b.noCondition && o.IfNoneMatch {
		return store.Result{}, store.ErrNotImplemented
	}
	if _, taken := b.objects[o.Key]; taken && o.IfNoneMatch {
		return store.Result{}, store.ErrExists
	}
	b.objects[o.Key] = o
	var text strings.Builder
	if _, err := o.Body.WriteTo(&text); err != nil {
		return store.Result{}, err
	}
	b.contents[o.Key] = text.String()
	return store.Result{}, nil
}

func (b *bucket) ListAfter(_ context.Context, prefix, after string, fn func(string) bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists++
	if b.denyList {
		return &store.Error{Op: store.OpListObjects, Class: store.ClassDenied, Err: errors.New("AccessDenied")}
	}
	for _, k := range b.keys() {
		if strings.HasPrefix(k, prefix) && k > after && !fn(k) {
			break
		}
	}
	return nil
}

func (b *bucket) keys() []string {
	var keys []string
	for k := range b.objects {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func lander(t *testing.T, b Store, fileName string) *Lander {
	t.Helper()
	layout, err := template.Compile(template.Config{Folder: "in", FileName: fileName, Extension: ".json"})
	require.NoError(t, err)
	return New(Config{
		Data: Format{
			NewEncoder:  func() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) },
			Namer:       layout,
			ContentType: "application/x-ndjson",
		},
	}, b)
}

// path renders the partition path of a layout without variables.
func path(t *testing.T, l *Lander) string {
	t.Helper()
	p, err := l.cfg.Data.Namer.(*template.Layout).AppendPath(nil, template.Values{})
	require.NoError(t, err)
	return string(p)
}

func land(t *testing.T, l *Lander, lines ...string) error {
	t.Helper()
	records := make([]record.Record, len(lines))
	for i, line := range lines {
		records[i].Raw = []byte(line)
	}
	enc, res, err := l.Encode(t.Context(), chunk.Data, records, 0)
	require.NoError(t, err)
	defer enc.Release()
	_, err = l.Land(t.Context(), chunk.Object{
		ID: "id-" + lines[0], Path: path(t, l), Opened: time.Unix(1_750_000_000, 0), Reason: chunk.Size,
		Records: records, Encoded: enc, Bytes: res.Bytes,
	})
	return err
}

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
	assert.Equal(t, "earlier", b.contents["in/f-r+0+1.json"])
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
	l := ranged(t, b, "f-{{source_range}}")
	l.WithoutConditions()
	require.NoError(t, land(t, l, "1"))
	require.Len(t, b.keys(), 2)
	assert.Regexp(t, `^in/f-r\+0\+1-[0-9a-f-]{36}\.json$`, b.keys()[0])
}

func TestRestartContinuesAfterTheHighestNumberByOneListing(t *testing.T) {
	b := newBucket("in/f-00001.json", "in/f-00002.json", "in/f-00007.json", "in/g-00009.json")
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Contains(t, b.keys(), "in/f-00008.json")
	assert.Contains(t, b.keys(), "in/f-00009.json")
	assert.Equal(t, 1, b.lists)
	assert.Equal(t, 3, b.puts)
	assert.Equal(t, "earlier", b.contents["in/f-00001.json"])
}

func TestRestartWithoutListingFindsTheEndInGrowingStrides(t *testing.T) {
	var keys []string
	for i := range 1000 {
		keys = append(keys, fmt.Sprintf("in/f-%05d.json", i+1))
	}
	b := newBucket(keys...)
	b.denyList = true
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	assert.Less(t, b.puts, 80)
	assert.Equal(t, 1, b.lists, "a refused listing must not be tried again")
	added := slices.DeleteFunc(b.keys(), func(k string) bool { return slices.Contains(keys, k) })
	require.Len(t, added, 1)
	assert.LessOrEqual(t, added[0], "in/f-01126.json", "at most an eighth of the numbers is wasted")
}

func TestNameWithoutNumberGetsOneWhenItIsTaken(t *testing.T) {
	b := newBucket("in/f.json")
	l := lander(t, b, "f")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Equal(t, []string{"in/f-00002.json", "in/f-00003.json", "in/f.json"}, b.keys())
	assert.Equal(t, "earlier", b.contents["in/f.json"])
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
	b.noCondition = true
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Len(t, b.keys(), 3)
	assert.Equal(t, "earlier", b.contents["in/f-00001.json"])
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
