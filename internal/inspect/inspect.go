// Package inspect is what the subcommands know of a configuration file without
// running it: which outputs it has, what their keys and policies would be, how
// large things get, and what is doubtful.
package inspect

import (
	"context"

	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/doctor"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// Output is an output of a configuration file, for the subcommands that
// look at it without running it.
type Output struct {
	// Label is the label of the output.
	Label string
	conf  *config.Config

	file     *yamlfile.File
	path     string // inside the file
	template bool   // the path is that of the template that it comes from
	pipeline *pipeline
	reading  *Reading
	written  *yaml.Node
	wrong    []error // what it does not run with
}

// Read reads the one s3_destination of a configuration that is no file; label
// chooses among several.
func Read(text, label string) (*Output, error) {
	r, err := ReadText("configuration", text)
	if err != nil {
		return nil, err
	}
	return r.Output(label)
}

// Config is the configuration of the output, as run has it.
func (o *Output) Config() *config.Config { return o.conf }

// Doctor is what the checks of the doctor need to know.
func (o *Output) Doctor() doctor.Config {
	delivery, _ := o.pipeline.delivery()
	c := doctor.Config{
		Store:    o.conf.Store,
		Probe:    o.conf.Probe(o.Label),
		Policy:   o.Policy(),
		Columns:  o.conf.Format.InBucket,
		Delivery: delivery,
	}
	if o.conf.Spool.On() {
		c.Spool = doctor.Spool{Dir: o.conf.Spool.Path, MaxSize: o.conf.Spool.MaxSize}
	}
	return c
}

// Region is the region of the bucket, by the configuration or the environment;
// empty when neither names one.
func (o *Output) Region(ctx context.Context) string { return store.RegionOf(ctx, o.conf.Store) }

// Policy is what the policies for the configuration need to know. Its region is
// that of the configuration alone; see [Output.Region].
func (o *Output) Policy() policy.Config {
	c := policy.Config{Prefix: o.conf.Layout.StaticPrefix(), ReadBack: o.conf.Spool.On() && !o.conf.Layout.Uses("uuid")}
	if o.conf.DeadLetters != nil {
		c.MorePrefixes = []string{o.conf.DeadLetters.Layout().StaticPrefix()}
	}
	c.Columns = o.conf.Format.InBucket
	return c.WithStore(o.conf.Store)
}

// Preview returns a preview of what becomes of records.
func (o *Output) Preview() (*Preview, error) {
	p, err := newPreview(o.conf)
	if err != nil {
		return nil, err
	}
	p.way = o.reading.wayTo(o)
	handling, _ := o.pipeline.main.Value("error_handling").(map[string]any)
	p.strict = handling["strict"] == true
	p.begin = func(ctx context.Context, end context.CancelCauseFunc) (*processors, error) {
		return o.reading.start(ctx, end, o.pipeline, p.way)
	}
	return p, nil
}
