package format

// Element is an element of the schema of any file, as its footer has it.
type Element struct {
	Name        string
	Type        int32 // as numbered in parquet.thrift; -1 for a group
	Repetition  int32
	NumChildren int32
	Converted   int32 // -1 for none
	Logical     byte  // the number of the logical type; 0 for none
	Scale       int32
	Precision   int32
	Local       bool // a time without a zone
}

// The repetitions, as numbered in parquet.thrift.
const (
	ElementOptional = 1
	ElementRepeated = 2
)

// Elements is what a footer says of the file as a whole.
type Elements struct {
	Schema   []Element
	Rows     int64
	Metadata map[string]string
}

// ReadElements reads the schema in a footer, and what is said of the whole file.
func ReadElements(footer []byte) (Elements, error) {
	r := reader{in: footer}
	e := Elements{Metadata: map[string]string{}}
	r.structure(func(id, typ byte) bool {
		switch {
		case id == 2 && typ == typeList:
			r.structures(func() { e.Schema = append(e.Schema, r.element()) })
		case id == 3 && typ == typeInt64:
			e.Rows = r.varint()
		case id == 5 && typ == typeList:
			r.structures(func() { r.keyValue(e.Metadata) })
		default:
			return false
		}
		return true
	})
	return e, r.err
}

func (r *reader) keyValue(into map[string]string) {
	var pair [2]string
	r.structure(func(id, typ byte) bool {
		if id > 2 || typ != typeBinary {
			return false
		}
		pair[id-1] = string(r.take(r.uvarint()))
		return true
	})
	into[pair[0]] = pair[1]
}

func (r *reader) element() Element {
	e := Element{Type: -1, Converted: -1}
	numbers := map[byte]*int32{1: &e.Type, 3: &e.Repetition, 5: &e.NumChildren, 6: &e.Converted, 7: &e.Scale, 8: &e.Precision}
	r.structure(func(id, typ byte) bool {
		switch {
		case numbers[id] != nil && typ == typeInt32:
			*numbers[id] = int32(r.varint())
		case id == 4 && typ == typeBinary:
			e.Name = string(r.take(r.uvarint()))
		case id == 10 && typ == typeStruct:
			r.structure(func(id, _ byte) bool {
				e.Logical = id
				r.structure(func(id, typ byte) bool { // of a time, whether it is of a zone
					e.Local = e.Local || id == 1 && typ == typeFalse
					return typ == typeTrue || typ == typeFalse
				})
				return true
			})
		default:
			return false
		}
		return true
	})
	return e
}
