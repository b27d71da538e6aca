package main

import (
	"fmt"
	"math"
	"time"
)

// quantity is something about a process that must not grow for ever.
type quantity struct {
	name string
	of   func(sample) float64
	unit float64
	// bound is how much it may seem to grow in the second half of a run; a
	// tenth of its mean always may. Zero means that it is only reported: what
	// is resident is up to the collector and the kernel.
	bound float64
}

var quantities = []quantity{
	{"goroutines", func(s sample) float64 { return s.goroutines }, 1, 20},
	{"MiB of live heap", func(s sample) float64 { return s.heap }, 1 << 20, 8 << 20},
	{"MiB resident", func(s sample) float64 { return s.inUse }, 1 << 20, 0},
}

// trend is the line through the second half of a run.
type trend struct {
	quantity

	mean, slope, doubt float64 // the slope and its standard error are per second
	length             time.Duration
	highest            float64 // of the whole run
	samples            int
	grows              bool
}

// judge draws the line of least squares through the second half. It grows when
// the line rises by more than the bound over that time, and by more than can be
// chance: what was built up in the first half, and a peak, are no leak.
func (q quantity) judge(all []sample) trend {
	t := trend{quantity: q}
	for _, s := range all {
		t.highest = max(t.highest, q.of(s))
	}
	half := all[len(all)/2:]
	t.samples = len(half)
	if len(half) < 3 {
		t.grows = true // not enough to say that it does not
		return t
	}
	n, meanAt := float64(len(half)), 0.0
	for _, s := range half {
		meanAt += s.at.Seconds() / n
		t.mean += q.of(s) / n
	}
	var xx, xy float64
	for _, s := range half {
		dx := s.at.Seconds() - meanAt
		xx += dx * dx
		xy += dx * (q.of(s) - t.mean)
	}
	t.slope = xy / xx
	var rest float64
	for _, s := range half {
		d := q.of(s) - t.mean - t.slope*(s.at.Seconds()-meanAt)
		rest += d * d
	}
	t.doubt = math.Sqrt(rest / (n - 2) / xx)
	t.length = half[len(half)-1].at - half[0].at
	t.grows = t.rise() > max(q.bound, t.mean/10) && t.slope > 2*t.doubt
	return t
}

// rise is by how much the line rises over the second half.
func (t trend) rise() float64 { return t.slope * t.length.Seconds() }

func (t trend) String() string {
	return fmt.Sprintf("%s: mean %.1f in the second half, %.1f at most; slope %+.3f ± %.3f a minute, %+.1f over its %s (%d samples)",
		t.name, t.mean/t.unit, t.highest/t.unit, 60*t.slope/t.unit, 60*t.doubt/t.unit, t.rise()/t.unit, t.length.Round(time.Second), t.samples)
}
