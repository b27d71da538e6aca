package chunk

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A batch that is repeated goes between those that came before and after it.
func TestRepeatedBatchGoesBetweenItsNeighbours(t *testing.T) {
	bubble(t, Config{MaxAge: time.Second}, &memory{}, func(t *testing.T, m *Manager) {
		before, gone, after := m.Arrive(), m.Arrive(), m.Arrive()
		place := gone.Place()
		gone.Release()
		again := m.Arrive()
		again.Resume(place)
		over := make(chan string, 3)
		admit := func(name string, c *Call) {
			go func() { over <- fmt.Sprint(name, c.Admit(t.Context(), 1, 1)) }()
			synctest.Wait()
		}
		admit("after", after)
		admit("again", again)
		assert.Empty(t, over, "the first has not asked yet")
		admit("before", before)
		assert.Len(t, over, 3)
		for _, c := range []*Call{before, again, after} {
			c.Release()
		}
		atRest(t, m)
	})
}

// A call that is gone, and that its records may keep in memory for a while, does
// not keep those that came before and after it.
func TestCallThatIsGoneRefersToNoOther(t *testing.T) {
	m := still(Config{})
	calls := []*Call{m.comes(1, asking), m.comes(1, asking), m.comes(1, asking)}
	for _, c := range []*Call{calls[1], calls[0], calls[2]} {
		m.ledger.book.move(c, admitted)
		assert.Equal(t, link{}, c.links[inOut])
		m.ledger.book.move(c, released)
		assert.Equal(t, link{}, c.links[inAll])
	}
	assert.Equal(t, line{}, m.ledger.book.all)
	assert.Equal(t, line{}, m.ledger.book.out)
}

// Every call hears of the end of the manager, wherever it waits.
func TestCallsHearThatTheManagerIsClosed(t *testing.T) {
	bubble(t, Config{MaxAge: time.Hour, MemoryLimit: 100}, &memory{}, func(t *testing.T, m *Manager) {
		inside, waits, late := m.Arrive(), m.Arrive(), m.Arrive()
		require.NoError(t, inside.Admit(t.Context(), 90, 1))
		over := make(chan error, 1)
		go func() { over <- waits.Admit(t.Context(), 90, 1) }()
		synctest.Wait()
		require.NoError(t, m.Close(t.Context()))
		synctest.Wait()
		require.Len(t, over, 1, "at once, though there is no room")
		require.ErrorIs(t, <-over, ErrClosed)
		require.ErrorIs(t, late.Admit(t.Context(), 1, 1), ErrClosed)
		inside.Add([]byte("a"), "", raw("x"), 0)
		_, err := inside.Commit(t.Context())
		require.ErrorIs(t, err, ErrClosed)
		for _, c := range []*Call{inside, waits, late} {
			c.Release()
		}
	})
}

func TestStatsTellWhatIsUnderWay(t *testing.T) {
	p := &memory{latency: time.Minute}
	bubble(t, Config{MaxAge: time.Hour, MaxRecords: 1, Uploads: 1}, p, func(t *testing.T, m *Manager) {
		began := time.Now()
		for _, path := range []string{"a", "b", "c"} {
			goWrite(t.Context(), m, path, "x")
			synctest.Wait()
			time.Sleep(time.Second)
		}
		m.lock()
		s := m.stats()
		m.unlock()
		assert.Equal(t, 3, s.Calls)
		assert.Equal(t, began, s.Oldest)
		assert.Equal(t, 3, s.Uploading, "one is being uploaded, two wait")
		assert.Equal(t, 1, s.UploadLimit)
		assert.Zero(t, s.OpenPartitions)
	})
}

// Records that share a partition arrive there together, however many partitions
// a call has, and one without a partition is not taken for that without a name.
func TestCallSortsRecordsByPartition(t *testing.T) {
	for _, partitions := range []int{2, few - 1, few, few + 1, 3 * few} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			cfg := Config{MaxAge: time.Second, OnBadRecord: Drop}
			bubble(t, cfg, &memory{}, func(t *testing.T, m *Manager) {
				c := m.Arrive()
				defer c.Release()
				require.NoError(t, c.Admit(t.Context(), 1, 1))
				c.Refuse(raw("refused"), 0, errBad)
				for i := range 3 * partitions {
					c.Add(fmt.Append(nil, "p", i%partitions), "", raw("x"), 1+i)
				}
				c.Add(nil, "", raw("of the root"), 1+3*partitions)
				brought := c.arrange()
				require.Len(t, brought, partitions+1)
				for _, b := range brought[:partitions] {
					assert.Equal(t, 3, b.run.len(), b.part.path)
				}
				assert.Empty(t, brought[partitions].part.path)
				assert.Equal(t, 1, brought[partitions].run.len())
			})
		})
	}
}

// refusedRecords is an Observer that keeps what was said of bad records.
type refusedRecords struct {
	silent
	mu   sync.Mutex
	said []string
}

func (r *refusedRecords) Refused(policy BadRecordPolicy, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprint(policy, reason))
}

func TestObserverHearsOfEachBadRecord(t *testing.T) {
	obs := &refusedRecords{}
	bubble(t, Config{MaxAge: time.Second, OnBadRecord: Drop, Observer: obs}, &memory{}, func(t *testing.T, m *Manager) {
		c := m.Arrive()
		defer c.Release()
		require.NoError(t, c.Admit(t.Context(), 2, 2))
		c.Refuse(raw("x"), 0, errors.New("no date"))
		c.Add([]byte("a"), "", raw("bad"), 1)
		failures, err := c.Commit(t.Context())
		require.NoError(t, err)
		assert.Empty(t, failures)
		synctest.Wait()
		assert.Equal(t, []string{"2 no date", "2 record is bad"}, obs.said)
	})
}
