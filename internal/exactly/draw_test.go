package exactly

import (
	"fmt"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// drawEpoch draws any epoch that can be.
func drawEpoch(t *rapid.T) Epoch {
	e := Epoch{
		ID:      EpochID(rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "id")),
		Clock:   time.UnixMilli(rapid.Int64Range(0, 1<<45).Draw(t, "clock")).UTC(),
		Digest:  Digest(rapid.Uint64().Draw(t, "digest")),
		Closed:  rapid.Bool().Draw(t, "closed"),
		Inexact: rapid.Bool().Draw(t, "inexact"),
	}
	e.Lane = rapid.SliceOfNDistinct(rapid.Custom(drawMember), 1, 6, func(m Member) Source { return m.Source }).Draw(t, "lane")
	slices.SortFunc(e.Lane, func(a, b Member) int { return a.Compare(b.Source) })
	highest := make([]int64, len(e.Lane))
	latest := map[Target][]int64{}
	for range rapid.IntRange(0, 5).Draw(t, "early") {
		s := Early{Target: Target(rapid.SampledFrom([]uint64{0, 1, math.MaxUint64}).Draw(t, "target")), Cuts: make([]int64, len(e.Lane))}
		for i, m := range e.Lane {
			least := m.Start
			if before := latest[s.Target]; before != nil {
				least = before[i]
			}
			s.Cuts[i] = least + rapid.Int64Range(0, 50).Draw(t, "further")
			highest[i] = max(highest[i], s.Cuts[i])
		}
		latest[s.Target] = s.Cuts
		e.Early = append(e.Early, s)
	}
	for i := range e.Lane {
		if e.Closed {
			e.Lane[i].End = max(e.Lane[i].Start, highest[i]) + rapid.Int64Range(0, 50).Draw(t, "rest")
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "refused") {
		i := rapid.IntRange(0, len(e.Lane)-1).Draw(t, "member")
		if m := e.Lane[i]; !e.Closed || m.End > m.Start {
			e.Refused = append(e.Refused, Place{i, m.Start + rapid.Int64Range(0, max(e.Reach(i)-m.Start-1, 0)).Draw(t, "refuses")})
		}
	}
	return e
}

func drawMember(t *rapid.T) Member {
	topic := rapid.SampledFrom([]string{"events", "orders", "events.v2"}).Draw(t, "topic")
	return Member{
		Source: Source{topic, int32(rapid.SampledFrom([]int{0, 1, 2, 7, 99, math.MaxInt32}).Draw(t, "partition"))},
		Print:  PrintOf([16]byte{byte(len(topic))}),
		Start:  rapid.SampledFrom([]int64{0, 1, 1 << 20, 1 << 40, math.MaxInt64 - 1000}).Draw(t, "start"),
		Leader: LeaderOf(rapid.SampledFrom([]int32{-1, 0, 1, 126, 127, 300, math.MaxInt32}).Draw(t, "leader")),
	}
}

// epochOf makes an ordinary epoch for sizes: so many partitions of one topic, of
// which a million records were read, and early objects.
func epochOf(partitions, early int) Epoch {
	e := Epoch{ID: EpochID{1, 2, 3}, Clock: time.UnixMilli(1767225600000).UTC(), Digest: 1 << 63, Closed: true}
	for p := range partitions {
		start := int64(5_000_000 + 1000*p)
		e.Lane = append(e.Lane, Member{Source: Source{"events", int32(p)}, Print: 77, Start: start, End: start + 100_000, Leader: LeaderOf(20)})
	}
	for i := range early {
		s := Early{Target: TargetOf(fmt.Sprint(i))}
		for p := range partitions {
			s.Cuts = append(s.Cuts, e.Lane[p].Start+int64(1500*(i+1)))
		}
		e.Early = append(e.Early, s)
	}
	return e
}
