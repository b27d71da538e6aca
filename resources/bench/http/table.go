package main

import (
	"fmt"
	"slices"

	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

const heading = `
Medians; CPU is user and system time of the process from the first request until everything is stored. The ratio is that of requests per CPU second to those of http_server with the same output. Answers are what clients wait for, in ms; RSS is the peak, in MB.

| spool | a request has | by | requests /CPU s | ratio | CPU a record, us | answer p50 | p99 | requests /s | RSS | objects |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|`

// printRows prints a row for each side.
func printRows(spool bool, body works.Body, all []side, results [][]result) {
	base := 0.0
	if i := slices.IndexFunc(all, func(s side) bool { return s.id == "http_server" }); i >= 0 {
		base = turns.Median(results[i], result.perCPU)
	}
	with := "no"
	if spool {
		with = "yes"
	}
	for i, s := range all {
		own := results[i]
		rate, ratio := turns.Median(own, result.perCPU), ""
		if base > 0 {
			ratio = fmt.Sprintf("%.2fx", rate/base)
		}
		clock := func(r result) float64 { return float64(r.Requests) / r.Took.Seconds() }
		fmt.Printf("| %s | %s | %s | %.0f | %s | %.2f | %.1f | %.1f | %.0f | %.0f | %d |\n", with, body.Name, s.name, rate, ratio,
			turns.Median(own, result.each), turns.Median(own, result.median), turns.Median(own, result.late), turns.Median(own, clock), turns.Median(own, result.peak), own[0].objects)
	}
}
