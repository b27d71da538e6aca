package source

import (
	"reflect"
	"sync"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// headerList is a list of headers as metadata has it: as the Kafka client of
// Redpanda Connect has made it, or as a mapping can, of objects with a name and
// a value. The zero list is empty.
type headerList struct {
	structs reflect.Value
	shape   *shape
	objects []any
}

// newHeaderList returns the list that a value is; ok is false for anything else.
func newHeaderList(value any) (list headerList, ok bool) {
	if objects, is := value.([]any); is {
		for _, o := range objects {
			if _, named := nameOf(o); !named {
				return headerList{}, false
			}
		}
		return headerList{objects: objects}, true
	}
	if s := shapeOf(value); s != nil {
		return headerList{structs: reflect.ValueOf(value), shape: s}, true
	}
	return headerList{}, false
}

// PlainHeaders makes objects of a list of headers, as a mapping could have made
// it, for whoever keeps metadata elsewhere: the Kafka client's own type is known
// to nobody there. ok is false for anything that is no such list.
func PlainHeaders(value any) (objects []any, ok bool) {
	list, ok := newHeaderList(value)
	if !ok || list.shape == nil {
		return list.objects, ok
	}
	objects = []any{}
	for i := range list.len() {
		h := list.at(i)
		object := map[string]any{"name": h.Name, "value": nil}
		if !h.Null {
			object["value"] = h.Value
		}
		objects = append(objects, object)
	}
	return objects, true
}

func nameOf(object any) (string, bool) {
	members, _ := object.(map[string]any)
	h, ok := textHeader("", members["name"])
	return h.Value, ok
}

func (l headerList) len() int {
	if l.shape != nil {
		return l.structs.Len()
	}
	return len(l.objects)
}

func (l headerList) at(i int) Header {
	if l.shape != nil {
		return l.shape.at(l.structs, i)
	}
	name, _ := nameOf(l.objects[i])
	value := l.objects[i].(map[string]any)["value"]
	if value == nil {
		return Header{Name: name, Null: true}
	}
	text, _ := record.Text(value)
	return Header{Name: name, Value: text}
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
func (s *shape) at(list reflect.Value, i int) Header {
	h := list.Index(i)
	value := h.Field(s.value).Bytes()
	return Header{Name: h.Field(s.name).String(), Value: scalar.Text(value), Null: value == nil}
}
