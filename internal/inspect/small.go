package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// usual is the load for which lint looks at sizes, where nothing is known of the
// real one: that of size without flags.
var usual = sizing.Load{Rate: 1000, RowBytes: 1000, Partitions: 1, KafkaPartitions: 1, Replicas: 1, RequestPrice: 0.005}

// sizeDoubts is what size knows of a Kafka input that makes objects smaller than
// the settings ask for, or does not end: for each output the first of its
// findings, since the others follow from that. lost says whether to tell, too,
// that records can be lost.
func (p *pipeline) sizeDoubts(lost bool) []string {
	in := sizing.InputIn(p.fields)
	if !in.Kafka {
		return nil
	}
	var all []string
	say := func(text string) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for _, o := range p.outputs {
		if o.conf == nil {
			continue
		}
		conf := *o.conf
		conf.Adapt(in)
		d, load := conf.Sized(), usual
		load.Ratio, _ = sizing.DefaultRatio(d.Format)
		predicted := sizing.Predict(d, in, load)
		for _, f := range predicted.Findings {
			ofInput := strings.HasPrefix(f.Setting, "input.")
			switch {
			case f.Setting == "input."+in.Kind:
				if lost {
					say(f.Setting + ": " + f.Text)
				}
				continue
			case f.Level != sizing.Warning && !strings.HasSuffix(f.Setting, ".batching.period"):
				continue
			case f.Level != sizing.Warning:
				say(f.Setting + ": " + f.Text)
			case !ofInput && f.Setting != "max_in_flight":
				continue // that is a matter of the load
			case !in.Batching.Any() && in.OrderedBytes == 0 && !in.Grows:
				say(fmt.Sprintf("input.%s.batching: it is missing, so that every record is a batch of its own, and objects end at %s at %s records/s of %s: write batching: {count: 1000, period: 1s}, and checkpoint_limit: %d or more, or the input s3_destination_kafka, which batches itself",
					in.Kind, sizing.Size(predicted.Bytes), sizing.Count(usual.Rate), sizing.Size(usual.RowBytes), roundUp(predicted.Unacknowledged)))
			case ofInput:
				say(fmt.Sprintf("%s: at %s records/s of %s, %s (s3-destination size tells more)", f.Setting, sizing.Count(usual.Rate), sizing.Size(usual.RowBytes), f.Text))
			}
			break
		}
	}
	return all
}

// roundUp is a limit with room, as a person would write it.
func roundUp(n float64) int {
	const step = 10_000
	return (int(1.2*n)/step + 1) * step
}
