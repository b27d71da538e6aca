// Package summary counts what the outputs of this process have stored, and says it
// when the process ends: how much, in how many objects, why these ended, what was no
// good, and where to look.
package summary

import (
	"slices"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/rate"
)

// Tally counts for one output. It is safe for concurrent use.
type Tally struct {
	mu     sync.Mutex
	began  time.Time
	places []string
	state  chunk.Stats
	pace   rate.Meter // of records and bytes
	counts
}

// counts is what is counted. Its zero value is empty.
type counts struct {
	records, objects, bytes int64
	raw                     int64 // bytes of records, with their line ends; 0 unless measuring
	letters, letterObjects  int64
	dropped, rejected       int64
	rolled                  map[chunk.Reason]int64
	why                     []Why
	otherwise               int64 // for reasons that why has no room for
}

// Why is a reason for which records were no good.
type Why struct {
	// Reason is that of the first of the records; those of others may differ from
	// it in digits.
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
}

// tallies are those of this process.
var tallies struct {
	sync.Mutex
	all []*Tally
}

// Begin returns the tally of an output that begins. places are the prefixes of what
// it writes, for people.
func Begin(now time.Time, places ...string) *Tally {
	t := begin(now, places...)
	tallies.Lock()
	defer tallies.Unlock()
	tallies.all = append(tallies.all, t)
	return t
}

// begin is a tally that is not among those of this process.
func begin(now time.Time, places ...string) *Tally {
	t := &Tally{began: now, places: places}
	t.pace.Note(now, 0, 0)
	return t
}

// Landed counts a durable object.
func (t *Tally) Landed(o chunk.Object) {
	raw := int64(0)
	if measuring.Load() {
		for i := range o.Records {
			raw += int64(o.Records[i].Size()) + 1
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.raw += raw
	if o.Kind == chunk.DeadLetter {
		t.letters += int64(o.Rows)
		t.letterObjects++
		return
	}
	t.pace.Note(time.Now(), t.records, t.bytes)
	t.records += int64(o.Rows)
	t.objects++
	t.bytes += o.Bytes
	if t.rolled == nil {
		t.rolled = map[chunk.Reason]int64{}
	}
	t.rolled[o.Reason]++
}

// Refused counts a record that cannot be stored.
func (t *Tally) Refused(policy chunk.BadRecordPolicy, reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch policy {
	case chunk.Drop:
		t.dropped++
	case chunk.Reject:
		t.rejected++ // each time that it comes
	case chunk.ToDeadLetter: // counted when it is stored
	}
	t.because(reason.Error(), 1)
}

// Diverted counts records that became dead letters because their object was refused.
func (t *Tally) Diverted(records int, reason error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.because(reason.Error(), int64(records))
}

// mostReasons is how many reasons are told apart.
const mostReasons = 10

// because counts a reason. Digits are offsets and values most often, which make no
// other reason.
func (c *counts) because(reason string, records int64) {
	kind := withoutDigits(reason)
	i := slices.IndexFunc(c.why, func(w Why) bool { return withoutDigits(w.Reason) == kind })
	switch {
	case i >= 0:
		c.why[i].Records += records
	case len(c.why) < mostReasons:
		c.why = append(c.why, Why{reason, records})
	default:
		c.otherwise += records
	}
}

func withoutDigits(text string) string {
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			kept = append(kept, text[i])
		}
	}
	return string(kept)
}

// add adds the counts of another output.
func (c *counts) add(d *counts) {
	c.records += d.records
	c.objects += d.objects
	c.bytes += d.bytes
	c.raw += d.raw
	c.letters += d.letters
	c.letterObjects += d.letterObjects
	c.dropped += d.dropped
	c.rejected += d.rejected
	for reason, n := range d.rolled {
		if c.rolled == nil {
			c.rolled = map[chunk.Reason]int64{}
		}
		c.rolled[reason] += n
	}
	for _, w := range d.why {
		c.because(w.Reason, w.Records)
	}
	c.otherwise += d.otherwise
}
