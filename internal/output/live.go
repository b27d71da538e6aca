package output

import (
	"slices"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/live"
)

// lately is over which time the rate is reckoned of what arrives.
const lately = 10 * time.Second

var _ live.Source = (*Output)(nil)

// Show adds what this output does to the state of the process.
func (o *Output) Show(s *live.State) {
	now := s.At
	flow := o.account.Flow(now, lately)
	shown := live.Output{
		Name:        live.Name{Stream: o.stream, Label: o.label, Path: o.path},
		Destination: o.conf.Destination(), FileFormat: o.conf.Format.Name, Health: o.healthState(),
		Arrived: flow.Records, ArrivedPerSecond: flow.PerSecond, Batches: flow.Batches,
		MaxAge: o.conf.Chunks.MaxAge.Seconds(), Limit: o.conf.MemoryLimit, Cap: o.conf.Chunks.MaxFileSize,
	}
	if !flow.Oldest.IsZero() {
		shown.Oldest = max(now.Sub(flow.Oldest), 0).Seconds()
	}
	o.tally.Show(now, &shown)
	o.way.Show(now, &shown)
	s.Outputs = append(s.Outputs, shown)
}

// healthState is what is known of the destination, without anything secret: errors
// are those of logs.
func (o *Output) healthState() live.Health {
	if o.monitor == nil {
		return live.Health{State: "off"}
	}
	s := o.monitor.Status()
	h := live.Health{State: s.State.String(), Since: s.Since.UTC(), Checked: s.LastSuccess.UTC(), Class: string(s.Class)}
	if s.State == health.Unhealthy && s.Err != nil {
		h.Error = strings.Join(strings.Fields(s.Err.Error()), " ")
	}
	return h
}

// pathOf is the path of a component as Benthos' metrics and logs have it.
func pathOf(res *service.Resources) string {
	return strings.Join(slices.Concat([]string{"root"}, res.Path()), ".")
}
