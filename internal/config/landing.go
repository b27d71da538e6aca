package config

import (
	"github.com/s3-destination/s3-destination/internal/landing"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Landing is how objects are named, encoded and described. describe adds object
// metadata about its records.
func (c *Config) Landing(describe func([]record.Record) map[string]string) landing.Config {
	to := landing.Config{
		Data: landing.Format{
			NewEncoder:      c.Format.NewEncoder,
			Namer:           c.Layout,
			ContentType:     c.Format.ContentType,
			ContentEncoding: c.Format.ContentEncoding,
		},
		Describe: describe,
		Metadata: c.Store.Metadata,
		Range:    c.Trust.RangeName,
		Sums:     c.Spool.On(),
	}
	if c.DeadLetters != nil {
		to.DeadLetters = landing.Format{
			NewEncoder:  newDeadLetterEncoder,
			Namer:       c.DeadLetters.Layout(),
			ContentType: "application/x-ndjson",
		}
	}
	return to
}
