package landing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// bucket is a Store in memory. It counts requests, and learns about itself as
// package store does.
type bucket struct {
	mu       sync.Mutex
	sorted   []string                // all keys
	objects  map[string]store.Object // what was put
	contents map[string]string

	puts, lists, heads int
	uploaded           int64 // bytes of all bodies

	caps store.Capabilities
	// denyList and denyHead take rights away; without the right to list, what is
	// missing is denied as well.
	denyList, denyHead bool
	// unconditional answers 501 to conditional writes, and ignorant stores
	// whatever it is asked to.
	unconditional, ignorant bool
	latency                 time.Duration
	// fault decides about a Put before or after it was carried out; nil means
	// never.
	before, after func(o store.Object) error
}

// newBucket returns a bucket that honours conditional writes, as is known.
func newBucket(keys ...string) *bucket {
	b := &bucket{objects: map[string]store.Object{}, contents: map[string]string{}}
	b.caps[store.ConditionalPut] = store.Shown
	b.sorted = slices.Clone(keys)
	if !slices.IsSorted(b.sorted) {
		slices.Sort(b.sorted)
	}
	return b
}

func (b *bucket) Put(ctx context.Context, o store.Object) (store.Result, error) {
	if err := b.wait(ctx); err != nil {
		return store.Result{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.puts++
	b.uploaded += o.Body.Len()
	if b.before != nil {
		if err := b.before(o); err != nil {
			return store.Result{}, err
		}
	}
	if err := b.store(o); err != nil {
		return store.Result{}, err
	}
	if b.after != nil {
		return store.Result{}, b.after(o)
	}
	return store.Result{}, nil
}

func (b *bucket) store(o store.Object) error {
	if b.unconditional && o.IfNoneMatch {
		b.caps[store.ConditionalPut] = store.Refuted
		return store.ErrNotImplemented
	}
	at, taken := slices.BinarySearch(b.sorted, o.Key)
	if taken && o.IfNoneMatch && !b.ignorant {
		return exists(false)
	}
	if !taken {
		b.sorted = slices.Insert(b.sorted, at, o.Key)
	}
	var text strings.Builder
	if _, err := o.Body.WriteTo(&text); err != nil {
		return err
	}
	o.Body = nil
	b.objects[o.Key], b.contents[o.Key] = o, text.String()
	return nil
}

// exists is the error of a key that is taken; doubtful when an earlier try of
// the same Put may have taken it.
func exists(doubtful bool) error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassExists, Err: store.ErrExists, OutcomeUnknown: doubtful}
}

// lost is the error of an upload whose answer did not arrive.
func lost() error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassNetwork, Err: errors.New("reset"), OutcomeUnknown: true}
}

func denied(op store.Op) error {
	return &store.Error{Op: op, Class: store.ClassDenied, Err: errors.New("AccessDenied")}
}

func (*bucket) Sum(b *store.Body) store.Sum {
	return store.Sum{Algorithm: store.ChecksumCRC32C, Value: fmt.Sprint(b.Len())}
}

func (b *bucket) Conditional(int64) store.Known {
	return b.Capabilities()[store.ConditionalPut]
}

func (b *bucket) Capabilities() store.Capabilities {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.caps
}

func (b *bucket) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if err := b.wait(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists++
	if b.denyList {
		b.caps[store.List] = store.Refuted
		return nil, denied(store.OpListObjects)
	}
	b.caps[store.List] = store.Shown
	from, found := slices.BinarySearch(b.sorted, max(prefix, after))
	if found && after >= prefix {
		from++
	}
	var keys []string
	for _, k := range b.sorted[from:] {
		if !strings.HasPrefix(k, prefix) || len(keys) == limit {
			break
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func (b *bucket) Head(ctx context.Context, key string) (map[string]string, error) {
	if err := b.wait(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heads++
	_, there := slices.BinarySearch(b.sorted, key)
	switch {
	case b.denyHead || !there && b.denyList:
		b.caps[store.Head] = store.Refuted
		return nil, denied(store.OpHeadObject)
	case !there:
		b.caps[store.Head] = store.Shown
		return nil, store.ErrNotFound
	}
	b.caps[store.Head] = store.Shown
	return map[string]string{}, nil
}

func (b *bucket) wait(ctx context.Context) error {
	if b.latency > 0 {
		time.Sleep(b.latency)
	}
	return ctx.Err()
}

func (b *bucket) keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sorted)
}

// added are the keys that were put.
func (b *bucket) added() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// overwritten are the keys that were there and were put all the same.
func (b *bucket) overwritten(earlier ...string) []string {
	return slices.DeleteFunc(earlier, func(k string) bool { _, put := b.objects[k]; return !put })
}

func layout(t testing.TB, fileName string) *template.Layout {
	t.Helper()
	l, err := template.Compile(template.Config{Folder: "in", FileName: fileName, Extension: ".json", Variables: []string{"v"}})
	require.NoError(t, err)
	return l
}

func lander(t testing.TB, b Store, fileName string) *Lander {
	t.Helper()
	return New(Config{
		Data: Format{
			NewEncoder:  func() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) },
			Namer:       layout(t, fileName),
			ContentType: "application/x-ndjson",
		},
	}, b)
}

// path renders the partition path of a value.
func path(t testing.TB, l *Lander, value string) string {
	t.Helper()
	namer := l.cfg.Data.Namer.(*template.Layout)
	var v template.Values
	if len(namer.Variables()) > 0 {
		v.Variables = [][]byte{[]byte(value)}
	}
	p, err := namer.AppendPath(nil, v)
	require.NoError(t, err)
	return string(p)
}

// opened is the clock of all objects.
var opened = time.Unix(1_750_000_000, 0)

// object encodes lines of JSON as an object of a partition.
func object(t testing.TB, l *Lander, value string, lines ...string) chunk.Object {
	t.Helper()
	records := make([]record.Record, len(lines))
	for i, line := range lines {
		records[i].Raw = []byte(line)
	}
	enc, res, err := l.Encode(t.Context(), chunk.Data, records, 0)
	require.NoError(t, err)
	return chunk.Object{
		ID: "id-" + lines[0][:min(len(lines[0]), 20)], Path: path(t, l, value), Opened: opened, Reason: chunk.Size,
		Records: records, Encoded: enc, Bytes: res.Bytes,
	}
}

func land(t testing.TB, l *Lander, lines ...string) error {
	t.Helper()
	o := object(t, l, "v", lines...)
	defer o.Encoded.Release()
	_, err := l.Land(t.Context(), o)
	return err
}

// large is a line that makes an object worth a look.
func large(line string) string { return `"` + line + strings.Repeat("x", lookFirst) + `"` }
