package chunk

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A run is cut where it has filled a chunk: at the limit of records, or a little
// beyond the size.
func TestRunIsCutWhereItFillsAChunk(t *testing.T) {
	type held struct {
		records int
		raw     int64
	}
	for name, tc := range map[string]struct {
		records int   // at most
		most    int64 // size of the object
		ratio   float64
		held    held
		comes   int // records of ten bytes each
		letters bool
		fits    int
	}{
		"no limits":                    {ratio: 1, comes: 5, fits: 5},
		"room for all":                 {records: 10, most: 1000, ratio: 1, comes: 5, fits: 5},
		"all records that are missing": {records: 3, ratio: 1, held: held{2, 20}, comes: 5, fits: 1},
		"all bytes that are missing":   {most: 100, ratio: 1, comes: 20, fits: 11},
		"beside what is there":         {most: 100, ratio: 1, held: held{5, 50}, comes: 20, fits: 6},
		"exactly the size":             {most: 100, ratio: 1, held: held{1, 5}, comes: 20, fits: 10},
		"the last record fills it":     {most: 100, ratio: 1, comes: 11, fits: 11},
		"half of it when encoded":      {most: 100, ratio: 0.5, comes: 30, fits: 21},
		"dead letters say more":        {most: 1000, ratio: 1, comes: 10, letters: true, fits: 4},
		"records before the size":      {records: 3, most: 100, ratio: 1, comes: 20, fits: 3},
		"the size before the records":  {records: 15, most: 100, ratio: 1, comes: 20, fits: 11},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxRecords: tc.records, DeadLetters: letters{}})
			c := &chunk{most: tc.most, ratio: tc.ratio, records: tc.held.records, raw: tc.held.raw}
			r := m.comes(1, committed).brings(tc.comes, 10)
			if tc.letters {
				r = m.letter(r, "a", errBad).run
			}
			assert.Equal(t, tc.fits, m.fits(c, &r))
		})
	}
}

// A chunk is full at the limit of records, or a little beyond the size.
func TestChunkIsFullAtItsLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		limit, records int
		most, raw      int64
		reason         Reason
	}{
		"no limits":               {0, 1000, 0, 1 << 40, ""},
		"a record is missing":     {3, 2, 0, 10, ""},
		"all records":             {3, 3, 0, 10, Records},
		"a byte is missing":       {0, 10, 100, 104, ""},
		"a little beyond":         {0, 10, 100, 105, Size},
		"neither of both":         {3, 2, 100, 104, ""},
		"records before the size": {3, 3, 100, 105, Records},
	} {
		t.Run(name, func(t *testing.T) {
			m := still(Config{MaxRecords: tc.limit})
			reason, full := m.full(&chunk{records: tc.records, most: tc.most, raw: tc.raw, ratio: 1})
			assert.Equal(t, tc.reason, reason)
			assert.Equal(t, tc.reason != "", full)
		})
	}
}

// An open partition costs its overhead and its name, where any is counted.
func TestOpenPartitionCostsItsName(t *testing.T) {
	p := partition{path: "ab", schema: "xyz"}
	assert.Equal(t, int64(105), still(Config{PartitionOverhead: 100}).newChunk(p).extra)
	assert.Zero(t, still(Config{}).newChunk(p).extra)
}

// What does not fit into an object goes back to what is open of its partition,
// without the records that nobody waits for any more.
func TestNothingIsOpenForWithdrawnRecords(t *testing.T) {
	for name, wanted := range map[string]bool{"all are withdrawn": false, "some come back": true} {
		t.Run(name, func(t *testing.T) {
			m, p := still(Config{}), partition{path: "a"}
			gone := m.comes(1, committed)
			back := m.comes(1, committed).brings(2, 1)
			m.place(p, gone.brings(3, 1), false)
			assert.Equal(t, 3, m.ledger.open[p].records)
			_, err := gone.withdraw(context.Canceled)
			assert.ErrorIs(t, err, context.Canceled)
			if wanted {
				m.putBack(p, runs{back})
				assert.Equal(t, runs{back}, m.ledger.open[p].runs)
				return
			}
			m.putBack(p, nil)
			assert.Empty(t, m.ledger.open)
			assert.Equal(t, [states]tally{}, m.ledger.tallies)
		})
	}
}
