package source

import (
	"cmp"
	"reflect"
	"slices"
	"sync"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema/scalar"
)

// header is one header of a record. A name may occur several times.
type header struct {
	name  string
	value string
	null  bool
}

// headersKey is where the input redpanda keeps the list of headers, as Kafka
// has it. The inputs kafka and kafka_franz have no such list: there each
// header is metadata like any other.
const headersKey = "__rpcn_kafka_headers"

// ownMetadata are the keys of metadata that inputs add, which are no headers.
var ownMetadata = map[string]bool{
	topicKey: true, partitionKey: true, offsetKey: true, keyKey: true, timestampKey: true, secondsKey: true,
	headersKey: true, "kafka_tombstone_message": true, "kafka_lag": true,
}

// kept returns the list of headers of a record as the input has kept it. Where
// there is none, loose tells whether headers are among the other metadata. A
// record that is not from Kafka has none at all.
func kept(meta record.Metadata) (list any, s *shape, loose bool) {
	if list, ok := meta.MetaGetMut(headersKey); ok {
		if s := shapeOf(list); s != nil {
			return list, s, false
		}
	}
	key, ok := meta.MetaGetMut(keyKey)
	if !ok {
		return nil, nil, false
	}
	_, bytes := key.([]byte) // from redpanda, which leaves out a list that is empty
	return nil, nil, !bytes
}

// headersOf appends the headers of a record to dst.
func headersOf(dst []header, meta record.Metadata) []header {
	list, s, loose := kept(meta)
	if s != nil {
		return s.appendTo(dst, list)
	}
	if loose {
		return metadataOf(dst, meta)
	}
	return dst
}

// headersSize is about the size of the headers as text.
func headersSize(meta record.Metadata) int {
	const frame = 6 // quotes, colon, comma
	list, s, loose := kept(meta)
	n := 0
	if s != nil {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			h := s.at(v, i)
			n += len(h.name) + len(h.value) + frame
		}
	}
	if loose {
		for _, h := range metadataOf(nil, meta) {
			n += len(h.name) + len(h.value) + frame
		}
	}
	return n
}

// walker is metadata that can be listed. *service.Message satisfies it.
type walker interface {
	MetaWalkMut(fn func(key string, value any) error) error
}

// metadataOf appends all metadata that may be headers.
func metadataOf(list []header, meta record.Metadata) []header {
	all, ok := meta.(walker)
	if !ok {
		return list
	}
	_ = all.MetaWalkMut(func(name string, value any) error {
		if !ownMetadata[name] {
			list = appendLoose(list, name, value)
		}
		return nil
	})
	return list
}

// appendLoose appends metadata that may be a header: text, or with
// multi_header a list of it.
func appendLoose(list []header, name string, value any) []header {
	switch t := value.(type) {
	case string:
		list = append(list, header{name: name, value: t})
	case []byte:
		list = append(list, header{name: name, value: scalar.Text(t)})
	case []any:
		for _, e := range t {
			if text, ok := e.(string); ok {
				list = append(list, header{name: name, value: text})
			}
		}
	}
	return list
}

// document builds the object of the headers, null when there are none. Its
// members are in the order of their names; a name that occurs several times
// has the list of its values, in their order.
func (r *Reader) document(meta record.Metadata) Value {
	r.headers = headersOf(r.headers[:0], meta)
	if len(r.headers) == 0 {
		return Value{}
	}
	slices.SortStableFunc(r.headers, func(a, b header) int { return cmp.Compare(a.name, b.name) })
	lead := byte('{')
	for i := 0; i < len(r.headers); {
		n := 1
		for i+n < len(r.headers) && r.headers[i+n].name == r.headers[i].name {
			n++
		}
		r.text = append(r.text, lead)
		r.quote(r.headers[i].name)
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
func (r *Reader) list(same []header) {
	if len(same) > 1 {
		r.text = append(r.text, '[')
	}
	for i, h := range same {
		if i > 0 {
			r.text = append(r.text, ',')
		}
		if h.null {
			r.text = append(r.text, "null"...)
		} else {
			r.quote(h.value)
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

// shape tells where a list of headers has names and values. The type of the
// list belongs to the Kafka client of Redpanda Connect; naming it here would
// link that client into every program with this output.
type shape struct{ name, value int }

var shapes sync.Map // of reflect.Type to *shape, nil for what is no such list

func shapeOf(list any) *shape {
	t := reflect.TypeOf(list)
	if t == nil {
		return nil
	}
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := newShape(t)
	shapes.Store(t, s)
	return s
}

func newShape(t reflect.Type) *shape {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	name, hasName := t.Elem().FieldByName("Key")
	value, hasValue := t.Elem().FieldByName("Value")
	if !hasName || !hasValue || len(name.Index) != 1 || len(value.Index) != 1 ||
		name.Type.Kind() != reflect.String || value.Type != reflect.TypeFor[[]byte]() {
		return nil
	}
	return &shape{name: name.Index[0], value: value.Index[0]}
}

// at returns a header of a list.
func (s *shape) at(list reflect.Value, i int) header {
	h := list.Index(i)
	value := h.Field(s.value).Bytes()
	return header{name: h.Field(s.name).String(), value: scalar.Text(value), null: value == nil}
}

// appendTo appends the headers of a list.
func (s *shape) appendTo(dst []header, list any) []header {
	v := reflect.ValueOf(list)
	for i := range v.Len() {
		dst = append(dst, s.at(v, i))
	}
	return dst
}
