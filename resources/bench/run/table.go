package main

import (
	"fmt"

	"github.com/s3-destination/s3-destination/resources/bench/internal/dataset"
	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

const heading = `Thousands of rows, medians; CPU is user and system time of the process; RSS is its peak, in MB; objects are those of one run, with their mean size in MB.

| work | data | GOMAXPROCS | peer /CPU s | ours /CPU s | ratio by CPU | target | met | peer /s | ours /s | ratio by clock | RSS peer, ours | objects peer, ours | stored bytes a row, ours to peer |
|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|`

func printRow(w works.Work, d dataset.Name, procs int, theirs, own []result) {
	cpu := turns.Median(own, result.perCPU) / turns.Median(theirs, result.perCPU)
	wall := turns.Median(own, result.perWall) / turns.Median(theirs, result.perWall)
	target, met := "", ""
	if w.Target > 0 {
		target, met = fmt.Sprintf("%.2gx", w.Target), "yes"
		if cpu < w.Target {
			met = "**no**"
		}
	}
	rss := func(r result) float64 { return float64(r.PeakRSS) / 1e6 }
	density := func(r result) float64 { return float64(r.Bytes) / float64(r.Sent) }
	stored := ""
	if theirs[0].Bytes > 0 {
		stored = fmt.Sprintf("%.3f", turns.Median(own, density)/turns.Median(theirs, density))
	}
	fmt.Printf("| %s | %s | %d | %.0f | %.0f | %.2fx | %s | %s | %.0f | %.0f | %.2fx | %.0f, %.0f | %s, %s | %s |\n",
		w.Name, d, procs, turns.Median(theirs, result.perCPU), turns.Median(own, result.perCPU), cpu, target, met,
		turns.Median(theirs, result.perWall), turns.Median(own, result.perWall), wall,
		turns.Median(theirs, rss), turns.Median(own, rss), objects(theirs[0]), objects(own[0]), stored)
}

func objects(r result) string {
	if r.Objects == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %.1f", r.Objects, float64(r.Bytes)/float64(r.Objects)/1e6)
}
