package summary

import (
	"slices"
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/live"
)

// lately is over which time the rates are reckoned of what lands: objects land in
// bursts, and most often within a minute.
const lately = time.Minute

// Show adds what was stored so far to the state of an output.
func (t *Tally) Show(now time.Time, o *live.Output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o.Places = slices.Clone(t.places)
	o.Records, o.Objects, o.Bytes = t.records, t.objects, t.bytes
	o.RecordsPerSecond, o.BytesPerSecond = t.pace.Per(now, lately, t.records, t.bytes)
	o.DeadLetters, o.Dropped, o.Rejected = t.letters, t.dropped, t.rejected
	for _, reason := range chunk.Reasons {
		if n := t.rolled[reason]; n > 0 {
			o.Rolled = append(o.Rolled, live.Rolled{Reason: string(reason), Objects: n})
		}
	}
	for _, why := range t.why {
		o.Bad = append(o.Bad, live.Bad(why))
	}
	if t.otherwise > 0 {
		o.Bad = append(o.Bad, live.Bad{Reason: "other reasons", Records: t.otherwise})
	}
}
