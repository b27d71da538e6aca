package spool_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
	"github.com/s3-destination/s3-destination/internal/testutil/crashdisk"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// feed is an input that outlives processes: it delivers what it has not committed
// again, as Kafka does. Some messages are several records, and some of these are
// the same.
type feed struct {
	*world
	committed [2]int
	messages  [2]int // that were delivered to any process
	want      map[string]int
}

// of is the records of a message.
func (f *feed) of(partition, offset int) []string {
	id := fmt.Sprintf("m%d.%d", partition, offset)
	switch offset % 5 {
	case 1:
		return []string{id, id}
	case 3:
		return []string{id + "a", id + "b", id + "a"}
	}
	return []string{id}
}

// live delivers messages of which the acknowledgement is committed now and then.
func (f *feed) live(steps int) {
	s := f.open()
	next := f.committed
	for range steps {
		p := f.rand.IntN(len(next))
		to := next[p] + 1 + f.rand.IntN(3)
		f.deliverAll(s, p, next[p], to)
		next[p] = to
		if f.rand.IntN(3) == 0 {
			f.committed[p] = to
		}
		for range f.rand.IntN(3) {
			f.seal(s)
		}
		f.deliver(s)
	}
}

// deliverAll delivers messages of a partition, in one batch or in two.
func (f *feed) deliverAll(s *spool.Spool, p, from, to int) {
	var texts []string
	var offsets []int
	for offset := from; offset < to; offset++ {
		for _, text := range f.of(p, offset) {
			if offset >= f.messages[p] {
				f.want[text]++
			}
			texts, offsets = append(texts, text), append(offsets, offset)
		}
	}
	f.messages[p] = max(f.messages[p], to)
	cut := f.rand.IntN(len(texts) + 1)
	f.write(s, p, texts[:cut], offsets[:cut])
	f.write(s, p, texts[cut:], offsets[cut:])
}

func (f *feed) write(s *spool.Spool, p int, texts []string, offsets []int) {
	marks := redelivery.NewMemory(0)
	var records []spool.Record
	for i, text := range texts {
		m := redelivery.Mark{Source: redelivery.Source{Topic: "t", Partition: int64(p)}, Offset: int64(offsets[i]), Sum: uint64(text[len(text)-1])}
		if !s.Recall().Take(&m) {
			marks.Add(m)
			records = append(records, spool.Record{Path: fmt.Sprintf("p%d", len(text)%3), Data: []byte(text)})
		}
	}
	require.NoError(f.t, s.AppendMarked(f.t.Context(), records, marks))
}

// end delivers what is not committed once more, and compares.
func (f *feed) end(format string, args ...any) {
	s := f.open()
	for p, to := range f.messages {
		if f.committed[p] < to {
			f.deliverAll(s, p, f.committed[p], to)
		}
	}
	require.NoError(f.t, s.Close())
	f.finish()
	require.Equalf(f.t, f.want, f.copies(), format, args...)
	for _, l := range f.losses {
		require.True(f.t, l.Unacknowledged, "a crash damages nothing: %s", l)
	}
}

func newFeed(t *testing.T, seed uint64) *feed {
	return &feed{world: newWorld(t, crashdisk.New(seed), seed), want: map[string]int{}}
}

// A process ends at any operation, between the sync of records and the input's note
// that they are done with: it delivers them again, and each is in one object all
// the same. So do two processes that try to recover.
func TestRecordsThatAreDeliveredAgainAfterACrashAreStoredOnce(t *testing.T) {
	deliveredAgain(t, 0, 29)
}

func TestAnyRecordThatIsDeliveredAgainIsStoredOnce(t *testing.T) {
	long.Skip(t)
	for seed := range uint64(3) {
		deliveredAgain(t, 1+seed, 1)
	}
}

func deliveredAgain(t *testing.T, seed uint64, tried sample) {
	calm := newFeed(t, seed)
	calm.live(steps)
	for at := 1; at <= calm.disk.Ops(); at++ {
		for how := range crashdisk.Crashes {
			if !tried.has(at + int(how)) {
				continue
			}
			f := newFeed(t, seed)
			if at%3 == 0 {
				f.disk.FailAt(1+at/2, syscall.EIO)
			}
			f.disk.CrashAt(at)
			f.disk.Run(func() { f.live(steps) })
			for i := range 2 {
				f.disk.Reboot(how)
				f.disk.CrashAt(1 + (at*7+i*13)%60)
				f.disk.Run(func() { f.live(2) })
			}
			f.disk.Reboot(how)
			f.end("seed %d, crash %d at %d", seed, how, at)
		}
	}
}

// A record that is lost to damage is taken when the input delivers it again: marks
// lie in each checkpoint, and must not outlive what they stand for. What a crash
// leaves is no damage.
func TestWhatIsLostIsNotTakenForKnown(t *testing.T) {
	begin := func(t *testing.T) (*world, *spool.Spool) {
		w := newWorld(t, crashdisk.New(1), 1)
		s := w.open()
		for offset := range int64(8) {
			appendedAs(t, s, offset, "a", fmt.Sprintf("record-%d%s", offset, strings.Repeat("x", 200)))
		}
		return w, s
	}
	again := func(w *world, s *spool.Spool) *spool.Spool {
		require.NoError(t, s.Close())
		return w.open()
	}
	flip := func(w *world, part, text string) {
		for _, name := range w.disk.Under(dir + "/" + part) {
			if at := bytes.Index(readAll(t, w.disk, name), []byte(text)); at >= 0 {
				w.disk.Flip(name, 8*at)
				return
			}
		}
		t.Fatalf("%s is not in %s", text, part)
	}
	t.Run("whole", func(t *testing.T) {
		w, s := begin(t)
		s = again(w, s)
		assert.True(t, knows(s, 0) && knows(s, 7))
		w.disk.Reboot(crashdisk.Tear)
		assert.True(t, knows(w.open(), 0))
	})
	t.Run("spilled", func(t *testing.T) {
		w, s := begin(t)
		flip(w, "spill", "record-1")
		s = again(w, s)
		require.True(t, knows(s, 0), "nobody has read it yet")
		_, err := s.Read(1, 0, 1<<20, 0)
		require.NoError(t, err)
		require.NotEmpty(t, w.losses)
		assert.False(t, knows(s, 1))
		s = again(w, s)
		assert.False(t, knows(s, 1), "nor after the next start")
		appendedAs(t, s, 1, "a", "record-1")
		assert.True(t, knows(again(w, s), 1), "which remembers what comes now")
	})
	t.Run("outbox", func(t *testing.T) {
		w, s := begin(t)
		b, err := s.Read(1, 0, 1<<20, 0)
		require.NoError(t, err)
		n, err := s.Seal(t.Context(), b.Range, nil, strings.NewReader("the body"), nil)
		require.NoError(t, err)
		flip(w, "outbox", "the body")
		s = again(w, s)
		require.True(t, knows(s, 0))
		require.ErrorIs(t, s.Body(t.Context(), n, io.Discard), spool.ErrUnknown)
		assert.False(t, knows(s, 1))
		assert.False(t, knows(again(w, s), 1))
	})
	t.Run("missing in the outbox", func(t *testing.T) {
		w, s := begin(t)
		b, err := s.Read(1, 0, 1<<20, 0)
		require.NoError(t, err)
		_, err = s.Seal(t.Context(), b.Range, nil, strings.NewReader("the body"), nil)
		require.NoError(t, err)
		require.NoError(t, w.disk.Remove(w.disk.Under(dir + "/outbox")[0]))
		s = again(w, s)
		assert.False(t, knows(s, 0))
		assert.False(t, knows(again(w, s), 0))
	})
}
