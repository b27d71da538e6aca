package source

import (
	"cmp"
	"slices"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// Header is one header of a record. A name may occur several times.
type Header struct {
	Name  string
	Value string // any bytes
	// Null says that there is no value, which is not the same as an empty one.
	Null bool
	// Listed says that the input has made a list of the values of this name, as
	// kafka and kafka_franz do with multi_header.
	Listed bool
}

// Keeping is how an input hands over the headers of a record.
type Keeping uint8

// The ways of the inputs.
const (
	// NotKept: the record is not from Kafka.
	NotKept Keeping = iota
	// AsList: in the order that they have in Kafka, each with its bytes. So does
	// redpanda, and so does the configuration that replays dead letters.
	AsList
	// AsMetadata: each name as metadata like any other, as kafka and kafka_franz
	// have it. Other text in the metadata cannot be told from them.
	AsMetadata
)

// ownMetadata reports whether inputs set the metadata themselves, so that it is
// no header.
func ownMetadata(key string) bool {
	switch key {
	case record.KafkaTopic, record.KafkaPartition, record.KafkaOffset, record.KafkaKey, record.KafkaMillis,
		record.KafkaSeconds, record.KafkaHeaders, record.KafkaTombstone, record.KafkaLag:
		return true
	}
	return false
}

// HeadersOf returns the headers of a record that a Kafka input has read, by name
// where it has not kept their order. Values are views of the metadata. What a
// client of another input sends is nobody's header, whatever it is called.
func HeadersOf(meta record.Metadata) ([]Header, Keeping) {
	if !KafkaInputs.believes(meta) {
		return nil, NotKept
	}
	all, how := appendHeaders(nil, meta)
	if how == AsMetadata {
		slices.SortStableFunc(all, byName)
	}
	return all, how
}

func byName(a, b Header) int { return cmp.Compare(a.Name, b.Name) }

// appendHeaders appends the headers of a record to dst.
func appendHeaders(dst []Header, meta record.Metadata) ([]Header, Keeping) {
	list, how := kept(meta)
	switch how {
	case AsList:
		for i := range list.len() {
			dst = append(dst, list.at(i))
		}
	case AsMetadata:
		dst = metadataOf(dst, meta)
	case NotKept:
	}
	return dst, how
}

// kept finds out how the headers of a record are kept, and returns the list
// where they are kept as one.
func kept(meta record.Metadata) (headerList, Keeping) {
	if _, ok := meta.(headed); ok {
		return headerList{}, AsMetadata
	}
	if v, ok := record.Lookup(meta, record.KafkaHeaders); ok {
		if list, ok := newHeaderList(v); ok {
			return list, AsList
		}
	}
	if meta == nil {
		return headerList{}, NotKept
	}
	key, ok := meta.MetaGetMut(record.KafkaKey)
	if !ok {
		return headerList{}, NotKept
	}
	if _, bytes := key.([]byte); bytes { // from redpanda, which leaves out a list that is empty
		return headerList{}, AsList
	}
	return headerList{}, AsMetadata
}

// headersSize is about the size of the headers as text.
func headersSize(meta record.Metadata) int {
	const frame = 6 // quotes, colon, comma
	list, how := kept(meta)
	n := 0
	for i := range list.len() {
		h := list.at(i)
		n += len(h.Name) + len(h.Value) + frame
	}
	if how == AsMetadata {
		for _, h := range metadataOf(nil, meta) {
			n += len(h.Name) + len(h.Value) + frame
		}
	}
	return n
}

// headed is metadata that knows which of it are headers, as inputs have them that
// keep them [AsMetadata]: it need not be walked.
type headed interface {
	// Headers is how many headers the record has.
	Headers() int
	// Header is the i-th; ok is false where a later one of its name counts.
	Header(i int) (h Header, ok bool)
}

// fewHeaders bounds the headers that are compared with one another.
const fewHeaders = 32

// walker is metadata that can be listed. *service.Message satisfies it.
type walker interface {
	MetaWalkMut(fn func(key string, value any) error) error
}

// metadataOf appends all metadata that may be headers.
func metadataOf(list []Header, meta record.Metadata) []Header {
	if of, ok := meta.(headed); ok && of.Headers() <= fewHeaders {
		list = slices.Grow(list, of.Headers())
		for i := range of.Headers() {
			if h, ok := of.Header(i); ok && !ownMetadata(h.Name) {
				list = append(list, h)
			}
		}
		return list
	}
	all, ok := meta.(walker)
	if !ok {
		return list
	}
	_ = all.MetaWalkMut(func(name string, value any) error {
		if !ownMetadata(name) {
			list = appendLoose(list, name, value)
		}
		return nil
	})
	return list
}

// appendLoose appends metadata that may be a header: text, or with
// multi_header a list of it.
func appendLoose(list []Header, name string, value any) []Header {
	if h, ok := textHeader(name, value); ok {
		return append(list, h)
	}
	values, _ := value.([]any)
	for _, e := range values {
		if h, ok := textHeader(name, e); ok {
			h.Listed = true
			list = append(list, h)
		}
	}
	return list
}

// textHeader returns the header of a value that is text or bytes.
func textHeader(name string, value any) (Header, bool) {
	switch v := value.(type) {
	case string:
		return Header{Name: name, Value: v}, true
	case []byte:
		return Header{Name: name, Value: scalar.Text(v)}, true
	}
	return Header{}, false
}

// document builds the object of the headers, null when there are none. Its
// members are in the order of their names; a name that occurs several times
// has the list of its values, in their order.
func (r *Reader) document(meta record.Metadata) Value {
	r.headers, _ = appendHeaders(r.headers[:0], meta)
	if len(r.headers) == 0 {
		return Value{}
	}
	slices.SortStableFunc(r.headers, byName)
	lead := byte('{')
	for i := 0; i < len(r.headers); {
		n := 1
		for i+n < len(r.headers) && r.headers[i+n].Name == r.headers[i].Name {
			n++
		}
		r.text = append(r.text, lead)
		r.quote(r.headers[i].Name)
		r.text = append(r.text, ':')
		r.list(r.headers[i : i+n])
		lead = ','
		i += n
	}
	r.text = append(r.text, '}')
	clear(r.headers) // they refer to the record
	return Value{Kind: Document}
}

// list appends the value of a name, or the list of them.
func (r *Reader) list(same []Header) {
	if len(same) > 1 {
		r.text = append(r.text, '[')
	}
	for i, h := range same {
		if i > 0 {
			r.text = append(r.text, ',')
		}
		if h.Null {
			r.text = append(r.text, "null"...)
		} else {
			r.quote(h.Value)
		}
	}
	if len(same) > 1 {
		r.text = append(r.text, ']')
	}
}

// quote appends a JSON string.
func (r *Reader) quote(s string) {
	r.quoted = appendText(r.quoted[:0], s)
	r.text = jsonscan.AppendQuote(r.text, r.quoted)
}
