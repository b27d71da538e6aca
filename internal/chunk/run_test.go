package chunk

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/record"
)

// several are runs of three calls, of three, one and two records of different
// sizes, the last of them dead letters.
func several(m *Manager) runs {
	rs := runs{m.comes(1, committed).brings(3, 10), m.comes(1, committed).brings(1, 20), m.comes(1, committed).brings(2, 30)}
	rs[2] = m.letter(rs[2], "a", errBad).run
	return rs
}

// position is that of a record in the batch of its call.
type position struct {
	call *Call
	at   int
}

// positions lists the records of runs, after a look at what the runs say of
// themselves.
func positions(t *testing.T, rs runs, overhead int64) (all []position) {
	t.Helper()
	for _, r := range rs {
		assert.Positive(t, r.len())
		measured := r
		measured.measure(overhead)
		assert.Equal(t, measured, r)
		for i := range r.len() {
			all = append(all, position{r.call, r.index(i)})
		}
	}
	return all
}

// Runs can be cut anywhere: nothing is lost, and each part knows its size.
func TestRunsAreCutAnywhere(t *testing.T) {
	m := still(Config{RecordOverhead: 7, DeadLetters: letters{}})
	rs := several(m)
	all := positions(t, rs, 7)
	assert.Len(t, all, rs.records())
	for n := range len(all) + 2 {
		head, tail := rs.cut(n, 7)
		assert.Equal(t, min(n, len(all)), head.records())
		assert.Equal(t, all, append(positions(t, head, 7), positions(t, tail, 7)...), "cut after %d", n)
	}
	assert.Equal(t, all, positions(t, rs, 7), "they are what they were")
}

// A run that is cut has two parts, of which either may be empty.
func TestRunIsCutAnywhere(t *testing.T) {
	m := still(Config{RecordOverhead: 7, DeadLetters: letters{}})
	r := several(m)[2]
	for n := range r.len() + 1 {
		head, tail := r.cut(n, 7)
		assert.Equal(t, []int{n, r.len() - n}, []int{head.len(), tail.len()})
		assert.Equal(t, []int32{r.from, r.to}, []int32{head.from, tail.to})
		assert.Equal(t, []int64{int64(n) * (30 + letterSize), int64(n) * (30 + 7)}, []int64{head.raw, head.charge})
		assert.Equal(t, []int64{r.raw, r.charge}, []int64{head.raw + tail.raw, head.charge + tail.charge})
		assert.Equal(t, []*note{r.note, r.note}, []*note{head.note, tail.note})
		assert.Equal(t, []*Call{r.call, r.call}, []*Call{head.call, tail.call})
	}
}

// Any records can be taken out of runs, each as a run of its own.
func TestRecordsAreTakenOutOfRuns(t *testing.T) {
	rs := several(still(Config{RecordOverhead: 7, DeadLetters: letters{}}))
	all := positions(t, rs, 7)
	for set := range uint(1) << len(all) {
		var at []int
		var want, left []position
		for i, p := range all {
			if set&(1<<i) != 0 {
				at, want = append(at, i), append(want, p)
			} else {
				left = append(left, p)
			}
		}
		chosen, others := rs.split(at, 7)
		assert.Len(t, chosen, bits.OnesCount(set))
		assert.Equal(t, want, positions(t, chosen, 7), "%06b", set)
		assert.Equal(t, left, positions(t, others, 7), "%06b", set)
	}
}

// Two lists are merged into one in the order of arrival, and within a call in
// that of its batch.
func TestRunsAreMergedInTheOrderOfArrival(t *testing.T) {
	rs := several(still(Config{DeadLetters: letters{}}))
	first, rest := rs[0].cut(1, 0)
	assert.Equal(t, runs{first, rest, rs[1], rs[2]}, merge(runs{rs[2], rest}, runs{rs[1], first}))
}

// Records of one run are given to an encoder as they are, and those of several
// as a copy, which is counted.
func TestListOfRecordsIsCopiedWhereItHasTo(t *testing.T) {
	rs := several(still(Config{DeadLetters: letters{}}))
	one := rs[:1].flat()
	assert.Same(t, &rs[0].call.records[0], &one[0])
	assert.Len(t, one, 3)
	assert.Zero(t, rs[:1].copies())

	var want []record.Record
	for i := range rs {
		want = append(want, rs[i].records()...)
	}
	list := rs.flat()
	assert.Equal(t, want, list)
	assert.Equal(t, 6, cap(list))
	assert.Equal(t, 6*recordSize, rs.copies())
}
