package courier

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/deadletter"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/json"
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dir = "/spool/label"

// kind is how a bucket and the names in it are.
type kind struct {
	file string
	// honours conditions, and lets objects be read.
	honours, reads bool
}

// kinds are those under which each record is in one object, whatever happens.
var kinds = []kind{
	{file: "f-{{chunk_id}}", honours: true, reads: true},
	{file: "f-{{uuid}}", honours: true},
	{file: "f-{{chunk_id}}"}, // the names get a suffix
}

// world is what outlives a process: a disk, a bucket, and requests that are on
// their way to it.
type world struct {
	t    tester
	kind kind
	disk *crashdisk.Disk
	rand *rand.Rand

	bucket  sync.Mutex // objects may be sent at the same time
	objects map[string]object
	late    []object
	calm    bool // the bucket answers
	tweak   func(*spool.Options)
	later   time.Duration // how much later it is than at first

	appended, acknowledged map[string]bool
	losses                 []spool.Loss
	records                int
}

type object struct {
	key, identity, body string
	conditional         bool
}

// tester is a test, or a case of one that is drawn.
type tester interface {
	require.TestingT
	Helper()
	Cleanup(func())
	Context() context.Context
}

func newWorld(t tester, k kind, seed uint64) *world {
	return &world{
		t: t, kind: k, disk: crashdisk.New(seed), rand: rand.New(rand.NewPCG(seed, 2)),
		objects: map[string]object{}, appended: map[string]bool{}, acknowledged: map[string]bool{},
	}
}

// The world is a landing.Store, as package store is one.
var _ landing.Store = (*world)(nil)

func (w *world) Sum(*store.Body) store.Sum { return store.Sum{} }

func (w *world) List(context.Context, string, string, int) ([]string, error) {
	return nil, store.ErrNotFound
}

func (w *world) Capabilities() store.Capabilities { return store.Capabilities{} }

func (w *world) Head(context.Context, string) (map[string]string, error) {
	return nil, store.ErrNotFound
}

func (w *world) Conditional(int64) store.Known {
	if w.kind.honours {
		return store.Shown
	}
	return store.Refuted
}

func (w *world) Put(_ context.Context, o store.Object) (store.Result, error) {
	var body bytes.Buffer
	_, err := o.Body.WriteTo(&body)
	require.NoError(w.t, err)
	w.bucket.Lock()
	defer w.bucket.Unlock()
	sent := object{key: o.Key, identity: o.Identity, body: body.String(), conditional: o.IfNoneMatch}
	if w.calm {
		return store.Result{}, w.answer(sent, o.MayExist)
	}
	w.arrive(w.rand.IntN(2))
	switch w.rand.IntN(6) {
	case 0: // the request is lost, or late
		w.late = append(w.late, sent)
		return store.Result{}, lost()
	case 1: // the answer is lost
		w.write(sent)
		return store.Result{}, lost()
	case 2: // another writer is faster, where one can have the name
		if strings.Contains(w.kind.file, "chunk_id") && w.kind.honours {
			w.write(object{key: o.Key, identity: "another", conditional: true})
		}
	}
	return store.Result{}, w.answer(sent, o.MayExist)
}

func lost() error {
	return &store.Error{Op: store.OpPutObject, Class: store.ClassNetwork, Err: errors.New("reset"), OutcomeUnknown: true}
}

// answer stores an object. Where its key is taken, the identity tells whose it is
// if somebody may have been here before, as package store does.
func (w *world) answer(o object, mayExist bool) error {
	switch {
	case w.write(o):
		return nil
	case mayExist && w.kind.reads && w.objects[o.key].identity == o.identity:
		return nil
	}
	return &store.Error{
		Op: store.OpPutObject, Class: store.ClassExists, Err: store.ErrExists, OutcomeUnknown: mayExist && !w.kind.reads,
	}
}

func (w *world) write(o object) bool {
	old, taken := w.objects[o.key]
	if taken && o.conditional && w.kind.honours {
		return false
	}
	require.True(w.t, !taken || old == o, "%s is replaced by another object", o.key)
	w.objects[o.key] = o
	return true
}

// arrive lets late requests reach the bucket.
func (w *world) arrive(n int) {
	for ; n > 0 && len(w.late) > 0; n-- {
		at := w.rand.IntN(len(w.late))
		w.write(w.late[at])
		w.late = append(w.late[:at], w.late[at+1:]...)
	}
}

// silent observes nothing.
type silent struct{ chunk.Observer }

func (silent) Landed(chunk.Object, time.Duration, bool)    {}
func (silent) Refused(chunk.BadRecordPolicy, error)        {}
func (silent) ObjectRefused(error)                         {}
func (silent) Parked(chunk.Kind, string, error)            {}
func (silent) Recovered(chunk.Kind, string, time.Duration) {}
func (silent) Panicked(any, []byte)                        {}
func (silent) Observe(chunk.Stats)                         {}

func compile(t require.TestingT, file string) *template.Layout {
	l, err := template.Compile(template.Config{Folder: "in", FileName: file, Extension: ".json", Location: time.UTC, Variables: []string{"p"}})
	require.NoError(t, err)
	return l
}

// process is one life.
type process struct {
	*world
	spool   *spool.Spool
	courier *Courier
	layout  *template.Layout
}

func (w *world) process() *process {
	w.t.Helper()
	opts := spool.Options{
		Destination: "bucket", MaxSize: 1 << 20, Reserve: 100, ForObject: 1, Memory: 900, SegmentSize: frame.HeaderSize + 1500,
		Lost:   func(l spool.Loss) { w.losses = append(w.losses, l) },
		Failed: func(error) {}, Now: func() time.Time { return time.UnixMilli(1e12).Add(w.later) },
		Pause: func(ctx context.Context, _ int) error { return ctx.Err() },
	}
	if w.tweak != nil {
		w.tweak(&opts)
	}
	s, err := spool.Open(w.disk, dir, opts)
	for n := 0; err != nil && n < 30; n++ {
		s, err = spool.Open(w.disk, dir, opts)
	}
	require.NoError(w.t, err)
	letters, err := deadletter.NewFolder("letters", time.UTC)
	require.NoError(w.t, err)
	lines := func() encode.Encoder { return json.New(json.Config{Layout: json.Lines}) }
	layout := compile(w.t, w.kind.file)
	lander := landing.New(landing.Config{
		Data:        landing.Format{NewEncoder: lines, Namer: layout},
		DeadLetters: landing.Format{NewEncoder: lines, Namer: letters.Layout()},
	}, w)
	ids := 0
	c := idle(Config{
		Chunks: chunk.Config{
			MaxFileSize: 300, MemoryLimit: 1 << 20, Encoders: 1, Uploads: 4, Observer: silent{},
			OnBadRecord: chunk.ToDeadLetter, DeadLetters: letters,
			NewID: func() string {
				w.bucket.Lock()
				defer w.bucket.Unlock()
				ids++
				return fmt.Sprintf("%d-%d", w.rand.Uint64(), ids)
			},
		},
		Known: func() bool { return true }, Failed: func(error) {}, Sealed: func(chunk.Object) {}, Observe: func(Stats) {},
	}, s, lander)
	c.closed = true // the test says when something is made and sent
	w.t.Cleanup(c.stop)
	return &process{w, s, c, layout}
}

// live does a bit of everything.
func (w *world) live(steps int) {
	p := w.process()
	for range steps {
		p.append()
		for range w.rand.IntN(3) {
			p.seal()
		}
		p.send()
	}
}

func (p *process) append() {
	var ids []string
	var records []spool.Record
	for range 1 + p.rand.IntN(6) {
		p.records++
		id := fmt.Sprintf("r%04d%s", p.records, strings.Repeat("x", p.rand.IntN(60)))
		text := fmt.Sprintf(`{"id":%q}`, id)
		if p.rand.IntN(10) == 0 {
			text = fmt.Sprintf(`{"id":%q`, id) // no JSON: becomes a dead letter
		}
		data, err := new(codec.Codec).Append(nil, &record.Record{Raw: []byte(text)})
		require.NoError(p.t, err)
		path, err := p.layout.AppendPath(nil, template.Values{Variables: [][]byte{fmt.Appendf(nil, "p%d", p.rand.IntN(4))}})
		require.NoError(p.t, err)
		ids = append(ids, id)
		p.appended[id] = true
		records = append(records, spool.Record{Path: Name(string(path), "", ""), Data: data})
	}
	require.NoError(p.t, p.courier.Append(p.t.Context(), records, nil))
	for _, id := range ids {
		p.acknowledged[id] = true
	}
}

// unheard is for those who do not ask where the records of an object end.
func unheard(uint64) {}

func (p *process) seal() bool {
	streams := p.spool.Streams()
	if len(streams) == 0 {
		return false
	}
	first := work{Stream: streams[p.rand.IntN(len(streams))], reason: chunk.Age}
	all := []work{first}
	drafts := []*draft{p.draft(first)}
	if d := drafts[0]; d != nil && p.rand.IntN(2) == 0 { // the next one is encoded before this one is sealed
		begin := d.End + uint64(p.rand.IntN(4)/3) // or not the next one, because the end was foreseen and is another one
		if next, more := p.spool.Behind(first.ID, begin); more {
			all = append(all, work{Stream: next, reason: chunk.Age})
			drafts = append(drafts, p.draft(all[1]))
		}
	}
	for i, d := range drafts {
		if d == nil {
			break // again later
		}
		w := &all[i]
		w.turn = newTurn()
		if i > 0 {
			w.after = all[i-1].turn
		}
		m, err := p.courier.settle(p.t.Context(), d, w)
		w.turn.end(err == nil)
		if m == nil {
			continue
		}
		if p.rand.IntN(3) > 0 { // from memory
			p.courier.carry(m.Number, place{m.Kind, m.Path}, m)
		}
		m.release()
	}
	return true
}

// draft encodes an object; nil if that cannot be done now.
func (p *process) draft(w work) *draft {
	d, err := p.courier.draft(p.t.Context(), w, unheard)
	if err != nil {
		return nil
	}
	return d
}

func (p *process) send() bool {
	all := p.spool.Waiting()
	for _, o := range all {
		if p.calm || p.rand.IntN(3) > 0 {
			p.courier.send(o, place{o.Kind, o.Path})
		}
	}
	return len(all) > 0
}

// finish empties the spool, and lets all arrive that is on its way.
func (w *world) finish() {
	w.calm = true
	p := w.process()
	for more := true; more; {
		more = p.seal()
		more = p.send() || more
	}
	require.NoError(w.t, p.spool.Close())
	w.arrive(len(w.late))
}

// exactlyOnce checks that each acknowledged record is in one object, and any other
// in one at most.
func (w *world) exactlyOnce(format string, args ...any) {
	w.t.Helper()
	copies := map[string]int{}
	for _, o := range w.objects {
		for line := range strings.Lines(o.body) {
			var r struct{ ID, Payload string }
			require.NoError(w.t, stdjson.Unmarshal([]byte(line), &r))
			if r.Payload != "" {
				r.ID = strings.Trim(strings.TrimPrefix(r.Payload, `{"id":`), `"`)
			}
			copies[r.ID]++
		}
	}
	why := fmt.Sprintf(format, args...)
	for id := range w.appended {
		if n := copies[id]; n > 1 || n == 0 && w.acknowledged[id] {
			require.Fail(w.t, "not exactly once", "%s: %s is in %d objects, acknowledged: %v; losses: %v\n%s",
				why, id, n, w.acknowledged[id], w.losses, strings.Join(w.disk.Log(), "\n"))
		}
	}
	for _, l := range w.losses {
		require.True(w.t, l.Unacknowledged, "%s: a crash damages nothing: %s", why, l)
	}
}
