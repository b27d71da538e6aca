package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// off is by how much size may be wrong of CPU, in either direction: machines and
// their moods differ.
const off = 2.0

// small is the number of records of an object where objects are what costs.
const small = 100

const costsHeading = `CPU time of one core, medians. "Said" is what s3-destination size says. Records by field and date, with their objects, are no part of the table from which it computes.

| format | a record of clicks, us | said | a record of wide, us | said | an object, ms | said | clicks by field and date, us | said | farthest off | met |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|`

// costs measures what records and objects take, and compares it with what size
// computes. Its first six figures are those to write into package sizing.
func (b *bench) costs() error {
	fmt.Println(costsHeading)
	for _, f := range works.Formats {
		known := slices.ContainsFunc(sizing.RecordCosts, func(c sizing.RecordCost) bool { return c.Format == f.ID })
		if !known || !chosen(b.works, f.ID) {
			continue
		}
		if err := b.cost(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// costly are the runs that costs are measured with.
var costly = []struct {
	data   dataset.Name
	fields string
	slower float64 // than the format alone, about
}{
	{dataset.Clicks, "", 1},
	{dataset.Wide, "", 1},
	{dataset.Clicks, fmt.Sprintf("\nmax_records: %d", small), 4},
	{dataset.Clicks, works.ByFieldAndDate, 1.5},
}

func (b *bench) cost(f works.Format) error {
	var took, objects [4]float64 // us a record, objects a record
	for i, c := range costly {
		data, err := dataset.Write(b.dir, c.data, sizes[c.data])
		if err != nil {
			return err
		}
		s := side{
			binary: "ours", data: c.data, ours: true, rows: rows(b.seconds*f.Rate/works.Weight(c.data)/c.slower, works.Batch),
			config: func(r works.Run) string { return works.OurConfig(f.Fields+c.fields, r) },
		}
		var runs []result
		for range b.runs {
			if runs, err = b.measure(runs, s, data, 1, ""); err != nil {
				return err
			}
		}
		took[i] = 1e3 / turns.Median(runs, result.perCPU)
		objects[i] = turns.Median(runs, func(r result) float64 { return float64(r.Objects) / float64(r.Sent) })
	}
	object := (took[2] - took[0]) / (objects[2] - objects[0])
	clicks, wide, parts := size(f.ID, dataset.Clicks, 1), size(f.ID, dataset.Wide, 1), size(f.ID, dataset.Clicks, 24)
	got := []float64{took[0] - object*objects[0], took[1] - object*objects[1], object / 1e3, took[3]}
	says := []float64{clicks.Record, wide.Record, clicks.Object, parts.Record + 1e3*parts.Object*objects[3]}
	farthest, met := 1.0, "yes"
	var cells []string
	for i := range got {
		farthest = math.Max(farthest, math.Max(got[i]/says[i], says[i]/got[i]))
		cells = append(cells, fmt.Sprintf("%.2f", got[i]), fmt.Sprintf("%.2f", says[i]))
	}
	if farthest > off {
		met = "**no**"
	}
	fmt.Printf("| `%s` | %s | %.2fx | %s |\n", f.ID, strings.Join(cells, " | "), farthest, met)
	return nil
}

// size is what s3-destination size says of the processors that records of a data
// set take.
func size(format string, d dataset.Name, partitions int) sizing.CPU {
	bytes := 824.0
	if d == dataset.Wide {
		bytes = 2520
	}
	return sizing.Predict(sizing.Destination{Format: format, MaxAge: time.Minute}, sizing.Input{},
		sizing.Load{Rate: 1000, RowBytes: bytes, Partitions: partitions, Ratio: 1}).CPU
}
