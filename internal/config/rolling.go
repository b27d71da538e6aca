package config

import (
	"errors"
	"fmt"

	"github.com/gofrs/uuid/v5"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/template"
)

// defaultMaxFileSize is written with a space, so that it can be told from the
// same size chosen by a user, for whom rule 4 applies.
const defaultMaxFileSize = "128 MB"

// rolling are the rules by which chunks become objects.
type rolling struct {
	sizeText string // max_file_size as it is written
}

func (o *rolling) settings(conf *Config) settings {
	c := &conf.Chunks
	return settings{
		size("max_file_size", &c.MaxFileSize).as(&o.sizeText).
			doc("The largest object, in bytes as stored: encoded and compressed. A bare number is in MB; `0` means no limit. Never exceeded, except by a record that alone is larger.").
			or(defaultMaxFileSize).
			example("128").
			example("64MiB"),
		count("max_records", &c.MaxRecords, 0).
			doc("The largest number of records in an object; `0` means no limit.").
			or(0).advanced(),
		duration("max_age", &c.MaxAge).
			doc("How long the first record of an object may wait before the object is written. The delay that readers see, and the duplicates after a crash, are bounded by this.").
			or("1m"),
		duration("idle_timeout", &c.IdleTimeout).
			doc("Write everything when records wait and nothing arrived for this long, or for twice the longest recent gap between arrivals when that is more. This is how a finite input ends; `0s` disables it.").
			or("2s").advanced(),
		count("max_open_partitions", &c.MaxOpenPartitions, 0).
			doc("The largest number of partitions collected at once; beyond it the oldest is written. `0` means no limit.").
			or(20000).advanced(),
		size("memory_limit", &conf.MemoryLimit).
			doc("The memory for records that are not yet durable, with the overhead of the framework and the encoded objects. An eighth of it is left to garbage that is not collected yet. Beyond 80% of the rest the largest partitions are written early; when all of it is taken arrivals wait. A bare number is in MB.").
			or("512MiB").
			example("256MiB"),
	}
}

// complete checks the rules, those with the names of objects too.
func (o *rolling) complete(c *Config, r *reader) {
	c.Chunks.NewID = newID
	c.Chunks.Encoders = c.Encoders
	c.Chunks.CallOverhead = callOverhead
	c.Chunks.PartitionOverhead = partitionOverhead
	c.Chunks.InitialRatio[chunk.Data] = c.Format.ratio
	c.Chunks.InitialRatio[chunk.DeadLetter] = 1
	c.Chunks.MemoryLimit = sizing.ForRecords(c.MemoryLimit)
	if c.MemoryLimit == 0 {
		r.fail(errors.New("memory_limit: \"0\" leaves no room for records: write 16MiB or more"))
	}
	if c.Chunks.MaxAge == 0 {
		r.fail(errors.New("max_age: \"0s\" bounds nothing: write how long a record may wait, such as 1m"))
	}
	o.doubt(c, r)
	if c.Layout == nil {
		return
	}
	for _, f := range c.Layout.CheckRules(template.Settings{
		PartitionBy:        c.Partition.PartitionBy,
		MaxFileSize:        c.Chunks.MaxFileSize,
		MaxFileSizeSet:     o.sizeText != defaultMaxFileSize,
		HasDateField:       c.Partition.DateField != "",
		MissingDateIsToday: c.Partition.OnMissingDate == partition.MissingToday,
	}) {
		switch {
		case f.Rule == ruleDateField: // package partition has said so
		case f.Severity == template.Error:
			r.fail(errors.New(f.Message))
		default:
			r.warn(f.Message)
		}
	}
}

// tiny is a cap below which nearly every record is an object of its own.
const tiny = 10_000

// doubt looks at sizes that hardly anybody wants.
func (o *rolling) doubt(c *Config, r *reader) {
	size, set := c.Chunks.MaxFileSize, o.sizeText != defaultMaxFileSize
	if size > 0 && size < tiny {
		r.warn(fmt.Sprintf("max_file_size: %q makes nearly every record an object of its own: write a size such as 64MB", o.sizeText))
	}
	if set && size > 0 && size > c.Chunks.MemoryLimit && c.MemoryLimit > 0 {
		r.warn(fmt.Sprintf("memory_limit: it is less than max_file_size (%s), so that memory ends objects before that: write a larger one, or a smaller max_file_size", o.sizeText))
	}
	if most := machineMemory(); most > 0 && c.MemoryLimit > most {
		r.warn("memory_limit: it is more memory than this machine or container has: write less, unless the pipeline runs elsewhere")
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// ruleDateField is the rule that date placeholders need a date_field.
const ruleDateField = 6
