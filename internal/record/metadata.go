package record

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/scalar"
)

// Keys of metadata that the Kafka inputs of Redpanda Connect set. Headers are
// metadata too, each under its own name.
const (
	KafkaTopic     = "kafka_topic"
	KafkaPartition = "kafka_partition"
	KafkaOffset    = "kafka_offset"
	KafkaKey       = "kafka_key"
	// KafkaMillis and KafkaSeconds are the timestamp, as Unix time.
	KafkaMillis  = "kafka_timestamp_ms"
	KafkaSeconds = "kafka_timestamp_unix"
	// KafkaTombstone is true for a record without a value, which otherwise
	// looks like one with an empty value.
	KafkaTombstone = "kafka_tombstone_message"
	// KafkaLag is how far the input was behind, which is not of the record.
	KafkaLag = "kafka_lag"
	// KafkaHeaders is the list of the headers as Kafka has it: with their
	// order, and with names that occur several times. Only the input redpanda
	// keeps it.
	KafkaHeaders = "__rpcn_kafka_headers"
)

// Numbers that stand for nothing: Kafka's own, and for a time also the zero time
// of Go, which is what some inputs make of it.
const (
	none        = -1
	zeroSeconds = -62135596800
	zeroMillis  = zeroSeconds * 1000
	zeroMicros  = zeroMillis * 1000
	zeroNanos   = -6795364578871345152 // time.Time{}.UnixNano(), which overflows
)

// Lookup returns the metadata under a key. It is how all of this program reads
// metadata: what stands for nothing (null, or a number such as the -1 of a Kafka
// record without a timestamp) is not there. meta may be nil.
func Lookup(meta Metadata, key string) (any, bool) {
	if meta == nil {
		return nil, false
	}
	v, ok := meta.MetaGetMut(key)
	if !ok || v == nil || isSentinel(key, v) {
		return nil, false
	}
	return v, true
}

// mayBeSentinel lists the keys that Lookup may not find although they are set.
var mayBeSentinel = [...]string{KafkaMillis, KafkaSeconds, KafkaPartition, KafkaOffset}

// EachSentinel calls fn for each key that is set and that Lookup does not find,
// for readers of metadata that do not go through Lookup.
func EachSentinel(meta Metadata, fn func(key string)) {
	for _, key := range mayBeSentinel {
		if v, ok := meta.MetaGetMut(key); ok && isSentinel(key, v) {
			fn(key)
		}
	}
}

// isSentinel reports whether a value says that there is none.
func isSentinel(key string, value any) bool {
	zero := int64(none)
	switch key {
	case KafkaMillis:
		zero = zeroMillis
	case KafkaSeconds:
		zero = zeroSeconds
	case KafkaPartition, KafkaOffset:
	default:
		return false
	}
	n, ok := Integer(value)
	return ok && (n == none || n == zero)
}

// IsZeroTime reports whether a Unix time, in whatever unit, is the zero time of
// Go, which programs write where they have no time.
func IsZeroTime(n int64) bool {
	return n == zeroSeconds || n == zeroMillis || n == zeroMicros || n == zeroNanos
}

// Integer returns a whole number, however a program, a mapping or JSON has
// stored it: as an integer of any size, as a float (up to 2^53, beyond which it
// may be another number than was meant), or as text.
func Integer(value any) (n int64, ok bool) {
	switch v := value.(type) {
	case int: // of the Kafka inputs, as is the next
		return int64(v), true
	case int64:
		return v, true
	case []byte:
		return scalar.Int64(v)
	}
	switch v := reflect.ValueOf(value); {
	case v.Kind() == reflect.String: // json.Number too
		return scalar.Int64(scalar.Bytes(v.String()))
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), v.Uint() <= math.MaxInt64
	case v.CanFloat():
		f := v.Float()
		return int64(f), f == math.Trunc(f) && math.Abs(f) <= 1<<53
	}
	return 0, false
}

// Text returns a value as AppendText prints it, without copying what is text
// already: it is valid as long as the value is not changed. ok is false for what
// has no text.
func Text(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case []byte:
		return scalar.Text(v), true
	}
	printed, err := AppendText(nil, value)
	return scalar.Text(printed), err == nil
}

// AppendText appends the text that Bloblang prints for a value of metadata or of
// a parsed document.
func AppendText(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return append(dst, v...), nil
	case []byte:
		return append(dst, v...), nil
	case json.Number:
		return append(dst, v...), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return AppendFloat(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case time.Time:
		return v.AppendFormat(dst, time.RFC3339Nano), nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return dst, fmt.Errorf("printing a %T: %w", value, err)
	}
	return append(dst, text...), nil
}

// AppendFloat appends the text that Bloblang prints for a float.
func AppendFloat(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'g', -1, 64) }
