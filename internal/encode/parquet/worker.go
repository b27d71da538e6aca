package parquet

import (
	"slices"

	"github.com/s3-destination/s3-destination/internal/encode/parquet/internal/format"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// worker is what it takes to build row groups: the columns and the buffers of
// one core. It knows nothing of files.
type worker struct {
	config  *Config
	builder builder
	plans   []*plan
	writer  writer
	// rowRecord is the record of each row of the current row group.
	rowRecord []int
}

func newWorker(config *Config) (*worker, error) {
	c, err := newCompressor(config.Compression, config.Level)
	if err != nil {
		return nil, err
	}
	return &worker{config: config, builder: builder{compressor: c, pageSize: config.PageSize, deltas: config.Compatibility == Modern}}, nil
}

// use prepares the worker for records of a schema, which must have fields.
// final says that the schema knows all records as well as it ever will.
func (w *worker) use(s *schema.Schema, policy schema.Policy, final bool) *plan {
	p := w.plan(s, policy)
	if old := w.writer.plan; old != nil && old != p {
		for _, c := range old.columns {
			c.release()
		}
	}
	w.writer.plan = p
	w.writer.policy = policy
	w.writer.final = final
	return p
}

func (w *worker) plan(s *schema.Schema, policy schema.Policy) *plan {
	for _, p := range w.plans {
		// Another dataset may have the same columns.
		if p.schema == s || p.schema.Fingerprint() == s.Fingerprint() {
			return p
		}
	}
	p := newPlan(s, w.config, policy)
	for _, c := range p.columns {
		c.bloom = slices.Contains(w.config.BloomColumns, pathOf(c.path))
		c.patient = w.builder.compressor.patient()
		c.later = w.builder.compressor.codec == format.Uncompressed
	}
	if len(w.plans) == maxPlans {
		w.plans = append(w.plans[:0], w.plans[1:]...)
	}
	w.plans = append(w.plans, p)
	return p
}

func pathOf(parts []string) string {
	path := ""
	for _, p := range parts {
		path = join(path, p)
	}
	return path
}
