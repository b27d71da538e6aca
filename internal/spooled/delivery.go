package spooled

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
	"github.com/s3-destination/s3-destination/internal/spool/redelivery"
)

// delivery is the records of a batch as they may come once more: after a crash an
// input delivers again what it had not noted as done.
type delivery struct {
	trust  source.Trust
	recall *redelivery.Recall
	// marks are those of the records that are written, nil for none, and again those of the
	// records that an earlier process has written.
	marks *redelivery.Memory
	again []redelivery.Mark
}

// delivery begins a batch. Coordinates in text decide nothing here, whatever is
// configured: to drop a record takes more than what any client can send.
func (w *Way) delivery(k *keeper) *delivery {
	trust := w.Conf.Trust
	if trust == source.AnyMetadata {
		trust = source.KafkaInputs
	}
	return &delivery{trust: trust, recall: k.spool.Recall()}
}

// mark is what is remembered of a record: its place in Kafka, its payload, its time
// there, because a topic that is made anew has the same places, and where it goes,
// because one message may go to several partitions.
func (d *delivery) mark(r *record.Record, payload []byte, name uint64) (redelivery.Mark, bool) {
	topic, partition, offset, ok := d.trust.Surely(r.Meta)
	if !ok {
		return redelivery.Mark{}, false
	}
	var all [24]byte
	binary.LittleEndian.PutUint64(all[:], xxhash.Sum64(payload))
	binary.LittleEndian.PutUint64(all[8:], name)
	for _, key := range [...]string{record.KafkaMillis, record.KafkaSeconds} { // some inputs tell only one
		if v, is := record.Lookup(r.Meta, key); is {
			at, _ := record.Integer(v)
			binary.LittleEndian.PutUint64(all[16:], uint64(at))
			break
		}
	}
	return redelivery.Mark{
		Source: redelivery.Source{Topic: topic, Partition: partition}, Offset: offset, Sum: xxhash.Sum64(all[:]),
	}, true
}

// known reports whether an earlier process has written a record. Otherwise it is
// noted as one that is written now.
func (d *delivery) known(r *record.Record, payload []byte, name uint64) bool {
	m, ok := d.mark(r, payload, name)
	switch {
	case !ok:
		return false
	case d.recall.Take(&m):
		d.again = append(d.again, m)
		return true
	}
	if d.marks == nil {
		d.marks = redelivery.NewMemory(0)
	}
	d.marks.Add(m)
	return false
}

// settle ends a batch. When it is not acknowledged it comes once more, and so do the
// records that are known.
func (d *delivery) settle(err error, count func(int)) {
	if err == nil {
		count(len(d.again))
		return
	}
	for i := range d.again {
		d.recall.Give(&d.again[i])
	}
}
