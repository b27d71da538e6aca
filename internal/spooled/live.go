package spooled

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Show adds what is in the spool to what is shown of an output.
func (w *Way) Show(now time.Time, o *live.Output) {
	o.Limit = w.Conf.SpoolOptions().Memory
	k := w.opened.Load()
	if k == nil {
		return
	}
	l := k.courier.Look(live.Head)
	o.Held = l.Cached
	if !l.Oldest.IsZero() {
		o.Oldest = max(o.Oldest, now.Sub(l.Oldest).Seconds()) // or that of a call
	}
	o.Chunks = live.Chunks{
		Open: l.Streams, Encoding: l.Making, Encoded: max(l.Objects-l.Sending, 0), Uploading: l.Sending,
		UploadLimit: l.SendLimit, Refused: l.Refused, Fill: l.Fill,
	}
	o.Spool = &live.Spool{
		Journal: l.Journal, Spill: l.Spill, Outbox: l.Outbox, Limit: w.Conf.Spool.MaxSize, Objects: l.Objects, Full: l.Full,
	}
	o.Hold(now, l.Chunks)
}
