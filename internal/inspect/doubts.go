package inspect

import (
	"fmt"
	"maps"
	"slices"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/source"
)

// surroundings are what a whole configuration has around its outputs, as plain
// values: an output is told only its own part.
type surroundings struct {
	inputs    any            // input and input_resources
	output    any            // the output of the pipeline
	resources map[string]any // other outputs, by label
}

// around takes the surroundings from the fields of a configuration, of which
// any may be missing.
func around(field func(name string) (any, error)) surroundings {
	get := func(name string) any {
		value, err := field(name)
		if err != nil {
			return nil // not in this file
		}
		return sizing.Plain(value)
	}
	s := surroundings{inputs: []any{get("input"), get("input_resources")}, output: get("output"), resources: map[string]any{}}
	list, _ := get("output_resources").([]any)
	for _, r := range list {
		if conf, ok := sizing.Plain(r).(map[string]any); ok {
			s.resources[fmt.Sprint(conf["label"])] = conf
		}
	}
	return s
}

// doubts are what does not suit: outputs and what is around them. What concerns
// one output alone is said when that is read.
func (s surroundings) doubts() []string {
	var found []string
	say := func(text string) {
		if text != "" && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	s.visit(s.output, "", func(conf *config.Config, wrapper string) {
		say(resentByWrapper(conf, wrapper))
		say(s.untrusted(conf))
		say(s.mixed(conf))
	}, nil)
	return found
}

// visit calls fn for every s3_destination below a part of the configuration,
// with the innermost component around it that sends whole batches again until
// no record of them fails. seen are the resources on the way there.
func (s surroundings) visit(tree any, wrapper string, fn func(conf *config.Config, wrapper string), seen []string) {
	tree = sizing.Plain(tree)
	if list, ok := tree.([]any); ok {
		for _, e := range list {
			s.visit(e, wrapper, fn, seen)
		}
		return
	}
	component, _ := tree.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(component)) {
		conf := sizing.Plain(component[name])
		switch name {
		case config.Name:
			if own := configOf(conf); own != nil {
				fn(own, wrapper)
			}
		case "resource":
			label := fmt.Sprint(conf)
			if !slices.Contains(seen, label) {
				s.visit(s.resources[label], wrapper, fn, append(seen, label))
			}
		case "fallback":
			// What fails goes to the next one, record by record; only what the
			// last one fails comes back.
			list, _ := conf.([]any)
			for i, e := range list {
				if i < len(list)-1 {
					s.visit(e, "", fn, seen)
				} else {
					s.visit(e, wrapper, fn, seen)
				}
			}
		default:
			s.visit(conf, wrapperOf(name, conf, wrapper), fn, seen)
		}
	}
}

// configOf reads a configuration given as plain values, nil if it is wrong.
func configOf(conf any) *config.Config {
	own, err := config.ParseValues(conf)
	if err != nil {
		return nil
	}
	return own
}

// wrapperOf names a component that sends whole batches again. One that drops
// what fails shields what is inside it from those outside.
func wrapperOf(name string, conf any, outer string) string {
	fields, _ := conf.(map[string]any)
	is := func(field, value, otherwise string) bool {
		v, ok := fields[field]
		if !ok {
			return otherwise == value
		}
		return fmt.Sprint(v) == value
	}
	switch {
	case name == "retry" && fields["output"] != nil:
		return "retry"
	case name == "broker" && is("pattern", "fan_out", "fan_out"):
		return "broker with the pattern fan_out"
	case name == "broker" && is("pattern", "fan_out_sequential", "fan_out"):
		return "broker with the pattern fan_out_sequential"
	case name == "switch" && is("retry_until_success", "true", "false"):
		return "switch with retry_until_success"
	case name == "drop_on" && is("error", "true", "false"):
		return ""
	}
	return outer
}

func resentByWrapper(conf *config.Config, wrapper string) string {
	if wrapper == "" || conf.Chunks.OnBadRecord != chunk.Reject {
		return ""
	}
	return fmt.Sprintf("on_bad_record: \"reject\" is inside %s, which does not know single records and sends a batch again as a whole until no record of it fails, "+
		"so that one bad record holds up the pipeline for ever: write dead_letter or drop", wrapper)
}

// untrusted warns of coordinates that others than Kafka decide, or that will
// not be there.
func (s surroundings) untrusted(conf *config.Config) string {
	in := sendersIn(s.inputs)
	switch {
	case conf.Trust == source.AnyMetadata && in.deciding != "":
		return fmt.Sprintf("source_coordinates: \"metadata\" believes the input %s, which makes metadata of what its clients send, so that they decide what {{source_range}}, s3d-source and source columns say: write auto", in.deciding)
	case conf.Trust == source.KafkaInputs && in.open != "" && !in.kafka && conf.UsesCoordinates():
		return fmt.Sprintf("include_source_columns: it and {{source_range}} have nothing to tell about records of the input %s, because what its clients send as kafka_topic, kafka_partition and kafka_offset is not believed: remove them", in.open)
	}
	return ""
}

// mixed warns of batches that are made of several Kafka partitions.
func (s surroundings) mixed(conf *config.Config) string {
	if !conf.Sized().Batching.Any() || !hasKey(s.inputs, sizing.OwnKafka) {
		return ""
	}
	return "batching: it puts records of several Kafka partitions into one batch, so that all of the batch is stored again when one of the partitions is lost, " +
		"and the input s3_destination_kafka makes batches that are large enough: remove it"
}

// hasKey reports whether a component of that name is anywhere in a tree.
func hasKey(tree any, name string) bool {
	switch t := sizing.Plain(tree).(type) {
	case []any:
		return slices.ContainsFunc(t, func(e any) bool { return hasKey(e, name) })
	case map[string]any:
		for key, child := range t {
			if key == name || hasKey(child, name) {
				return true
			}
		}
	}
	return false
}
