package csv

import (
	"errors"
	"io"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// object is what an encoder knows of the object that it is writing, beside the
// table.
type object struct {
	memory  *schema.Memory
	known   *schema.Schema // the columns that the table began with
	check   *schema.Checker
	dataset record.Dataset
	// perRecord says that records of a dataset may have other schemas.
	perRecord bool
}

// errMoved says that the columns of the dataset are others than when the object
// was begun.
var errMoved = errors.New("the dataset has got other columns")

// encode writes one object, unless its columns have moved.
func (e *encoder) encode(w io.Writer, records []record.Record, limit int64) (encode.Result, error) {
	e.refused, e.change, e.object = nil, 0, object{}
	e.begin(records)
	if e.memory == nil {
		return encode.Result{Taken: len(e.refused), Refused: e.refused}, nil
	}
	if e.stream == nil {
		return e.encodePlain(w, records, limit)
	}
	return e.encodeGzip(w, records, limit)
}

// begin finds the schema that the records belong to, and gives its columns to the
// table. Records that do not tell theirs are refused.
func (e *encoder) begin(records []record.Record) {
	for i := range records {
		memory, err := e.registry.For(&records[i])
		if err != nil {
			e.refused = append(e.refused, encode.Refusal{Index: i, Err: err})
			continue
		}
		e.object = object{
			memory: memory, known: memory.Schema(), check: memory.Checker(), dataset: records[i].Dataset,
			perRecord: e.registry.PerRecord(),
		}
		e.table.reset(e.known, memory.Policy().Unknown, memory.Room())
		return
	}
}

// skipped is the number of records that begin refused.
func (e *encoder) skipped() int { return len(e.refused) }

// stranger reports whether a record of the same dataset brings another schema.
func (e *encoder) stranger(rec *record.Record) bool {
	memory, err := e.registry.For(rec)
	return err != nil || memory != e.memory
}

// settle gives the columns that the table added to the dataset, before anything
// is written: every later object has them in this order.
func (e *encoder) settle() error {
	added := e.table.added()
	if len(added) == 0 {
		return nil
	}
	s, ok := e.memory.Extend(e.known, added)
	if ok {
		return nil
	}
	for !ok {
		s, ok = e.memory.Extend(s, added)
	}
	return errMoved
}
