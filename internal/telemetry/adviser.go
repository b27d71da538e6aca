package telemetry

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/chunk"
)

// adviser watches the sizes of objects. When most of them stay far below
// max_file_size it names the setting that keeps them small. It is safe for
// concurrent use.
type adviser struct {
	limits chunk.Config
	grows  bool
	stalls atomic.Int64

	mu sync.Mutex
	// recent are the latest objects that tell what is usual, a ring.
	recent []landed
	count  int // of all that were ever in it
	judged int // of them, when they were last judged
	// idle are the latest objects written because nothing arrived. They count
	// once something does: else they were the tail of a finite input.
	idle []landed
	open peak // partitions
	// cause is why objects are small now, empty when they are not. It is told
	// only once.
	cause  chunk.Reason
	told   map[chunk.Reason]bool
	warned warning
}

// landed is what the adviser remembers of an object.
type landed struct {
	reason chunk.Reason
	bytes  int64
	at     time.Time
}

const (
	// enoughObjects must have landed before anything is said. The latest
	// manyObjects are looked at, at every so many.
	enoughObjects, manyObjects, everyObjects = 30, 200, 10
	// small is the part of the cap below which an object is small.
	small = 0.1
	// longAge is the longest max_age that is recommended.
	longAge = time.Hour
)

// causes are the reasons that some setting is behind. An object of max_records
// is as large as it is meant to be, and one that was cut by the cap is the
// encoder's business; both count as objects, though.
var causes = []chunk.Reason{
	chunk.Age, chunk.Partitions, chunk.Memory, chunk.Saturation, chunk.Idle, chunk.Schema,
}

func newAdviser(limits chunk.Config, grows bool) *adviser {
	return &adviser{limits: limits, grows: grows, told: map[chunk.Reason]bool{}}
}

// Observe takes note of the current state.
func (a *adviser) Observe(s chunk.Stats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open.add(s.OpenPartitions, time.Now())
}

// Landed takes note of an object. It returns why most objects are small (empty
// when they are not, or when no setting is to blame), and what to say about it
// when that has not been said before.
func (a *adviser) Landed(o chunk.Object) (cause chunk.Reason, advice string) {
	if a.limits.MaxFileSize <= 0 || o.Kind != chunk.Data {
		return "", ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resume(o.Opened)
	now := landed{reason: o.Reason, bytes: o.Bytes, at: time.Now()}
	switch o.Reason {
	case chunk.Drain, chunk.Recovery, chunk.Disk: // cut short for once
	case chunk.Idle:
		if a.idle = append(a.idle, now); len(a.idle) > manyObjects {
			a.idle = a.idle[1:]
		}
	case chunk.Age, chunk.Memory, chunk.Partitions, chunk.Records, chunk.Saturation, chunk.Schema, chunk.Size:
		a.add(now)
	}
	if a.count < enoughObjects || a.count-a.judged < everyObjects {
		return a.cause, ""
	}
	a.judged = a.count
	return a.judge()
}

// resume counts the idle objects that landed before a chunk was opened: the
// input went on after them.
func (a *adviser) resume(opened time.Time) {
	n := 0
	for n < len(a.idle) && a.idle[n].at.Before(opened) {
		a.add(a.idle[n])
		n++
	}
	a.idle = a.idle[n:]
}

func (a *adviser) add(l landed) {
	if len(a.recent) < manyObjects {
		a.recent = append(a.recent, l)
	} else {
		a.recent[a.count%manyObjects] = l
	}
	a.count++
}

// judge looks at the recent objects.
func (a *adviser) judge() (chunk.Reason, string) {
	median, reasons := a.survey()
	a.cause = ""
	if float64(median) >= small*float64(a.limits.MaxFileSize) {
		return "", ""
	}
	for _, reason := range causes {
		if n := reasons[reason]; n > 0 && n > reasons[a.cause] {
			a.cause = reason
		}
	}
	if a.cause == "" || a.told[a.cause] || !a.warned.due() {
		return a.cause, ""
	}
	a.told[a.cause] = true
	return a.cause, fmt.Sprintf("The median of the last %d objects is %s, %s of max_file_size (%s). %s",
		len(a.recent), humanize.Bytes(uint64(median)), percent(median, a.limits.MaxFileSize),
		humanize.Bytes(uint64(a.limits.MaxFileSize)), a.advice(max(median, 1)))
}

// survey returns the median size of the recent objects, and counts the small
// ones by reason.
func (a *adviser) survey() (median int64, reasons map[chunk.Reason]int) {
	sizes, reasons := make([]int64, 0, manyObjects), map[chunk.Reason]int{}
	for _, l := range a.recent {
		sizes = append(sizes, l.bytes)
		if float64(l.bytes) < small*float64(a.limits.MaxFileSize) {
			reasons[l.reason]++
		}
	}
	slices.Sort(sizes)
	return sizes[len(sizes)/2], reasons
}
