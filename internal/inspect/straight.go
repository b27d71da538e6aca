package inspect

import (
	"errors"
	"slices"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Straight reports whether the configuration is of one pipeline in which our Kafka
// input hands its batches to our output, and nothing between the two looks at
// records: then they need not be messages.
func (r *Reading) Straight() bool {
	return len(r.pipelines) == 1 && r.pipelines[0].straight()
}

func (p *pipeline) straight() bool {
	if p.name != "" || len(p.outputs) != 1 || p.outputs[0].conf == nil {
		return false
	}
	of := p.outputs[0].conf
	input, err := p.fields("input")
	return err == nil && alone(input, sizing.OwnKafka) && alone(p.output, config.Name) && !of.Spool.On() && of.Batching.IsNoop() &&
		p.bare("pipeline", "threads") && p.bare("buffer", "none")
}

// alone reports whether a component stands there with nothing around or beside it.
func alone(tree any, component string) bool {
	all := names(tree)
	return slices.Contains(all, component) &&
		!slices.ContainsFunc(all, func(name string) bool { return name != component && name != "label" })
}

// bare reports whether a part of the configuration is not there, or has nothing in it
// but what makes no difference.
func (p *pipeline) bare(part, harmless string) bool {
	value, err := p.fields(part)
	if err != nil {
		return errors.Is(err, errMissing)
	}
	parts, _ := sizing.Plain(value).(map[string]any)
	for name, child := range parts {
		list, ok := sizing.Plain(child).([]any)
		if name != harmless && (!ok || len(list) > 0) {
			return false
		}
	}
	return true
}
