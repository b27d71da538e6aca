package live

import (
	"time"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Hold adds partitions to what is shown of an output.
func (o *Output) Hold(now time.Time, all []chunk.Holding) {
	for i := range all {
		h := &all[i]
		p := Partition{
			Name: template.Readable(h.Path), DeadLetter: h.Kind == chunk.DeadLetter, State: states[h.State],
			Records: int64(h.Records), Bytes: h.Bytes, Fill: chunk.Part(h.Bytes, h.Most), Age: max(now.Sub(h.Since), 0).Seconds(),
		}
		if p.State == "" {
			p.State = h.State
		}
		if h.Refusal != nil {
			p.Refusal = template.Readable(h.Refusal.Error())
		}
		o.Partitions = append(o.Partitions, p)
	}
}

// states are words for people where those of chunks are not.
var states = map[string]string{
	"sealed":  "waits for an encoder",
	"encoded": "waits for an upload",
	"landing": "uploading",
	"parked":  "refused",
	"forming": "recovering",
}
