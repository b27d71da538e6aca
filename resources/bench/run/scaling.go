package main

import (
	"fmt"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// scales is by how much two cores have to be faster than one.
const scales = 1.8

const scalingHeading = `Thousands of rows, medians. With two cores the processor time of the server is subtracted: half of it, since the machine has two. "Cores alone" is computed from the CPU time and the idle time of the process, so that other work on the machine is not in it.

| format | data | folders | CPU a record, us, with 1 core, with 2 | rows/s, 1 core | rows/s, 2 cores | of it server, CPU s | by the clock | cores alone | idle, %, with 1 core, with 2 | target | met |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|`

// scaling measures our side with one core and with two, in turns, and prints a row
// for each format, data set and way to divide records.
func (b *bench) scaling() error {
	fmt.Println(scalingHeading)
	for _, f := range works.Formats {
		for _, d := range []dataset.Name{dataset.Clicks, dataset.Wide} {
			if !chosen(b.works, f.ID) || !chosen(b.data, string(d)) {
				continue
			}
			data, err := dataset.Write(b.dir, d, sizes[d])
			if err != nil {
				return err
			}
			divisions := []string{""}
			if d == dataset.Clicks {
				divisions = append(divisions, works.ByFieldAndDate)
			}
			for _, division := range divisions {
				if err := b.scale(f, d, data, division); err != nil {
					return fmt.Errorf("%s, %s: %w", f.Name, d, err)
				}
			}
		}
	}
	return nil
}

func (b *bench) scale(f works.Format, d dataset.Name, data, division string) (err error) {
	s := side{
		binary: "ours", data: d, ours: true, rows: rows(b.seconds*f.Rate/works.Weight(d), works.Batch),
		config: func(r works.Run) string { return works.OurConfig(f.Fields+division, r) },
	}
	profile, folders := f.ID+"-"+string(d), "one"
	if division != "" {
		profile, folders = profile+"-parts", "many"
	}
	var one, two []result
	for range b.runs {
		if one, err = b.measure(one, s, data, 1, profile+"-p1"); err != nil {
			return err
		}
		if two, err = b.measure(two, s, data, 2, profile+"-p2"); err != nil {
			return err
		}
	}
	single, double := turns.Median(one, result.perWall), turns.Median(two, result.besideServer)
	clock, met := double/single, "yes"
	if clock < scales {
		met = "**no**"
	}
	fmt.Printf("| %s | %s | %s | %.2f, %.2f | %.0f | %.0f | %.2f | %.2fx | %.2fx | %.0f, %.0f | %.1fx | %s |\n",
		f.Name, d, folders, 1e3/turns.Median(one, result.perCPU), 1e3/turns.Median(two, result.perCPU), single, double,
		turns.Median(two, func(r result) float64 { return r.ServerCPU.Seconds() }), clock,
		turns.Median(two, alone(2))/turns.Median(one, alone(1)), 100*turns.Median(one, idle(1)), 100*turns.Median(two, idle(2)), scales, met)
	return nil
}

// besideServer is thousands of rows by the clock, as if the server ran on another
// machine: of two cores it took that much of the time.
func (r result) besideServer() float64 {
	return float64(r.Sent) / (r.Wall - r.ServerCPU/2).Seconds() / 1e3
}

// alone is thousands of rows in the time that so many cores are busy or idle for
// this process.
func alone(cores int) func(result) float64 {
	return func(r result) float64 {
		return float64(r.Sent) * float64(cores) / (r.CPU + r.Idle).Seconds() / 1e3
	}
}

// idle is the part of the time of so many cores in which there was nothing to run.
func idle(cores int) func(result) float64 {
	return func(r result) float64 { return float64(r.Idle) / float64(time.Duration(cores)*r.Wall) }
}
