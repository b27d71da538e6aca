package spool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/spool/memory"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
)

const dir = "/spool/label"

// world is what outlives a process: a disk, a bucket, and requests that are still
// on their way to it.
type world struct {
	t    *testing.T
	disk *crashdisk.Disk
	rand *rand.Rand
	// together: the records of a call may come in stretches of memory.
	together bool
	bucket   map[string]stored
	late     []stored

	appended, acknowledged map[string]bool
	losses                 []spool.Loss
	identities             int
	records                int
	calm                   bool // the store answers
}

type stored struct {
	key, identity string
	records       []string
}

// intent is what the test settles about an object.
type intent struct {
	Path, Identity string
	Number         int
}

func (i intent) key() string { return fmt.Sprintf("%s/%03d", i.Path, i.Number) }

func newWorld(t *testing.T, d *crashdisk.Disk, seed uint64) *world {
	return &world{
		t: t, disk: d, together: seed%2 == 0, rand: rand.New(rand.NewPCG(seed, 1)), bucket: map[string]stored{},
		appended: map[string]bool{}, acknowledged: map[string]bool{},
	}
}

func (w *world) options() spool.Options {
	return spool.Options{
		Destination: "bucket",
		MaxSize:     1 << 20,
		Reserve:     100,
		ForObject:   1,
		Memory:      900,
		SegmentSize: frame.HeaderSize + 1200,
		Lost:        func(l spool.Loss) { w.losses = append(w.losses, l) },
		Failed:      func(error) {},
		Now:         func() time.Time { return time.UnixMilli(1e12) },
		Pause:       func(ctx context.Context, _ int) error { return ctx.Err() },
	}
}

// open opens the spool, again after an error of the disk.
func (w *world) open() *spool.Spool {
	w.t.Helper()
	s, err := spool.Open(w.disk, dir, w.options())
	for n := 0; err != nil && n < 30; n++ {
		s, err = spool.Open(w.disk, dir, w.options())
	}
	require.NoError(w.t, err)
	return s
}

// live is a process that does a bit of everything.
func (w *world) live(steps int) {
	s := w.open()
	for range steps {
		w.append(s)
		for range w.rand.IntN(3) {
			w.seal(s)
		}
		w.deliver(s)
	}
}

func (w *world) append(s *spool.Spool) {
	var ids []string
	var records []spool.Record
	for range 1 + w.rand.IntN(6) {
		w.records++
		id := fmt.Sprintf("r%04d%s", w.records, strings.Repeat("x", w.rand.IntN(60)))
		if w.rand.IntN(10) == 0 {
			id = "bad" + id
		}
		ids = append(ids, id)
		w.appended[id] = true
		records = append(records, spool.Record{Path: fmt.Sprintf("p%d", w.rand.IntN(4)), Data: []byte(id)})
	}
	if w.together && w.records%2 == 0 {
		records = together(records)
	}
	err := s.Append(w.t.Context(), records)
	records[0].Block.Release()
	require.NoError(w.t, err)
	for _, id := range ids {
		w.acknowledged[id] = true
	}
}

// together makes one of the records of each stream.
func together(records []spool.Record) []spool.Record {
	var all []spool.Record
	at := map[string]int{}
	for _, r := range records {
		i, known := at[r.Path]
		if !known {
			i = len(all)
			at[r.Path] = i
			all = append(all, spool.Record{Path: r.Path})
		}
		begin := len(all[i].Data)
		all[i].Data = append(spool.Begin(all[i].Data), r.Data...)
		shape := spool.Shape{Hint: uint32(len(r.Data))}
		shape.Size = spool.End(all[i].Data, begin)
		all[i].Shapes = append(all[i].Shapes, shape)
		all[i].Count++
	}
	if len(all) == 1 {
		all[0].Room = spool.Headroom
		all[0].Block = memory.Get(spool.Headroom + len(all[0].Data))
		all[0].Data = append(all[0].Block.Bytes()[:spool.Headroom], all[0].Data...)
	}
	return all
}

// seal makes an object of some of the records of a stream. Bad ones become dead
// letters.
func (w *world) seal(s *spool.Spool) bool {
	streams := s.Streams()
	if len(streams) == 0 {
		return false
	}
	from := streams[w.rand.IntN(len(streams))]
	b, err := s.Read(from.ID, 0, 1+int64(w.rand.IntN(400)), 0)
	if err != nil {
		return true // the disk: again later
	}
	defer b.Release()
	r := b.Range
	if len(b.Ends) > 2 && w.rand.IntN(3) == 0 { // not all fit
		r.End = b.Ends[len(b.Ends)-2]
		b.Records = b.Records[:len(b.Records)-1]
	}
	var lines []string
	var letters []spool.Record
	for _, rec := range b.Records {
		if from.Kind == spool.Data && strings.HasPrefix(string(rec), "bad") {
			letters = append(letters, spool.Record{Kind: spool.DeadLetter, Path: "letters", Data: rec})
		} else {
			lines = append(lines, string(rec))
		}
	}
	w.identities++
	meta, err := json.Marshal(intent{Path: from.Path, Identity: fmt.Sprint(w.identities), Number: 1})
	require.NoError(w.t, err)
	var body io.WriterTo
	if len(lines) > 0 {
		body = strings.NewReader(strings.Join(lines, "\n"))
	}
	_, _ = s.Seal(w.t.Context(), r, meta, body, letters)
	return true
}

func (w *world) deliver(s *spool.Spool) bool {
	objects, err := s.Objects(w.t.Context())
	if err != nil {
		return true
	}
	for _, o := range objects {
		if w.calm || w.rand.IntN(3) > 0 {
			_ = s.Deliver(w.t.Context(), o.Number, carried{w}) // again with the next
		}
	}
	return len(objects) > 0
}

// put is that of a store on the other side of a network.
func (w *world) put(_ context.Context, meta []byte, body io.WriterTo) error {
	var i intent
	require.NoError(w.t, json.Unmarshal(meta, &i))
	var text bytes.Buffer
	if _, err := body.WriteTo(&text); err != nil {
		return err
	}
	o := stored{key: i.key(), identity: i.Identity, records: strings.Split(text.String(), "\n")}
	if w.calm {
		return w.store(o)
	}
	w.arrive(w.rand.IntN(2))
	switch w.rand.IntN(6) {
	case 0: // the request is lost, or late
		w.late = append(w.late, o)
		return errors.New("no answer")
	case 1: // the answer is lost
		_ = w.store(o)
		return errors.New("no answer")
	case 2: // another writer is faster
		_ = w.store(stored{key: i.key(), identity: "another writer"})
	}
	return w.store(o)
}

func (w *world) store(o stored) error {
	if _, taken := w.bucket[o.key]; taken {
		return errTaken
	}
	w.bucket[o.key] = o
	return nil
}

// arrive lets late requests reach the store.
func (w *world) arrive(n int) {
	for ; n > 0 && len(w.late) > 0; n-- {
		at := w.rand.IntN(len(w.late))
		_ = w.store(w.late[at])
		w.late = append(w.late[:at], w.late[at+1:]...)
	}
}

// ours compares identities.
func (w *world) ours(_ context.Context, meta []byte) (bool, error) {
	var i intent
	require.NoError(w.t, json.Unmarshal(meta, &i))
	return w.bucket[i.key()].identity == i.Identity, nil
}

// another takes the next key: the key is another one each time.
func (w *world) another(_ context.Context, meta []byte) ([]byte, error) {
	var i intent
	require.NoError(w.t, json.Unmarshal(meta, &i))
	i.Number = 2 + w.rand.IntN(1e6)
	return json.Marshal(i)
}

// finish drains the spool, and lets all arrive that is on its way.
func (w *world) finish() {
	w.calm = true
	s := w.open()
	for more := true; more; {
		more = w.seal(s)
		more = w.deliver(s) || more
	}
	st := s.Stats()
	require.Zero(w.t, st.Spill+st.Outbox+st.Cached)
	require.Zero(w.t, st.Streams+st.Objects)
	require.NoError(w.t, s.Close())
	w.arrive(len(w.late))
}

// copies is how often each record is in the bucket.
func (w *world) copies() map[string]int {
	n := map[string]int{}
	for _, o := range w.bucket {
		for _, r := range o.records {
			n[r]++
		}
	}
	return n
}

// exactlyOnce checks what is promised: each acknowledged record is in one object,
// and any other in one at most.
func (w *world) exactlyOnce(format string, args ...any) {
	w.t.Helper()
	why := fmt.Sprintf(format, args...)
	n := w.copies()
	for id := range w.appended {
		if n[id] > 1 || (n[id] == 0 && w.acknowledged[id]) {
			require.Fail(w.t, "not exactly once", "%s: %s is in %d objects, acknowledged: %v; losses: %v\n%s",
				why, id, n[id], w.acknowledged[id], w.losses, strings.Join(w.disk.Log(), "\n"))
		}
	}
	for _, l := range w.losses {
		require.True(w.t, l.Unacknowledged, "%s: a crash damages nothing: %s\n%s", why, l, strings.Join(w.disk.Log(), "\n"))
	}
}
