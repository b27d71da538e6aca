package main

import (
	"fmt"

	"github.com/s3-destination/s3-destination/resources/bench/internal/turns"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

const heading = `
Thousands of records, medians; CPU is user and system time of the consuming process; the clock runs from its joining the group until all but the records of one object are committed; RSS is its peak, in MB; objects are those of one run, with their mean size in MB.

| work | broker | GOMAXPROCS | peer | peer /CPU s | ours /CPU s | ratio by CPU | peer /s | ours /s | ratio by clock | RSS peer, ours | objects peer, ours | stored bytes a row, ours to peer |
|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|`

// printRows prints a row for each side but ours, and one that compares with the best
// of the peers, by CPU and by the clock each: of those that Redpanda documents, and of
// all.
func printRows(w works.KafkaWork, broker string, procs int, all []side, results [][]result) {
	own := results[0]
	cpu, wall := turns.Median(own, result.perCPU), turns.Median(own, result.perWall)
	rss := func(r result) float64 { return float64(r.rss) / 1e6 }
	if len(all) == 1 {
		fmt.Printf("| %s | %s | %d | | | %.0f | | | %.0f | | %.0f | %s | |\n", w.Name, broker, procs, cpu, wall, turns.Median(own, rss), objects(own[0]))
		return
	}
	var documented, every fastest
	for i, s := range all[1:] {
		theirs := results[i+1]
		peerCPU, peerWall := turns.Median(theirs, result.perCPU), turns.Median(theirs, result.perWall)
		if s.peer {
			every.see(peerCPU, peerWall)
		}
		if s.documented {
			documented.see(peerCPU, peerWall)
		}
		stored := ""
		if s.density > 0 {
			stored = fmt.Sprintf("%.3f", all[0].density/s.density)
		}
		ratio := fmt.Sprintf("%.2fx", cpu/peerCPU)
		if s.target > 0 {
			ratio = judged(cpu/peerCPU, s.target)
		}
		fmt.Printf("| %s | %s | %d | %s | %.0f | %.0f | %s | %.0f | %.0f | %.2fx | %.0f, %.0f | %s, %s | %s |\n",
			w.Name, broker, procs, s.titled(), peerCPU, cpu, ratio, peerWall, wall, wall/peerWall,
			turns.Median(theirs, rss), turns.Median(own, rss), objects(theirs[0]), objects(own[0]), stored)
	}
	if w.Target == 0 || documented.cpu == 0 {
		return
	}
	for _, best := range []struct {
		name string
		fastest
	}{{"best documented", documented}, {"best of all", every}} {
		fmt.Printf("| %s | %s | %d | **%s**; target %.2gx | %.0f | %.0f | %s | %.0f | %.0f | %s | | | |\n",
			w.Name, broker, procs, best.name, w.Target, best.cpu, cpu, judged(cpu/best.cpu, w.Target), best.wall, wall, judged(wall/best.wall, w.Target))
	}
}

// titled is the name of a side, with its target.
func (s side) titled() string {
	if s.target == 0 {
		return s.name
	}
	return fmt.Sprintf("%s; target %.2gx", s.name, s.target)
}

// fastest are the best rates of some peers.
type fastest struct{ cpu, wall float64 }

func (f *fastest) see(cpu, wall float64) { f.cpu, f.wall = max(f.cpu, cpu), max(f.wall, wall) }

func judged(ratio, target float64) string {
	if ratio < target {
		return fmt.Sprintf("%.2fx, **missed**", ratio)
	}
	return fmt.Sprintf("%.2fx, met", ratio)
}

func objects(r result) string {
	if r.Objects == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %.1f", r.Objects, float64(r.Bytes)/float64(r.Objects)/1e6)
}
