package deadletter

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Letter is one dead letter, the line that is stored. It has all that makes the
// record again, byte for byte. What is not UTF-8 stands in base64, under its
// name with _base64 behind it.
type Letter struct {
	// Reason says in words what is wrong with the record.
	Reason string `json:"reason"`
	// Time is when the record was refused.
	Time time.Time `json:"time"`
	// Partition is where the record would have gone, if that was known.
	Partition string `json:"partition,omitempty"`
	// Source are the coordinates of the record where it came from, as far as
	// the input tells them, with its key in Kafka: null for none.
	Source members `json:"source,omitempty"`
	// Headers are those that the input has kept as a list, in their order: name
	// and value, which may be null. The list is empty for a record of Kafka
	// without headers.
	Headers []members `json:"headers,omitzero"`
	// Metadata is the text in the metadata of an input that keeps headers there:
	// name and value, or name and list.
	Metadata []members `json:"metadata,omitempty"`
	// Payload is the record as it arrived, when it is text, and null for a
	// tombstone.
	Payload json.RawMessage `json:"payload,omitempty"`
	// PayloadBase64 is the record as it arrived, when it is not text.
	PayloadBase64 string `json:"payload_base64,omitempty"`
}

// members are those of a JSON object.
type members map[string]any

// binary marks the name of what is not text.
const binary = "_base64"

// put adds text, or what is no text in base64.
func (m members) put(name, value string) {
	if utf8.ValidString(value) {
		m[name] = value
	} else {
		m[name+binary] = base64.StdEncoding.EncodeToString([]byte(value))
	}
}

func newLetter(r *record.Record, from string, reason error, at time.Time) *Letter {
	l := &Letter{Reason: reason.Error(), Time: at.UTC(), Partition: readable(from), Source: sourceOf(r.Meta)}
	headers, how := source.HeadersOf(r.Meta)
	switch how {
	case source.AsList:
		l.Headers = listed(headers)
	case source.AsMetadata:
		l.Metadata = loose(headers)
	case source.NotKept:
	}
	l.setPayload(r)
	return l
}

// line is the letter as JSON. It holds nothing that JSON cannot.
func (l *Letter) line() []byte {
	line, err := json.Marshal(l)
	if err != nil { // cannot happen; a letter with the reason alone is better than none
		line = append(jsonscan.AppendQuote([]byte(`{"reason":`), []byte(l.Reason)), '}')
	}
	return line
}

func (l *Letter) setPayload(r *record.Record) {
	payload := payloadOf(r)
	switch {
	case len(payload) == 0 && isTombstone(r.Meta):
		l.Payload = json.RawMessage("null")
	case utf8.Valid(payload):
		l.Payload = jsonscan.AppendQuote(nil, payload)
	default:
		l.PayloadBase64 = base64.StdEncoding.EncodeToString(payload)
	}
}

// isTombstone reports whether the input says that there is no value at all.
// Whether the payload is nil does not tell: Benthos makes nil of what is empty
// when it copies a message.
func isTombstone(meta record.Metadata) bool {
	v, ok := record.Lookup(meta, record.KafkaTombstone)
	if !ok {
		return false
	}
	text, _ := record.Text(v)
	return text == "true"
}

func payloadOf(r *record.Record) []byte {
	if !r.Structured() {
		return r.Raw
	}
	text, err := jsonscan.AppendAny(nil, r.Value)
	if err != nil {
		return fmt.Append(nil, r.Value)
	}
	return text
}

// sources are the metadata keys that tell where a record came from, as set by
// the inputs for Kafka, files and HTTP, or by the replay of a letter.
var sources = []string{
	record.KafkaTopic, record.KafkaPartition, record.KafkaOffset, record.KafkaKey, record.KafkaSeconds, record.KafkaMillis,
	"path", "http_server_request_path", source.MetaLine, source.MetaByte, source.MetaError,
}

func sourceOf(meta record.Metadata) members {
	if meta == nil {
		return nil
	}
	out := members{}
	for _, key := range sources {
		v, ok := meta.MetaGetMut(key)
		if !ok {
			continue
		}
		if b, isBytes := v.([]byte); v == nil || isBytes && b == nil {
			out[key] = nil
			continue
		}
		if v, ok = record.Lookup(meta, key); ok {
			out.putValue(key, v)
		}
	}
	if p, ok := source.PositionOf(meta); ok {
		out[source.MetaLine], out[source.MetaByte] = p.Line, p.Byte
	}
	return out
}

// putValue adds a number as such, and anything else that has no parts as text.
func (m members) putValue(key string, value any) {
	switch value.(type) {
	case []any, map[string]any:
		return
	case string, []byte:
	default:
		if n, ok := record.Integer(value); ok {
			m[key] = n
			return
		}
	}
	if text, ok := record.Text(value); ok {
		m.put(key, text)
	}
}

// listed are headers in their order.
func listed(headers []source.Header) []members {
	out := make([]members, len(headers))
	for i, h := range headers {
		out[i] = members{}
		out[i].put("name", h.Name)
		if h.Null {
			out[i]["value"] = nil
		} else {
			out[i].put("value", h.Value)
		}
	}
	return out
}

// loose are the headers that are metadata like any other, of which those of a
// list stand behind each other.
func loose(headers []source.Header) []members {
	var out []members
	for i, h := range headers {
		value := members{}
		value.put("value", h.Value)
		if h.Listed && i > 0 && headers[i-1].Listed && headers[i-1].Name == h.Name {
			last := out[len(out)-1]
			last["list"] = append(last["list"].([]members), value)
			continue
		}
		if h.Listed {
			value = members{"list": []members{value}}
		}
		value.put("name", h.Name)
		out = append(out, value)
	}
	return out
}
