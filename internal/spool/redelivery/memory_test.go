package redelivery

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/spool/frame"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

func at(topic string, offset int64, sum uint64) Mark {
	return Mark{Source: Source{Topic: topic, Partition: 3}, Offset: offset, Sum: sum}
}

// all are the marks of a memory.
func all(m *Memory) []Mark {
	var found []Mark
	m.each(func(k mark) {
		found = append(found, Mark{Source: m.sources[k.source].Source, Offset: k.offset, Sum: k.sum})
	})
	return found
}

// drawn is one of a few marks, so that many are the same.
func drawn(t *rapid.T) Mark {
	return Mark{
		Source: Source{Topic: rapid.SampledFrom([]string{"", "a"}).Draw(t, "topic"), Partition: rapid.Int64Range(-1, 0).Draw(t, "partition")},
		Offset: rapid.Int64Range(0, 1).Draw(t, "offset"), Sum: rapid.Uint64Range(0, 1).Draw(t, "sum"),
	}
}

// A memory is the last marks, whatever came before, and its bytes are the same
// memory.
func TestAMemoryIsTheLastMarksInTheirOrder(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 6).Draw(t, "limit")
		m := NewMemory(limit)
		var want []Mark
		for _, r := range rapid.SliceOfN(rapid.Custom(drawn), 0, 30).Draw(t, "marks") {
			m.Add(r)
			want = append(want, r)
		}
		if limit > 0 && len(want) > limit {
			want = want[len(want)-limit:]
		}
		require.Equal(t, want, all(m))
		sources := map[Source]bool{}
		for _, r := range want {
			sources[r.Source] = true
		}
		require.Len(t, m.numbers, len(sources), "what has no marks is forgotten")
		require.Len(t, m.sources, len(m.numbers)+len(m.free))

		again := NewMemory(limit)
		again.Add(at("before", 1, 1))
		before := all(again)
		c := frame.Cursor{Rest: m.Append([]byte("x"))[1:]}
		again.Read(&c)
		require.False(t, c.Bad)
		require.Empty(t, c.Rest)
		want = append(before, want...)
		if limit > 0 && len(want) > limit {
			want = want[len(want)-limit:]
		}
		require.Equal(t, want, all(again))
		again.Clear()
		require.Zero(t, again.Len())
		require.Equal(t, limit, again.limit)
	})
}

// A record is recognised as often as it is remembered, and once more after Give.
func TestARecordIsRecognisedAsOftenAsItIsRemembered(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		m := NewMemory(0)
		left := map[Mark]int{}
		for _, r := range rapid.SliceOfN(rapid.Custom(drawn), 0, 30).Draw(t, "marks") {
			m.Add(r)
			left[r]++
		}
		r := m.Recall()
		m.Add(Mark{Offset: 9}) // later than the recall
		most := map[Mark]int{}
		for k, n := range left {
			most[k] = n
		}
		for _, k := range rapid.SliceOfN(rapid.Custom(drawn), 0, 60).Draw(t, "arrivals") {
			if rapid.Bool().Draw(t, "give") {
				r.Give(&k)
				left[k] = min(left[k]+1, most[k])
				continue
			}
			require.Equal(t, left[k] > 0, r.Take(&k), "%v", k)
			left[k] = max(left[k]-1, 0)
		}
		require.False(t, r.Take(&Mark{Offset: 9}))
	})
}

func TestWhatIsNoMemoryIsNotReadAsOne(t *testing.T) {
	m := NewMemory(0)
	for i := range int64(3) {
		m.Add(at(fmt.Sprint("t", i%2), i, uint64(i)))
	}
	whole := m.Append(nil)
	for n := 1; n < len(whole); n++ {
		c := frame.Cursor{Rest: whole[:n]}
		into := NewMemory(0)
		into.Read(&c)
		assert.True(t, c.Bad, "%d bytes", n)
		assert.LessOrEqual(t, into.Len(), 3)
	}
	c := frame.Cursor{Rest: []byte{0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}}
	NewMemory(0).Read(&c)
	assert.True(t, c.Bad, "a mark of no source")
}

func FuzzMemory(f *testing.F) {
	m := NewMemory(0)
	m.Add(at("t", 1, 2))
	f.Add(m.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := NewMemory(4)
		c := frame.Cursor{Rest: data}
		m.Read(&c)
		assert.LessOrEqual(t, m.Len(), 4)
		again := NewMemory(4)
		c = frame.Cursor{Rest: m.Append(nil)}
		again.Read(&c)
		assert.False(t, c.Bad)
		assert.Equal(t, all(m), all(again))
	})
}
