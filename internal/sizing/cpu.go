package sizing

import "math"

// CPU is what a load takes of processors, by the costs of this package: those of
// one machine, with sample data. Processors of the pipeline are not in it.
type CPU struct {
	// Record is what a record takes, in microseconds, and Object what an object
	// takes beside its records, in milliseconds.
	Record, Object float64
	// Cores is how many are busy, of all processes together.
	Cores float64
	// Takes is how many records a second all processes together can be given, when
	// they are busy for the part [Busy] of the time. Processes is how many
	// processes the load needs then, and as many Kafka partitions at least.
	Takes, Processes float64
	// Cost is the price of all cores for a day.
	Cost float64
	// InputCounted says that Record has what reading takes: of other inputs nothing
	// is known.
	InputCounted bool
}

// assumedCores is how many cores a process has, when nobody says.
const assumedCores = 2

// processors fills in what the load takes of processors.
func (m *model) processors(p *Prediction) {
	c := &p.CPU
	c.Record, c.Object = m.perRecord(), m.perObject()
	_, c.InputCounted = m.in.inputCost()
	c.Cores = m.busy(p.Rows) * m.works
	c.Takes, c.Processes = m.takes(m.works)*m.works, m.processes()
	c.Cost = float64(m.l.Replicas) * m.l.Cores * day / hour * m.l.CorePrice
}

// working is how many of so many processes get records: a Kafka partition is read
// by one.
func (m *model) working(processes float64) float64 {
	if m.in.Kafka {
		return math.Min(processes, float64(m.l.KafkaPartitions))
	}
	return processes
}

// perRecord is what a record takes, in microseconds.
func (m *model) perRecord() float64 {
	input, _ := m.in.inputCost()
	us := costOf(m.d.Format).Record(m.l.RowBytes) + input
	if m.l.Partitions > 1 {
		us += routeCost
	}
	if m.d.Spool > 0 {
		us += spoolRecordCost
	}
	return us
}

// perObject is what an object takes beside its records, in milliseconds.
func (m *model) perObject() float64 {
	ms := costOf(m.d.Format).Object
	if m.l.Partitions > 1 {
		ms += partCost
	}
	if m.d.Spool > 0 {
		ms += spoolObjectCost
	}
	return ms
}

// busy is how many cores of one process are busy, when its objects have that many
// records.
func (m *model) busy(rows float64) float64 {
	return m.rate * (m.perRecord()/1e6 + m.perObject()/1e3/rows)
}

// processes is how many the load needs. How many there are decides what one takes,
// since they share the Kafka partitions, so that the number is found step by step.
func (m *model) processes() float64 {
	n := m.works
	for range 10 {
		last := n
		if n = math.Ceil(m.l.Rate / m.takes(n)); n == last {
			break
		}
	}
	return n
}

// takes is how many records a second each of so many processes can be given. A
// higher rate makes objects larger, so that the rate is found step by step.
func (m *model) takes(processes float64) float64 {
	given := Busy * m.l.Cores
	l := m.l
	l.Replicas, l.KafkaPartitions = 1, int(math.Ceil(float64(l.KafkaPartitions)/processes))
	l.Rate = given / m.perRecord() * 1e6
	for range 100 {
		n := newModel(m.d, m.in, l)
		var p Prediction
		n.objects(&p)
		last := l.Rate
		if l.Rate *= given / n.busy(p.Rows); math.Abs(l.Rate-last) < last/1e4 {
			break
		}
	}
	return l.Rate
}
