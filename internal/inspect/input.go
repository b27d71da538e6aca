package inspect

import (
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// fieldsOf reads the fields of a configuration file.
func fieldsOf(file string) (func(name string) (any, error), error) {
	conf, err := service.GlobalEnvironment().FullConfigSchema("", "").NewConfigQuerier().ParseYAML(file)
	if err != nil {
		return nil, err
	}
	return func(name string) (any, error) {
		part, err := conf.FieldAtPath(name)
		if err != nil {
			return nil, err
		}
		return part.FieldAny()
	}, nil
}

// Sizing is what decides about sizes, in the output and in the input of the
// file it was found in.
func (o *Output) Sizing(file string) (d sizing.Destination, in sizing.Input, err error) {
	field, err := fieldsOf(file)
	if err == nil {
		in = sizing.InputIn(field)
	}
	o.conf.Adapt(in)
	return o.conf.Sized(), in, err
}

// WarnAtStart logs what is doubtful about a configuration as a whole: an input
// that can lose records which this output has not stored, and what [Doubts]
// finds. What it learns of the input the outputs adapt to. It returns no error:
// it is for the moment when the configuration has been read.
func WarnAtStart(conf *service.ParsedConfig) error {
	field := func(name string) (any, error) { return conf.FieldAny(name) }
	in := sizing.InputIn(field)
	config.KnowInput(in)
	log := conf.Resources().Logger()
	for _, doubt := range around(field).doubts() {
		log.Warn(doubt)
	}
	if in.Skips {
		log.Warnf("The input %s can commit the offsets of records that are not stored, when Kafka partitions move to another process or the session is lost: they are missing if the process dies then. Use the input s3_destination_kafka.", in.Kind)
	}
	return nil
}
