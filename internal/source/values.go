package source

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// Kind tells what a Value is.
type Kind uint8

// The kinds of values.
const (
	Null     Kind = iota
	Text          // UTF-8
	Number        // an integer
	Time          // milliseconds since the Unix epoch, of a year of four digits
	Document      // a JSON object
)

// Value is one cell of a column.
type Value struct {
	Kind Kind
	// Bytes are those of a Text or Document.
	Bytes []byte
	// Int is that of a Number or Time.
	Int int64
}

// Reader reads the columns of records. It is not safe for concurrent use.
type Reader struct {
	columns *Columns
	values  []Value
	ends    []int  // where the text of each value ends in text
	text    []byte // of all values, one behind the other
	headers []Header
	quoted  []byte // one header on its way into text
}

// NewReader returns a reader of the columns.
func (c *Columns) NewReader() *Reader {
	return &Reader{columns: c, values: make([]Value, c.Len()), ends: make([]int, c.Len())}
}

// maxKept bounds what one large record may leave behind.
const maxKept = 256 << 10

// Read returns the values of a record, in the order of the columns. What the
// metadata does not tell, or is not trusted to tell, is null. The values are valid until the next call.
func (r *Reader) Read(meta record.Metadata) []Value {
	if cap(r.text) > maxKept {
		r.text, r.headers, r.quoted = nil, nil, nil
	}
	r.text = r.text[:0]
	known := r.columns.trust.believes(meta)
	for i, c := range r.columns.list {
		v := Value{}
		if known {
			v = r.value(c, meta)
		}
		r.values[i], r.ends[i] = v, len(r.text)
	}
	start := 0 // only now: text may have moved while it grew
	for i, end := range r.ends {
		if k := r.values[i].Kind; k == Text || k == Document {
			r.values[i].Bytes = r.text[start:end]
		}
		start = end
	}
	return r.values
}

// value reads one column. Text is appended to r.text.
func (r *Reader) value(c Column, meta record.Metadata) Value {
	trust := r.columns.trust
	switch c {
	case Topic:
		return r.anyText(meta, record.KafkaTopic)
	case Key:
		if !hasKey(meta) {
			return Value{}
		}
		return r.anyText(meta, record.KafkaKey)
	case Partition:
		// Kafka counts partitions with 32 bits, and so does the column.
		if n, ok := trust.integer(meta, record.KafkaPartition); ok && int64(int32(n)) == n {
			return Value{Kind: Number, Int: n}
		}
	case Offset:
		if n, ok := trust.integer(meta, record.KafkaOffset); ok {
			return Value{Kind: Number, Int: n}
		}
	case Timestamp:
		return trust.timestamp(meta)
	case Headers:
		return r.document(meta)
	}
	return Value{}
}

// hasKey reports whether a record has a key, which may be empty. Inputs that
// keep keys as bytes have nil for none, and those that keep them as text have
// empty text.
func hasKey(meta record.Metadata) bool {
	v, _ := record.Lookup(meta, record.KafkaKey)
	switch key := v.(type) {
	case nil:
		return false
	case []byte:
		return key != nil
	case string:
		return key != ""
	}
	return true
}

// anyText reads what may be text, bytes, or whatever a processor has put there.
func (r *Reader) anyText(meta record.Metadata, key string) Value {
	v, ok := record.Lookup(meta, key)
	if !ok {
		return Value{}
	}
	text, ok := record.Text(v)
	if !ok {
		return Value{}
	}
	r.text = appendText(r.text, text)
	return Value{Kind: Text}
}

// The milliseconds in which RFC 3339 can be written.
const (
	firstTime = -62167219200000
	lastTime  = 253402300799999
)

func (trust Trust) timestamp(meta record.Metadata) Value {
	ms, ok := trust.integer(meta, record.KafkaMillis)
	if !ok {
		seconds, known := trust.integer(meta, record.KafkaSeconds)
		ok = known && seconds >= firstTime/1000 && seconds <= lastTime/1000
		ms = seconds * 1000
	}
	if !ok || ms < firstTime || ms > lastTime {
		return Value{}
	}
	return Value{Kind: Time, Int: ms}
}

// binary announces what is no text, in base64.
const binary = "base64:"

// appendText appends text as it is, and anything else in base64. Text that
// looks like base64 of ours is encoded too, so that each value is read back in
// one way only.
func appendText(dst []byte, s string) []byte {
	if isText(s) && !strings.HasPrefix(s, binary) {
		return append(dst, s...)
	}
	dst = append(dst, binary...)
	return base64.StdEncoding.AppendEncode(dst, scalar.Bytes(s))
}

// AppendTime appends a Time as RFC 3339, in UTC and with three digits of
// fraction.
func AppendTime(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// AppendMembers appends the columns of a record as members of a JSON object,
// each with a comma in front, and the closing brace. When the object has no
// other member the comma of the first is to be left out: that is what first
// says.
func (r *Reader) AppendMembers(dst []byte, meta record.Metadata, first bool) []byte {
	for i, v := range r.Read(meta) {
		member := r.columns.members[i]
		if first {
			member, first = member[1:], false
		}
		dst = append(dst, member...)
		switch v.Kind {
		case Null:
			dst = append(dst, "null"...)
		case Text:
			dst = jsonscan.AppendQuote(dst, v.Bytes)
		case Number:
			dst = strconv.AppendInt(dst, v.Int, 10)
		case Time:
			dst = append(dst, '"')
			dst = AppendTime(dst, v.Int)
			dst = append(dst, '"')
		case Document:
			dst = append(dst, v.Bytes...)
		}
	}
	return append(dst, '}')
}
