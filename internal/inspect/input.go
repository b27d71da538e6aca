package inspect

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Sizing is what decides about sizes, in the output and in the input of its
// pipeline.
func (o *Output) Sizing() (d sizing.Destination, in sizing.Input) {
	in = sizing.InputIn(o.pipeline.fields)
	o.conf.Adapt(in)
	return o.conf.Sized(), in
}

// WarnAtStart logs what is doubtful about a configuration as a whole: inputs that
// can lose records which this output has not stored, and outputs that do not
// suit what is around them. What it learns of the input the outputs adapt to,
// unless there are several streams with one each. It returns no error: it is for
// the moment when the configuration is about to run.
func (r *Reading) WarnAtStart(log *service.Logger) error {
	for _, p := range r.pipelines {
		in := sizing.InputIn(p.fields)
		p.knows(&in)
		if line, exact := p.delivery(); exact {
			log.Info(line)
		} else if line != "" {
			log.Warn(line)
		}
		if len(r.pipelines) == 1 {
			config.KnowInput(in)
		}
		for _, doubt := range append(p.doubts(), p.sizeDoubts(false)...) {
			log.Warn(doubt)
		}
		if in.Skips {
			log.Warnf("The input %s can commit the offsets of records that are not stored, when Kafka partitions move to another process or the session is lost: they are missing if the process dies then. Use the input s3_destination_kafka.", in.Kind)
		}
	}
	return nil
}
