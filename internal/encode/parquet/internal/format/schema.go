package format

// The names of both generations of annotations, by their numbers in
// parquet.thrift. A converted type of -1 means that there is none.
var annotations = [...]struct {
	converted int32
	logical   byte
}{
	String:               {0, 1},
	List:                 {3, 3},
	Map:                  {1, 2},
	Decimal:              {5, 5},
	Date:                 {6, 6},
	TimeMicros:           {-1, 7},
	TimestampMicros:      {10, 8},
	LocalTimestampMicros: {10, 8},
	UUID:                 {-1, 14},
}

func (e *SchemaElement) fields(w *writer) {
	if e.Leaf() {
		w.int32(1, int32(e.Type))
	}
	if e.TypeLength > 0 {
		w.int32(2, e.TypeLength)
	}
	if e.Repetition > 0 {
		w.int32(3, int32(e.Repetition-Required))
	}
	w.string(4, e.Name)
	if !e.Leaf() {
		w.int32(5, e.NumChildren)
	}
	a := annotations[e.Annotation]
	if e.Annotation != NoAnnotation && a.converted >= 0 {
		w.int32(6, a.converted)
	}
	if e.Annotation == Decimal {
		w.int32(7, e.Scale)
		w.int32(8, e.Precision)
	}
	if e.FieldID > 0 {
		w.int32(9, e.FieldID)
	}
	if e.Annotation != NoAnnotation {
		w.structure(10, func(w *writer) { w.structure(a.logical, e.logical) })
	}
}

// logical are the fields of the logical type.
func (e *SchemaElement) logical(w *writer) {
	switch e.Annotation { //nolint:exhaustive // the others have none
	case Decimal:
		w.int32(1, e.Scale)
		w.int32(2, e.Precision)
	case TimeMicros, TimestampMicros, LocalTimestampMicros:
		w.bool(1, e.Annotation == TimestampMicros)                // adjusted to UTC
		w.structure(2, func(w *writer) { w.structure(2, empty) }) // microseconds
	}
}
