// Package config is the configuration of the output: which settings there are,
// what they mean, and what is wrong with those of a user. A setting is declared,
// documented, given its default, read and checked at one place: see [setting].
package config

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/deadletter"
	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Name is what the output is called in a configuration.
const Name = "s3_destination"

// Config is a validated configuration.
type Config struct {
	Store store.Config
	// Directory takes the place of the bucket, unless it is empty.
	Directory string
	Layout    *template.Layout
	Partition partition.Config
	Format    Format
	Columns   *source.Columns // nil for none
	// Grows says that the input keeps what is under way within MemoryLimit, and
	// has nothing to adjust.
	Grows bool
	// Exactly says that records are to be stored exactly once, as far as is known,
	// and Against what keeps them from it.
	Exactly bool
	Against []string
	Trust   source.Trust // in coordinates of records
	// Chunks.MemoryLimit is the part of MemoryLimit that records may take.
	Chunks      chunk.Config
	MemoryLimit int64
	DeadLetters *deadletter.Folder // nil for none
	Health      Health
	Spool       Spool
	// Encoders is the number of objects encoded at once, and of the cores that
	// encoding one object may use.
	Encoders int
	// MaxInFlight is the number of batches that may wait; see Adapt.
	MaxInFlight int
	Batching    service.BatchPolicy
	// Warnings are what is merely doubtful.
	Warnings []string

	autoInFlight bool // MaxInFlight is derived from the memory limit and the input
	ranged       bool // names contain {{source_range}}
}

// draft is a configuration while it is read.
type draft struct {
	Config
	naming     naming
	format     format
	origin     origin
	rolling    rolling
	badRecords badRecords
}

// settings are all of them, in the order of the reference.
func (d *draft) settings() settings {
	return slices.Concat(
		destination(&d.Store),
		d.naming.templates(),
		d.format.choice(),
		d.naming.values(),
		d.format.options(),
		d.format.columnar.settings(),
		d.origin.settings(),
		d.rolling.settings(&d.Config),
		d.badRecords.settings(&d.Chunks),
		d.Spool.settings(),
		access(&d.Store),
		d.Health.settings(),
		writes(&d.Store),
		d.format.headers(),
		properties(&d.Store),
		upload(&d.Store, &d.Chunks.Uploads),
		d.concurrency(),
		retries(&d.Store.Retry),
		d.batches(),
	)
}

// complete derives what follows from several settings, and checks the rules
// between them.
func (d *draft) complete(r *reader) {
	c := &d.Config
	c.completeConcurrency()
	d.origin.complete(c, r)
	d.format.without = d.naming.held(r)
	d.format.complete(c, r)
	d.naming.dataset = d.format.columnar.dataset
	d.naming.complete(c, r)
	checkRetries(&c.Store.Retry, r)
	d.rolling.complete(c, r)
	d.badRecords.complete(c, &d.naming, r)
	c.Spool.complete(c, r)
	c.Adapt(known())
	for _, err := range c.Store.Problems() {
		r.fail(err)
	}
	checkSyntax(c, r)
	checkAccess(&c.Store, r)
	checkProperties(&c.Store, r)
	c.Health.check(r)
	d.checkActs(r)
}

// Parse reads and validates a configuration. The error names every mistake, and
// is a join of them; the warnings are there in any case.
func Parse(conf *service.ParsedConfig) (*Config, error) {
	d, r := &draft{}, &reader{conf: conf}
	d.settings().read(r, nil)
	d.complete(r)
	d.Warnings = r.warnings
	return &d.Config, r.err()
}

// ParseValues is Parse for a configuration given as plain values, such as those
// of a YAML file. It is nil where Benthos itself cannot read them.
func ParseValues(conf any) (*Config, error) {
	text, err := json.Marshal(conf) // JSON is YAML
	if err != nil {
		return nil, err
	}
	return ParseYAML(string(text))
}

// ParseYAML is Parse for a configuration given as YAML, which Benthos reads as it
// does when the pipeline starts: what is text there stays text. It is nil where
// Benthos itself cannot read it.
func ParseYAML(text string) (*Config, error) {
	parsed, err := spec().ParseYAML(text, service.GlobalEnvironment())
	if err != nil {
		return nil, err
	}
	return Parse(parsed)
}

// Messages are the mistakes that an error of Parse tells, one each.
func Messages(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var all []string
	for _, e := range joined.Unwrap() {
		all = append(all, e.Error())
	}
	return all
}

// noLimit stands for max_file_size 0: the largest object of S3.
const noLimit = 5 << 40

// Largest is the size of the largest object of data, but for single records, in
// bytes.
func (c *Config) Largest() int64 {
	if c.Chunks.MaxFileSize > 0 {
		return c.Chunks.MaxFileSize
	}
	return noLimit
}

// Probe is what the health check of the output with that label writes, and finds
// out.
func (c *Config) Probe(label string) health.ProbeConfig {
	return health.ProbeConfig{
		Prefix: c.Layout.StaticPrefix(), Label: label, Size: c.Health.ProbeSize,
		Prove: c.Store.Conditions == store.ProveConditions, Largest: c.Largest(),
	}
}

// Destination names bucket and server for people.
func (c *Config) Destination() string {
	if c.Directory != "" {
		return "directory " + c.Directory
	}
	if c.Store.Endpoint != "" {
		return fmt.Sprintf("bucket %s at %s", c.Store.Bucket, c.Store.Endpoint)
	}
	return fmt.Sprintf("bucket %s of S3, region %s", c.Store.Bucket, c.Store.Region)
}

// UsesCoordinates reports whether the configuration asks for coordinates of
// records.
func (c *Config) UsesCoordinates() bool { return c.Columns != nil || c.ranged }
