package format

// PageLocation is where a page is.
type PageLocation struct {
	Offset        int64
	Size          int32 // with the header
	FirstRowIndex int64
}

// OffsetIndex tells where the pages of a column chunk are.
type OffsetIndex struct{ Pages []PageLocation }

// Append appends the index to b.
func (o *OffsetIndex) Append(b []byte) []byte {
	w := writer{out: b}
	w.element(func(w *writer) {
		w.list(1, typeStruct, len(o.Pages))
		for i := range o.Pages {
			w.element(o.Pages[i].fields)
		}
	})
	return w.out
}

func (p *PageLocation) fields(w *writer) {
	w.int64(1, p.Offset)
	w.int32(2, p.Size)
	w.int64(3, p.FirstRowIndex)
}

// ColumnIndex has the bounds of the pages of a column chunk, one element for
// each page. A page without values has no bounds.
type ColumnIndex struct {
	NullPages            []bool
	MinValues, MaxValues [][]byte
	NullCounts           []int64
	Order                BoundaryOrder
}

// Append appends the index to b.
func (c *ColumnIndex) Append(b []byte) []byte {
	w := writer{out: b}
	w.element(c.fields)
	return w.out
}

func (c *ColumnIndex) fields(w *writer) {
	w.list(1, typeFalse, len(c.NullPages))
	for _, v := range c.NullPages {
		w.out = append(w.out, flag(v))
	}
	w.list(2, typeBinary, len(c.MinValues))
	for _, v := range c.MinValues {
		w.binary(v)
	}
	w.list(3, typeBinary, len(c.MaxValues))
	for _, v := range c.MaxValues {
		w.binary(v)
	}
	w.int32(4, int32(c.Order))
	w.list(5, typeInt64, len(c.NullCounts))
	for _, v := range c.NullCounts {
		w.varint(v)
	}
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}
