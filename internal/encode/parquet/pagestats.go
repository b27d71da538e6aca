package parquet

import (
	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
)

// pageStats collects the statistics of a column's pages.
type pageStats struct {
	column *column
	all    bounds
	nulls  int64
	index  format.ColumnIndex
	bounds []bounds
	// blind is set when a page has values but no bounds: then there is no page
	// index for the column, because it would be wrong.
	blind bool
	err   error
}

// add takes the next page and returns its statistics.
func (s *pageStats) add(p page) format.Statistics {
	b := s.column.boundsOf(p.firstValue, p.endValue)
	nulls := int64(p.to - p.from - (p.endValue - p.firstValue))
	s.nulls += nulls
	s.all.merge(b, s.column)
	empty := p.firstValue == p.endValue
	s.blind = s.blind || !empty && !b.ok
	s.bounds = append(s.bounds, b)
	s.index.NullPages = append(s.index.NullPages, empty)
	s.index.NullCounts = append(s.index.NullCounts, nulls)
	s.index.MinValues = append(s.index.MinValues, b.min)
	s.index.MaxValues = append(s.index.MaxValues, b.max)
	return statistics(b, nulls)
}

func statistics(b bounds, nulls int64) format.Statistics {
	s := format.Statistics{NullCount: nulls}
	if b.ok {
		s.MinValue, s.MaxValue = present(b.min), present(b.max)
		s.MinExact, s.MaxExact = !b.minCut, !b.maxCut
	}
	return s
}

// present makes an empty value differ from an absent one.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// chunk returns the statistics of the whole column.
func (s *pageStats) chunk() format.Statistics {
	b := s.all
	b.ok = b.ok && !s.blind
	return statistics(b, s.nulls)
}

// columnIndex returns the marshalled column index, nil when there is none.
func (s *pageStats) columnIndex() []byte {
	if s.blind {
		return nil
	}
	s.index.Order = s.order()
	return s.index.Append(nil)
}

// order tells whether the bounds of the pages ascend or descend, which lets
// readers search instead of scan.
func (s *pageStats) order() format.BoundaryOrder {
	ascending, descending := true, true
	var last *bounds
	for i := range s.bounds {
		b := &s.bounds[i]
		if !b.ok {
			continue
		}
		if last != nil {
			lo, hi := s.column.compare(last.min, b.min), s.column.compare(last.max, b.max)
			ascending = ascending && lo <= 0 && hi <= 0
			descending = descending && lo >= 0 && hi >= 0
		}
		last = b
	}
	switch {
	case ascending:
		return format.Ascending
	case descending:
		return format.Descending
	}
	return format.Unordered
}
