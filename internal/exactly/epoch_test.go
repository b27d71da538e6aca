package exactly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// TestEveryRecordOfAClosedEpochHasOneObject, which does not change when the epoch
// is closed.
func TestEveryRecordOfAClosedEpochHasOneObject(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		e := drawEpoch(t)
		i := rapid.IntRange(0, len(e.Lane)-1).Draw(t, "member")
		target := Target(rapid.SampledFrom([]uint64{0, 1, 5}).Draw(t, "target"))
		m := e.Lane[i]
		for offset := m.Start; offset < e.Reach(i); offset++ {
			j, ok := e.Object(i, offset, target)
			require.True(t, ok || !e.Closed)
			require.LessOrEqual(t, j, e.Sealed(target))
			require.Equal(t, ok, e.Closed || j > 0)
			if j > 0 {
				require.Less(t, offset, e.early(target, j).Cuts[i])
			}
		}
		_, ok := e.Object(i, m.Start-1, target)
		require.False(t, ok, "before the start")
		_, ok = e.Object(i, e.Reach(i), target)
		require.False(t, ok, "from where it reaches on")
	})
}

func TestObjectsAreDividedAtCuts(t *testing.T) {
	e := Epoch{
		Lane:  []Member{{Source: Source{"a", 0}, Start: 10}, {Source: Source{"a", 1}, Start: 20}},
		Early: []Early{{1, []int64{12, 20}}, {2, []int64{15, 25}}, {1, []int64{12, 23}}},
	}
	for _, c := range []struct {
		member int
		offset int64
		target Target
		j      int
		ok     bool
	}{
		{0, 11, 1, 1, true},
		{0, 12, 1, 0, false},
		{1, 20, 1, 2, true},
		{1, 22, 1, 2, true},
		{1, 23, 1, 0, false},
		{0, 14, 2, 1, true},
		{1, 25, 2, 0, false},
		{0, 10, 3, 0, false},
	} {
		j, ok := e.Object(c.member, c.offset, c.target)
		assert.Equal(t, c.ok, ok, "%+v", c)
		assert.Equal(t, c.j, j, "%+v", c)
	}
	assert.EqualValues(t, 15, e.Reach(0))
	e.Early = append(e.Early, Early{1, []int64{11, 20}})
	j, _ := e.Object(0, 10, 1)
	assert.Equal(t, 3, j, "taken out of the first one later")
	j, _ = e.Object(0, 11, 1)
	assert.Equal(t, 1, j, "whose number stays")
	i, ok := e.Member(Source{"a", 1})
	assert.True(t, ok)
	assert.Equal(t, 1, i)
	_, ok = e.Member(Source{"b", 1})
	assert.False(t, ok)
}

func TestACloneSharesNothing(t *testing.T) {
	e := epochOf(2, 2)
	e.Refused = []Place{{0, e.Lane[0].Start}}
	c := e.Clone()
	require.Equal(t, e, c)
	c.Lane[0].End++
	c.Early[0].Cuts[0]++
	c.Refused[0].Offset++
	want := epochOf(2, 2)
	want.Refused = []Place{{0, want.Lane[0].Start}}
	assert.Equal(t, want, e)
}

// TestHashesStayTheSame: keys and digests of one version are compared with those
// of the next one.
func TestHashesStayTheSame(t *testing.T) {
	assert.EqualValues(t, uint64(0xf0c608180d1fce3f), TargetOf("data", "a/b", ""))
	assert.NotEqual(t, TargetOf("a", "b"), TargetOf("ab", ""))
	var d Digest
	d.Add(SaltOf(Source{"events", 3}), 42, 7)
	assert.EqualValues(t, uint64(0x194615b526158645), d)
	e := Epoch{ID: EpochID{1, 2, 3}, Clock: time.UnixMilli(1767225600123)}
	assert.Equal(t, "019b76da-a87b-7c4f-a322-9b060fef116e", e.UUID(7, 1).String())
	assert.EqualValues(t, 0xb07c9714, PrintOf([16]byte{1}))
	assert.Zero(t, PrintOf([16]byte{}))
}

func TestObjectsHaveUUIDsOfTheirOwn(t *testing.T) {
	a := Epoch{ID: EpochID{1}, Clock: time.UnixMilli(1767225600123)}
	b := a
	b.ID[11] = 1
	seen := map[string]bool{}
	for _, e := range []*Epoch{&a, &b} {
		for target := range Target(3) {
			for j := range 3 {
				u := e.UUID(target, j)
				assert.EqualValues(t, 7, u.Version())
				seen[u.String()] = true
			}
		}
	}
	assert.Len(t, seen, 18)
	later := a
	later.Clock = a.Clock.Add(time.Millisecond)
	assert.Less(t, a.UUID(1, 1).String()[:13], later.UUID(1, 1).String()[:13], "names sort by time")
}

// TestADigestTellsSetsApart, whatever the order of their records.
func TestADigestTellsSetsApart(t *testing.T) {
	type record struct {
		source Source
		offset int64
		target Target
	}
	sum := func(l []record) (d Digest) {
		for _, r := range l {
			d.Add(SaltOf(r.source), r.offset, r.target)
		}
		return d
	}
	property.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) record {
			return record{
				Source{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "topic"), rapid.Int32Range(0, 3).Draw(t, "partition")},
				rapid.Int64Range(0, 20).Draw(t, "offset"), Target(rapid.Uint64Range(0, 3).Draw(t, "target")),
			}
		})
		l := rapid.SliceOfNDistinct(draw, 1, 20, rapid.ID).Draw(t, "records")
		shuffled := rapid.Permutation(l).Draw(t, "shuffled")
		require.Equal(t, sum(l), sum(shuffled))
		require.NotEqual(t, sum(l), sum(l[1:]), "one is missing")
		moved := append([]record(nil), l...)
		moved[0].target += 100
		require.NotEqual(t, sum(l), sum(moved), "one has another target")
	})
}

func TestAClockIsInMilliseconds(t *testing.T) {
	c := ClockOf(time.Date(2026, 1, 1, 2, 0, 0, 123_456_789, time.FixedZone("", 7200)))
	assert.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 123_000_000, time.UTC), c)
}
