package output

import (
	"context"

	"github.com/s3-destination/s3-destination/internal/doctor"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
)

// Inspected is an output of a configuration file, for the subcommands that
// look at it without running it.
type Inspected struct {
	// Label is the label of the output.
	Label string
	conf  *Config
}

// Inspect reads the one s3_destination of a configuration file; label chooses
// among several.
func Inspect(file, label string) (*Inspected, error) {
	conf, found, err := find(file, label)
	if err != nil {
		return nil, err
	}
	return &Inspected{Label: found, conf: conf}, nil
}

// Doctor is what the checks of the doctor need to know.
func (i *Inspected) Doctor() doctor.Config {
	return doctor.Config{
		Store:  i.conf.store,
		Probe:  i.conf.probe(i.Label),
		Policy: i.Policy(),
	}
}

// Region is the region of the bucket, by the configuration or the environment;
// empty when neither names one.
func (i *Inspected) Region(ctx context.Context) string { return store.RegionOf(ctx, i.conf.store) }

// Policy is what the policies for the configuration need to know. Its region is
// that of the configuration alone; see [Inspected.Region].
func (i *Inspected) Policy() policy.Config {
	c := policy.Config{Prefix: i.conf.layout.StaticPrefix()}
	if i.conf.deadLetters != nil {
		c.MorePrefixes = []string{i.conf.deadLetters.Layout().StaticPrefix()}
	}
	return c.WithStore(i.conf.store)
}

// Preview returns a preview of the output's keys.
func (i *Inspected) Preview() (*Preview, error) { return newPreview(i.conf) }
