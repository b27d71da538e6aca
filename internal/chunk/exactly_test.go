package chunk

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/exactly"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// broker stands for Kafka: it has records and what a group has committed.
type broker struct {
	ledger  *exactly.Ledger
	records map[exactly.Source][]kept
	stamps  uint64

	mu       sync.Mutex
	low      map[exactly.Source]int64
	metadata map[exactly.Source]string
}

// kept is a record: of one offset there may be several, as unarchive makes them.
type kept struct {
	offset int64
	line   string
}

// folder is the partition that a record belongs to.
func folder(line string) string { return strings.TrimPrefix(line, "bad")[:1] }

func (b *broker) stamp() (id exactly.EpochID, at time.Time) {
	b.stamps++
	binary.BigEndian.PutUint64(id[:], b.stamps)
	return id, time.UnixMilli(int64(b.stamps))
}

func newBroker(limit int) *broker {
	b := &broker{records: map[exactly.Source][]kept{}, low: map[exactly.Source]int64{}, metadata: map[exactly.Source]string{}}
	b.ledger = exactly.NewLedger(limit, b.stamp)
	return b
}

// own gives the ledger all sources.
func (b *broker) own(t require.TestingT) {
	var all []exactly.Fetched
	for s := range b.records {
		all = append(all, exactly.Fetched{Source: s, Print: 1, End: 1 << 40})
	}
	resumed, _ := exactly.NewTakeover(b.stamp, all).Done()
	require.NoError(t, b.ledger.Gain(resumed...))
}

// serve commits what is announced, until stop.
func (b *broker) serve() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			b.ledger.Advance()
			b.commit()
			select {
			case <-done:
				return
			case <-b.ledger.Due():
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (b *broker) commit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	offsets, err := b.ledger.Commit()
	if err != nil || len(offsets) == 0 {
		return
	}
	for _, o := range offsets {
		b.low[o.Source], b.metadata[o.Source] = o.Offset, o.Metadata
	}
	b.ledger.Committed()
}

// end is the offset behind the last record of a source.
func (b *broker) end(s exactly.Source) int64 {
	all := b.records[s]
	return all[len(all)-1].offset + 1
}

func (b *broker) caughtUp() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.records {
		if b.low[s] != b.end(s) {
			return false
		}
	}
	return true
}

// deliver brings a batch of a source with its ticket, as an output does.
func deliver(ctx context.Context, m *Manager, t *exactly.Ticket, batch []kept) error {
	c := m.Arrive()
	defer c.Release()
	c.Exactly(t)
	if err := c.Admit(ctx, int64(len(batch)), len(batch)); err != nil {
		return err
	}
	for i, r := range batch {
		c.At(r.offset)
		rec := record.Record{Raw: []byte(r.line)}
		if strings.HasSuffix(r.line, "nowhere") {
			c.Refuse(rec, i, errBad)
			continue
		}
		c.Add([]byte(folder(r.line)), "", rec, i)
	}
	_, err := c.Commit(ctx)
	if err == nil {
		t.Passed()
	}
	return err
}

// once counts in how many objects each record is, dead letters among them.
func once(objects []landedObject) map[string]int {
	n := map[string]int{}
	for _, o := range objects {
		for _, l := range o.lines {
			n[l[strings.LastIndex(l, "|")+1:]]++
		}
	}
	return n
}

// drawRecords makes records of some sources, some of which have gaps, and some
// offsets several records.
func (b *broker) drawRecords(rt *rapid.T) {
	for p := range rapid.IntRange(1, 3).Draw(rt, "sources") {
		s := exactly.Source{Topic: "t", ID: int32(p)}
		offset := int64(0)
		for range rapid.IntRange(1, 40).Draw(rt, "records") {
			offset += draw[int64](rt, "gap", 1, 1, 1, 1, 5)
			for k := range draw(rt, "copies", 1, 1, 1, 2) {
				line := draw(rt, "kind", "", "", "", "", "", "bad") + draw(rt, "folder", "a", "a", "a", "b", "c") +
					fmt.Sprintf("-%d-%d-%d", p, offset, k) + draw(rt, "tail", "", "", "", "", strings.Repeat("x", 50), "nowhere")
				b.records[s] = append(b.records[s], kept{offset, line})
			}
		}
	}
}

// batches divides the records of each source, with a ticket for each batch.
func (b *broker) batches(rt *rapid.T) (all []func(ctx context.Context, m *Manager) error) {
	for _, s := range slices.SortedFunc(maps.Keys(b.records), exactly.Source.Compare) {
		left := b.records[s]
		for len(left) > 0 {
			n := min(rapid.IntRange(1, 12).Draw(rt, "batch"), len(left))
			for n < len(left) && left[n].offset == left[n-1].offset {
				n++
			}
			batch := left[:n]
			left = left[n:]
			ticket := b.ledger.Read(s, batch[n-1].offset+1, 0)
			all = append(all, func(ctx context.Context, m *Manager) error { return deliver(ctx, m, ticket, batch) })
		}
	}
	return all
}

func drawExact(rt *rapid.T) Config {
	return Config{
		MaxFileSize:       draw[int64](rt, "size", 0, 20, 60, 300),
		MaxRecords:        draw(rt, "records", 0, 1, 4, 20),
		MaxAge:            time.Duration(draw(rt, "age", 1, 5, 1000)) * time.Millisecond,
		IdleTimeout:       5 * time.Millisecond,
		MaxOpenPartitions: draw(rt, "open", 0, 0, 1, 2),
		MemoryLimit:       draw[int64](rt, "memory", 0, 0, 50, 2000),
		OnBadRecord:       ToDeadLetter,
		Uploads:           rapid.IntRange(1, 4).Draw(rt, "uploads"),
		Encoders:          rapid.IntRange(1, 4).Draw(rt, "encoders"),
		DeadLetters:       letters{},
		RecordOverhead:    draw[int64](rt, "overhead", 0, 10),
	}
}

// TestEachRecordIsInOneObjectThatASuccessorWouldForm: whatever the rules, and
// however batches overtake each other. At some time the process dies: its successor
// forms the same objects of what was committed then, and what it forms and what had
// landed together have each record once.
func TestEachRecordIsInOneObjectThatASuccessorWouldForm(t *testing.T) {
	property.Check(t, func(rt *rapid.T) {
		b := newBroker(draw(rt, "limit", 350, 700, 4096))
		b.drawRecords(rt)
		b.own(rt)
		p := &memory{latency: time.Duration(draw(rt, "latency", 0, 0, 1)) * time.Millisecond}
		var ends cleanups
		m := start(&ends, drawExact(rt), p)
		stop := b.serve()
		batches := b.batches(rt)
		order := rapid.Permutation(batches).Draw(rt, "order")
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-b.ledger.Ended():
				cancel()
			case <-ctx.Done():
			}
		}()
		for i, bring := range order {
			if i%5 == 4 {
				time.Sleep(time.Millisecond)
			}
			wg.Go(func() { _ = bring(ctx, m) })
		}
		time.Sleep(time.Duration(rapid.IntRange(0, 8).Draw(rt, "dies after")) * time.Millisecond)
		b.mu.Lock() // nothing is announced meanwhile
		landed, low, metadata := p.landed(), maps.Clone(b.low), maps.Clone(b.metadata)
		b.mu.Unlock()
		wg.Wait()
		require.NoError(rt, b.ledger.Reason())
		require.Eventually(rt, b.caughtUp, 5*time.Second, time.Millisecond, "%v", b.ledger.Reason())
		stop()
		for _, end := range ends {
			end()
		}
		b.requireOnce(rt, once(p.landed()))
		b.succeed(rt, low, metadata, landed)
	})
}

func (b *broker) requireOnce(t require.TestingT, n map[string]int) {
	for s, all := range b.records {
		for _, r := range all {
			require.Equal(t, 1, n[r.line], "%s of %s", r.line, s)
		}
	}
}

// succeed has a successor take over, from what was committed when its predecessor
// had stored some objects.
func (b *broker) succeed(t require.TestingT, low map[exactly.Source]int64, metadata map[exactly.Source]string, landed []landedObject) {
	var fetched []exactly.Fetched
	for s := range b.records {
		epochs, err := exactly.Decode(s.Topic, metadata[s])
		require.NoError(t, err)
		fetched = append(fetched, exactly.Fetched{Source: s, Print: 1, End: 1 << 40, Low: low[s], Epochs: epochs})
	}
	take := exactly.NewTakeover(b.stamp, fetched)
	formed := map[exactly.Slot][]string{}
	for _, r := range take.Reads() {
		for _, k := range b.records[r.Source] {
			if k.offset < r.From || k.offset >= r.To {
				continue
			}
			target := (&partition{path: folder(k.line)}).target()
			if strings.HasSuffix(k.line, "nowhere") {
				target = (&partition{kind: DeadLetter}).target()
			}
			if slot, ok := take.Place(r.Source, k.offset, target); ok {
				if slot.Target == target && strings.HasPrefix(k.line, "bad") && !strings.HasSuffix(k.line, "nowhere") {
					slot = slot.Letters() // its own encoder refuses it as well
				}
				formed[slot] = append(formed[slot], k.line)
			}
		}
	}
	resumed, _ := take.Done()
	keys := map[string]exactly.Slot{}
	for slot := range formed {
		if e, ok := take.Epoch(slot.Epoch); ok {
			keys[e.UUID(slot.Target, slot.J).String()] = slot
		}
	}
	n := once(landed)
	for _, o := range landed {
		if slot, ok := keys[o.Announced.UUID]; ok {
			assert.ElementsMatch(t, formed[slot], slices.Collect(maps.Keys(once([]landedObject{o}))), "the object with the key of %v", slot)
			delete(formed, slot)
		}
	}
	for _, lines := range formed {
		for _, l := range lines {
			n[l]++
		}
	}
	for _, r := range resumed {
		if r.Again {
			return // of offsets with some refused records nothing else can be said
		}
		for _, k := range b.records[r.Source] {
			if k.offset >= r.Position {
				n[k.line]++
			}
		}
	}
	b.requireOnce(t, n)
}
