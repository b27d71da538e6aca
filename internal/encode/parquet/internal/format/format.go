package format

// Type is the physical type of a column.
type Type int32

// The physical types.
const (
	Boolean           Type = 0
	Int32             Type = 1
	Int64             Type = 2
	Float             Type = 4
	Double            Type = 5
	ByteArray         Type = 6
	FixedLenByteArray Type = 7
)

// Encoding is how values or levels are encoded.
type Encoding int32

// The encodings.
const (
	Plain             Encoding = 0
	RLE               Encoding = 3
	DeltaBinaryPacked Encoding = 5
	RLEDictionary     Encoding = 8
)

// Codec is how pages are compressed.
type Codec int32

// The codecs.
const (
	Uncompressed Codec = 0
	Snappy       Codec = 1
	Gzip         Codec = 2
	Zstd         Codec = 6
	Lz4Raw       Codec = 7
)

// PageType tells what a page holds.
type PageType int32

// The types of pages. Data pages are of version 1.
const (
	DataPage       PageType = 0
	DictionaryPage PageType = 2
)

// BoundaryOrder is the order of the bounds of a column's pages.
type BoundaryOrder int32

// The orders.
const (
	Unordered  BoundaryOrder = 0
	Ascending  BoundaryOrder = 1
	Descending BoundaryOrder = 2
)

// Repetition says how often a field is there.
type Repetition int32

// The repetitions. The root of a schema has none.
const (
	Required Repetition = iota + 1
	Optional
	Repeated
)

// Annotation says what a field means. It stands for the logical type and for
// the converted type that older readers know.
type Annotation int

// The annotations.
const (
	NoAnnotation Annotation = iota
	String
	List
	Map
	Decimal
	Date
	// TimeMicros is a time of day without a zone. The converted type would
	// claim UTC, so that there is none.
	TimeMicros
	// TimestampMicros is a moment in UTC.
	TimestampMicros
	// LocalTimestampMicros is what a clock on the wall shows. The format demands the
	// converted type of moments for it, too.
	LocalTimestampMicros
	UUID
)

// Statistics are about the values of a page or of a column chunk.
type Statistics struct {
	NullCount int64
	// MinValue and MaxValue are PLAIN encoded, without the length of byte
	// arrays; nil when they are not known.
	MinValue, MaxValue []byte
	// MinExact and MaxExact say that a value is the bound, and not only beyond it.
	MinExact, MaxExact bool
}

func (s *Statistics) fields(w *writer) {
	w.int64(3, s.NullCount)
	if s.MaxValue != nil {
		w.bytes(5, s.MaxValue)
	}
	if s.MinValue != nil {
		w.bytes(6, s.MinValue)
	}
	if s.MaxValue != nil {
		w.bool(7, s.MaxExact)
	}
	if s.MinValue != nil {
		w.bool(8, s.MinExact)
	}
}

// PageHeader precedes a page. Statistics are those of a data page.
type PageHeader struct {
	Type                             PageType
	UncompressedSize, CompressedSize int32
	NumValues                        int32
	Encoding                         Encoding
	Statistics                       Statistics
}

// Append appends the header to b.
func (h *PageHeader) Append(b []byte) []byte {
	w := writer{out: b}
	w.element(h.fields)
	return w.out
}

func (h *PageHeader) fields(w *writer) {
	w.int32(1, int32(h.Type))
	w.int32(2, h.UncompressedSize)
	w.int32(3, h.CompressedSize)
	if h.Type == DictionaryPage {
		w.structure(7, func(w *writer) {
			w.int32(1, h.NumValues)
			w.int32(2, int32(h.Encoding))
		})
		return
	}
	w.structure(5, func(w *writer) {
		w.int32(1, h.NumValues)
		w.int32(2, int32(h.Encoding))
		w.int32(3, int32(RLE)) // definition levels
		w.int32(4, int32(RLE)) // repetition levels
		w.structure(5, h.Statistics.fields)
	})
}

// AppendBloomFilterHeader appends the header of a split block bloom filter of
// xxHash values, which is not compressed and has size bytes.
func AppendBloomFilterHeader(b []byte, size int) []byte {
	w := writer{out: b}
	w.element(func(w *writer) {
		w.int32(1, int32(size))
		for id := byte(2); id <= 4; id++ { // algorithm, hash, compression
			w.structure(id, func(w *writer) { w.structure(1, empty) })
		}
	})
	return w.out
}
