package top

import (
	"cmp"
	"slices"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Order is what partitions are sorted by.
type Order int

// The orders, in which a key goes from one to the next.
const (
	ByAge Order = iota
	ByFill
	ByRecords
	ByName
	orders
)

// String is what the order is called.
func (o Order) String() string {
	return [...]string{ByAge: "oldest first", ByFill: "fullest first", ByRecords: "most records first", ByName: "by name"}[o]
}

// next is the order behind it, of which the last one is followed by the first.
func (o Order) next() Order { return (o + 1) % orders }

// sorted are the partitions to show, in that order.
func (o Order) sorted(all []live.Partition) []live.Partition {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b live.Partition) int {
		switch o {
		case ByFill:
			return cmp.Compare(b.Fill, a.Fill)
		case ByRecords:
			return cmp.Compare(b.Records, a.Records)
		case ByName:
			return cmp.Compare(a.Name, b.Name)
		default:
			return cmp.Compare(b.Age, a.Age)
		}
	})
	return all[:min(len(all), live.Head)]
}
