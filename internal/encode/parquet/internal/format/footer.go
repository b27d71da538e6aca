package format

// FileMetaData is the footer of a file.
type FileMetaData struct {
	Version int32
	// Schema is the tree of fields, parents before their children.
	Schema    []SchemaElement
	NumRows   int64
	RowGroups []RowGroup
	KeyValues []KeyValue
	CreatedBy string
}

// SchemaElement is a node of the schema. One without children is a column, and
// only that has a type.
type SchemaElement struct {
	Name        string
	FieldID     int32      // 0 for none
	Repetition  Repetition // 0 for the root
	NumChildren int32

	Type       Type
	TypeLength int32 // of FixedLenByteArray
	Annotation Annotation
	// Precision and Scale are those of a Decimal.
	Precision, Scale int32
}

// Leaf reports whether the element is a column.
func (e *SchemaElement) Leaf() bool { return e.NumChildren == 0 }

// KeyValue is an entry of the footer's metadata.
type KeyValue struct{ Key, Value string }

// RowGroup describes a row group.
type RowGroup struct {
	Columns             []ColumnChunk
	NumRows             int64
	TotalByteSize       int64 // of the pages with their headers, uncompressed
	FileOffset          int64
	TotalCompressedSize int64
	Ordinal             int16
}

// ColumnChunk describes a column of a row group. An index of no length is not
// there.
type ColumnChunk struct {
	MetaData          ColumnMetaData
	OffsetIndexOffset int64
	OffsetIndexLength int32
	ColumnIndexOffset int64
	ColumnIndexLength int32
}

// ColumnMetaData describes the pages of a column chunk. Sizes are those of the
// pages with their headers.
type ColumnMetaData struct {
	Type                  Type
	Encodings             []Encoding
	Path                  []string
	Codec                 Codec
	NumValues             int64
	TotalUncompressedSize int64
	TotalCompressedSize   int64
	DataPageOffset        int64
	DictionaryPageOffset  int64 // 0 when there is no dictionary
	Statistics            Statistics
	EncodingStats         []PageEncodingStats
	BloomFilterOffset     int64
	BloomFilterLength     int32 // 0 when there is no filter
}

// PageEncodingStats counts the pages of a kind.
type PageEncodingStats struct {
	PageType PageType
	Encoding Encoding
	Count    int32
}

// Append appends the footer to b.
func (m *FileMetaData) Append(b []byte) []byte {
	w := writer{out: b}
	w.element(m.fields)
	return w.out
}

func (m *FileMetaData) fields(w *writer) {
	w.int32(1, m.Version)
	w.list(2, typeStruct, len(m.Schema))
	leaves := 0
	for i := range m.Schema {
		w.element(m.Schema[i].fields)
		if m.Schema[i].Leaf() {
			leaves++
		}
	}
	w.int64(3, m.NumRows)
	w.list(4, typeStruct, len(m.RowGroups))
	for i := range m.RowGroups {
		w.element(m.RowGroups[i].fields)
	}
	w.list(5, typeStruct, len(m.KeyValues))
	for i := range m.KeyValues {
		w.element(m.KeyValues[i].fields)
	}
	w.string(6, m.CreatedBy)
	w.list(7, typeStruct, leaves) // every column is in the order of its type
	for range leaves {
		w.element(func(w *writer) { w.structure(1, empty) })
	}
}

func (kv *KeyValue) fields(w *writer) {
	w.string(1, kv.Key)
	w.string(2, kv.Value)
}

func (g *RowGroup) fields(w *writer) {
	w.list(1, typeStruct, len(g.Columns))
	for i := range g.Columns {
		w.element(g.Columns[i].fields)
	}
	w.int64(2, g.TotalByteSize)
	w.int64(3, g.NumRows)
	w.int64(5, g.FileOffset)
	w.int64(6, g.TotalCompressedSize)
	w.int16(7, g.Ordinal)
}

func (c *ColumnChunk) fields(w *writer) {
	w.int64(2, 0) // the column's metadata is here, and not in the file
	w.structure(3, c.MetaData.fields)
	if c.OffsetIndexLength > 0 {
		w.int64(4, c.OffsetIndexOffset)
		w.int32(5, c.OffsetIndexLength)
	}
	if c.ColumnIndexLength > 0 {
		w.int64(6, c.ColumnIndexOffset)
		w.int32(7, c.ColumnIndexLength)
	}
}

func (m *ColumnMetaData) fields(w *writer) {
	w.int32(1, int32(m.Type))
	w.list(2, typeInt32, len(m.Encodings))
	for _, e := range m.Encodings {
		w.varint(int64(e))
	}
	w.list(3, typeBinary, len(m.Path))
	for _, name := range m.Path {
		w.text(name)
	}
	w.int32(4, int32(m.Codec))
	w.int64(5, m.NumValues)
	w.int64(6, m.TotalUncompressedSize)
	w.int64(7, m.TotalCompressedSize)
	w.int64(9, m.DataPageOffset)
	if m.DictionaryPageOffset > 0 {
		w.int64(11, m.DictionaryPageOffset)
	}
	w.structure(12, m.Statistics.fields)
	w.list(13, typeStruct, len(m.EncodingStats))
	for i := range m.EncodingStats {
		w.element(m.EncodingStats[i].fields)
	}
	if m.BloomFilterLength > 0 {
		w.int64(14, m.BloomFilterOffset)
		w.int32(15, m.BloomFilterLength)
	}
}

func (s *PageEncodingStats) fields(w *writer) {
	w.int32(1, int32(s.PageType))
	w.int32(2, int32(s.Encoding))
	w.int32(3, s.Count)
}
