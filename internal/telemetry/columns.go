package telemetry

import "github.com/s3-destination/s3-destination/internal/schema"

var _ schema.Observer = (*Metrics)(nil)

// ColumnChanged counts a column that is new, or has become wider. One that has become
// wider is a line of the log each time: whoever reads the table may have to know.
func (m *Metrics) ColumnChanged(c schema.Change) {
	if c.From == "" {
		m.columnsAdded.Incr(1)
		m.log.Debugf("New column %s of type %s in dataset %q.", c.Column, c.To, c.Dataset)
		return
	}
	m.columnsWidened.Incr(1, c.From, c.To)
	m.log.With("dataset", c.Dataset, "column", c.Column, "from", c.From, "to", c.To).
		Infof("Column %s of dataset %q is widened from %s to %s: later objects have the new type.", c.Column, c.Dataset, c.From, c.To)
}

// Datasets publishes how many datasets are remembered, and warns when some had to be
// forgotten.
func (m *Metrics) Datasets(datasets int, bytes int64, forgotten int) {
	m.datasets.Set(int64(datasets))
	m.datasetBytes.Set(bytes)
	m.datasetsForgotten.Incr(int64(forgotten))
	if forgotten > 0 && m.forgetful.due() {
		m.log.Warnf("The columns of more datasets than memory_limit has room for are in use (%d take %d bytes): those that were not used for the longest time are forgotten, and learned anew. Raise memory_limit, or set schema.dataset to something that takes fewer values.", datasets, bytes)
	}
}

// Unsaved warns of columns that would be lost with the process.
func (m *Metrics) Unsaved(err error) {
	m.unsaved.Incr(1)
	if m.unwritten.due() {
		m.log.Warnf("Columns cannot be kept: %v. They are known to this process, but not to the next one, and not to others. Records go on.", err)
	}
}

// ColumnsWait warns of objects that wait for the columns in the bucket.
func (m *Metrics) ColumnsWait(err error) {
	m.unsaved.Incr(1)
	if m.unwritten.due() {
		m.log.Warnf("Objects wait for the columns in the bucket (schema.remember): %v. Nothing is lost: it is tried again until the store answers.", err)
	}
}
