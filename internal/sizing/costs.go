package sizing

import (
	"math"
	"slices"
)

// RecordCost is the CPU time that a record takes in a format, in microseconds of
// one core: framework, encoding, compressing and uploading, with the default
// codecs and levels and one folder. Of the input it has only what hands over
// batches that are in memory already.
type RecordCost struct {
	// Format is the value of file_format.
	Format string
	// Clicks is what a record of 25 fields and 0.8 kB takes, Wide one of 100
	// columns and 2.5 kB.
	Clicks, Wide float64
	// Object is what an object takes beside its records, in milliseconds: a
	// request, a name, and what the format begins and ends with.
	Object float64
}

// The sizes of the records that were measured, in bytes.
const clicksBytes, wideBytes = 824, 2520

// LeastRecord is what a record takes at least, in microseconds, however small it
// is: half of it is the framework's.
const LeastRecord = 1.2

// RecordCosts are measured by `make -C resources/bench table ARGS=-costs`, which
// also compares them with what it measures. They are those of the machine of
// docs/benchmarks.md.
var RecordCosts = []RecordCost{
	{"csv", 2.4, 4.2, 0.3},
	{"csv+gzip", 6.1, 13.3, 0.4},
	{"json", 2.2, 5.5, 0.35},
	{"json+gzip", 6.2, 17.7, 0.45},
	{"parquet", 3.3, 9.7, 0.85},
	{"avro", 2.8, 6.3, 0.45},
}

// InputCost is the CPU time that reading a record takes in an input, in
// microseconds of one core, beside what RecordCost has.
type InputCost struct {
	// Input is the name of the component, or of its scanner.
	Input string
	// Record is what a record takes.
	Record float64
}

// InputCosts are differences of what docs/benchmarks.md has of pipelines with
// these inputs, of records of 0.8 kB, and of the same formats without. That of
// batched is with the scanner lines. Other Kafka inputs are taken to cost as much
// as kafka.
var InputCosts = []InputCost{
	{OwnKafka, 2.6},
	{"kafka", 3.7},
	{OwnScanner, 3},
	{"batched", 23},
}

const (
	// routeCost is what a record takes whose folder is made of two of its fields
	// and its date, in microseconds.
	routeCost = 1.1
	// partCost is what an object in a folder of its own takes beside Object, in
	// milliseconds: its partition is opened, and its records are brought together.
	partCost = 0.1
	// spoolRecordCost and spoolObjectCost are what a spool takes of these, in the
	// same units.
	spoolRecordCost, spoolObjectCost = 1.7, 1.5
)

// Busy is how much of its cores a process should be given to do: the rest is for
// peaks, and for what has gathered while a process was away.
const Busy = 0.7

// off is by how much the costs may be wrong, in either direction: other machines,
// and other data.
const off = 2

// costOf is what is known of a format; that of json where nothing is.
func costOf(format string) RecordCost {
	i := slices.IndexFunc(RecordCosts, func(c RecordCost) bool { return c.Format == format })
	if i < 0 {
		i = slices.IndexFunc(RecordCosts, func(c RecordCost) bool { return c.Format == "json" })
	}
	return RecordCosts[i]
}

// Record is what a record of that size takes, in microseconds: on the line
// through the two sizes that were measured. Below them the line ends at
// [LeastRecord], where it would end at less.
func (c RecordCost) Record(rowBytes float64) float64 {
	slope := (c.Wide - c.Clicks) / (wideBytes - clicksBytes)
	if least := math.Max(LeastRecord, c.Clicks-slope*clicksBytes); rowBytes < clicksBytes {
		return least + (c.Clicks-least)*rowBytes/clicksBytes
	}
	return c.Clicks + slope*(rowBytes-clicksBytes)
}

// otherKafka is the input whose cost others that read Kafka are taken to have.
const otherKafka = "kafka"

// inputCost is what reading a record takes, in microseconds. It reports false for
// inputs of which nothing is known.
func (in *Input) inputCost() (us float64, known bool) {
	of := func(kind string) int {
		return slices.IndexFunc(InputCosts, func(c InputCost) bool { return c.Input == kind })
	}
	i := of(in.Kind)
	if i < 0 && in.Kafka {
		i = of(otherKafka)
	}
	if i < 0 {
		return 0, false
	}
	return InputCosts[i].Record, true
}
