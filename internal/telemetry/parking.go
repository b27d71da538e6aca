package telemetry

import (
	"strings"
	"time"
	"unicode"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
)

// parking tells about partitions whose objects are refused, with one line for
// each change unless there are too many.
type parking struct {
	log     *service.Logger
	refused *service.MetricCounter
	parked  *service.MetricGauge
	lines   allowance
	policy  chunk.RefusedObjectPolicy
}

func newParking(m *service.Metrics, log *service.Logger, policy chunk.RefusedObjectPolicy) *parking {
	p := &parking{
		log: log, policy: policy,
		refused: m.NewCounter(prefix+"refused_objects_total", "class"),
		parked:  m.NewGauge(prefix + "parked_partitions"),
	}
	for _, class := range failures {
		p.refused.Incr(0, string(class))
	}
	return p
}

// ObjectRefused counts an object that is refused although the destination is
// well.
func (p *parking) ObjectRefused(reason error) { p.refused.Incr(1, string(store.ClassOf(reason))) }

// Parked warns of a partition whose objects are refused.
func (p *parking) Parked(_ chunk.Kind, path string, reason error) {
	if !p.lines.take() {
		return
	}
	then := "are tried again until they are accepted"
	if p.policy == chunk.ObjectToDeadLetters {
		then = "become dead letters if that goes on"
	}
	p.log.Warnf("Objects of partition %s are refused, while the destination accepts others (%s). Its records wait and %s; other partitions go on: %v",
		shown(path), store.ClassOf(reason), then, reason)
}

// Recovered tells that a partition is accepted again.
func (p *parking) Recovered(_ chunk.Kind, path string, lasted time.Duration) {
	if p.lines.take() {
		p.log.Infof("Objects of partition %s are not refused any more, after %s.", shown(path), lasted.Round(time.Second))
	}
}

// shown is a path without what stands for the parts that differ from object to
// object.
func shown(path string) string {
	return "/" + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, path)
}
