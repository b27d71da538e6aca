package kafka

// offsets follows the records of one partition that are under way and knows
// below which offset all of them are stored. It is guarded by the reader's
// lock.
type offsets struct {
	batches   []*span // in the order in which they were read
	stored    int64   // everything below is stored; valid once known
	epoch     int32   // leader epoch of the record before stored
	known     bool
	committed int64 // what the broker has confirmed; -1 before
}

// span is a range of offsets that is stored or not as a whole.
type span struct {
	end   int64 // offset after the last record
	epoch int32
	done  bool
}

// begin notes a batch that ends before end. Batches begin in the order of their
// offsets.
func (o *offsets) begin(end int64, epoch int32) *span {
	s := &span{end: end, epoch: epoch}
	o.batches = append(o.batches, s)
	return s
}

// finish notes that a batch is stored.
func (o *offsets) finish(s *span) {
	s.done = true
	n := 0
	for n < len(o.batches) && o.batches[n].done {
		o.stored, o.epoch, o.known = o.batches[n].end, o.batches[n].epoch, true
		o.batches[n] = nil
		n++
	}
	o.batches = o.batches[n:]
}

// due returns what to commit, if it is not committed already.
func (o *offsets) due() (offset int64, epoch int32, any bool) {
	return o.stored, o.epoch, o.known && o.stored != o.committed
}
