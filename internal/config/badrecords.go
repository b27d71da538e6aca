package config

import (
	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/deadletter"
)

// badRecords are the policies for records and objects that cannot be stored.
type badRecords struct {
	folder string
}

func (b *badRecords) settings(c *chunk.Config) settings {
	return settings{
		choice("on_bad_record", &c.OnBadRecord, is("reject", chunk.Reject), is("dead_letter", chunk.ToDeadLetter), is("drop", chunk.Drop)).
			doc("What becomes of a record that cannot be stored: `reject` reports it alone back to the pipeline (for a `fallback`, or a retry by the input), `dead_letter` stores it with the reason under `dead_letter_folder`, `drop` acknowledges and counts it.").
			or("reject"),
		text("dead_letter_folder", &b.folder).
			doc("A template for the folder of dead letters, which may use the clock placeholders only. Empty means `_dead_letters/{{YYYY_today}}-{{MM_today}}-{{DD_today}}` below the fixed part of `folder`, so that a policy for that prefix covers it.").
			or("").advanced(),
		choice("on_refused_object", &c.OnRefusedObject, is("retry", chunk.RetryObject), is("dead_letter", chunk.ObjectToDeadLetters)).
			doc("What becomes of the records of an object that is refused while the destination accepts others, as a policy for its prefix may do. Its partition waits apart from the others, which go on. `retry` tries a small object of it again after 1s and up to 1m, as long as `retry.max_elapsed_time` allows; where more than half of `max_in_flight` or a quarter of `memory_limit` waits for such partitions, further records are reported back to the pipeline, which slows most inputs down. `dead_letter` does so at first, and stores the records under `dead_letter_folder` with the reason when three attempts in 10s or more were in vain, or more records come than may wait.").
			or("retry").advanced(),
	}
}

func (b *badRecords) complete(c *Config, n *naming, r *reader) {
	if c.Chunks.OnBadRecord != chunk.ToDeadLetter && c.Chunks.OnRefusedObject != chunk.ObjectToDeadLetters {
		if b.folder != "" {
			r.warn("dead_letter_folder: it has no effect unless on_bad_record or on_refused_object is dead_letter: write one of these, or remove it")
		}
		return
	}
	folder := b.folder
	if folder == "" && c.Layout != nil {
		folder = c.Layout.StaticPrefix() + "_dead_letters/{{YYYY_today}}-{{MM_today}}-{{DD_today}}"
	}
	letters, err := deadletter.NewFolder(folder, n.location(r))
	r.fail(err)
	c.DeadLetters = letters
	c.Chunks.DeadLetters = letters
}
