package schema

import (
	"encoding/json"
	"math"
	"time"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
)

// StringInt64 converts the content of a string to the integer that a field of
// type Timestamp, Date, Time or Decimal (of up to 18 digits) is stored as; ok
// is false when it does not fit.
func (f *Field) StringInt64(text []byte) (v int64, ok bool) {
	switch f.Type { //nolint:exhaustive // strings do not fit the others
	case Timestamp:
		return f.timestamp(text)
	case Date:
		days, ok := scalar.Date(text)
		return int64(days), ok
	case Time:
		return scalar.TimeOfDay(text)
	case Decimal:
		return scalar.Decimal64(text, f.Precision, f.Scale)
	}
	return 0, false
}

// timestamp converts the text of a Timestamp.
func (f *Field) timestamp(text []byte) (micros int64, ok bool) {
	if micros, ok = scalar.Timestamp(text); ok && !f.Local || f.Zone == nil && !f.Local {
		return micros, ok
	}
	wall, zoned, ok := scalar.WallClock(text)
	switch {
	case !ok || f.Local:
		return wall, ok
	case zoned:
		return 0, false // and outside of the years that are
	}
	return scalar.InZone(wall, f.Zone)
}

// NumberInt64 converts the text of a JSON number to the integer that the field
// is stored as; ok is false when it does not fit.
func (f *Field) NumberInt64(text []byte) (v int64, ok bool) {
	switch f.Type { //nolint:exhaustive // the others are integers
	case Decimal:
		return scalar.Decimal64(text, f.Precision, f.Scale)
	case Timestamp, Time:
		if f.Unit == NoUnit {
			return 0, false
		}
		v, ok = scalar.Scaled(text, unitDigits[f.Unit])
		return v, ok && f.inRange(v)
	case Int64:
		if !f.Round && scalar.NegativeZero(text) {
			return 0, false // only a double gives its sign back
		}
	}
	if v, ok = scalar.Int64(text); !ok {
		return 0, false
	}
	return f.integer(v)
}

// unitDigits are the digits that a unit has before those of microseconds.
var unitDigits = [...]int{NoUnit: 0, Seconds: 6, Millis: 3, Micros: 0, Nanos: -3}

// inRange reports whether a time is one that readers agree on: a clock of one
// day, or the years 1 to 9999.
func (f *Field) inRange(v int64) bool {
	switch f.Type { //nolint:exhaustive // the others have no range of their own
	case Timestamp:
		return v >= scalar.MinTimestamp && v <= scalar.MaxTimestamp
	case Date:
		return v >= scalar.MinDate && v <= scalar.MaxDate
	case Time:
		return v >= 0 && v < 24*int64(time.Hour/time.Microsecond)
	}
	return true
}

// integer converts an integer that came as a bare number.
func (f *Field) integer(v int64) (int64, bool) {
	switch f.Type { //nolint:exhaustive // numbers do not fit the others
	case Int64:
		return v, true
	case Int32:
		return v, v >= math.MinInt32 && v <= math.MaxInt32
	case Date:
		return v, f.inRange(v)
	case Timestamp, Time:
		v, ok := inMicros(v, f.Unit)
		return v, ok && f.inRange(v)
	}
	return 0, false
}

func inMicros(v int64, unit Unit) (int64, bool) {
	factor := int64(1)
	switch unit {
	case Seconds:
		factor = 1e6
	case Millis:
		factor = 1e3
	case Micros:
	case Nanos:
		micros := v / 1e3
		if v%1e3 < 0 {
			micros-- // towards the past, also before 1970
		}
		return micros, true
	case NoUnit:
		return 0, false
	}
	return v * factor, v <= math.MaxInt64/factor && v >= math.MinInt64/factor
}

// NumberDouble converts the text of a JSON number for a field of type Double or
// Float. Unless the field rounds, a number that the type does not give back digit
// for digit does not fit.
func (f *Field) NumberDouble(text []byte) (v float64, ok bool) {
	if f.Type == Float {
		v, exact, ok := scalar.Float(text)
		return float64(v), ok && (f.Round || exact)
	}
	v, ok = scalar.Double(text)
	return v, ok && (f.Round || scalar.GivesBack(v, text))
}

// ValueInt64 converts a value that a processor has parsed to the integer that
// the field is stored as; ok is false when it does not fit.
func (f *Field) ValueInt64(v any) (i int64, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return f.NumberInt64(scalar.Bytes(string(v)))
	case string:
		return f.StringInt64(scalar.Bytes(v))
	case time.Time:
		return f.timeInt64(v)
	case float64:
		return f.floatInt64(v)
	case float32:
		return f.floatInt64(float64(v))
	}
	if i, ok = Integer(v); !ok {
		return 0, false
	}
	if f.Type == Decimal {
		var buf [20]byte
		return scalar.Decimal64(scalar.AppendInt(buf[:0], i), f.Precision, f.Scale)
	}
	return f.integer(i)
}

func (f *Field) floatInt64(v float64) (int64, bool) {
	if f.Type == Decimal {
		var buf [32]byte
		return scalar.Decimal64(scalar.AppendDouble(buf[:0], v), f.Precision, f.Scale)
	}
	if f.Type == Timestamp || f.Type == Time {
		var buf [32]byte
		return f.NumberInt64(scalar.AppendDouble(buf[:0], v))
	}
	if v != math.Trunc(v) || v < math.MinInt64 || v >= math.MaxInt64 || v == 0 && math.Signbit(v) && !f.Round {
		return 0, false
	}
	return f.integer(int64(v))
}

func (f *Field) timeInt64(t time.Time) (int64, bool) {
	switch f.Type { //nolint:exhaustive // times do not fit the others
	case Timestamp:
		if f.Local {
			return scalar.WallClockOf(t)
		}
		return scalar.TimestampOf(t)
	case Date:
		days, ok := scalar.DaysOf(t)
		return int64(days), ok
	case Time:
		return scalar.TimeOfDayOf(t), true
	}
	return 0, false
}

// ValueDouble converts a value that a processor has parsed for a field of type
// Double or Float. NaN and the infinities do not fit: JSON has no such numbers, and no
// format shall take what others refuse.
func (f *Field) ValueDouble(v any) (d float64, ok bool) {
	switch v := v.(type) {
	case float64:
		if f.Type == Float {
			narrow := float64(float32(v))
			return narrow, !math.IsNaN(v) && !math.IsInf(narrow, 0) && (f.Round || narrow == v)
		}
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case float32:
		return f.ValueDouble(float64(v))
	case json.Number:
		return f.NumberDouble(scalar.Bytes(string(v)))
	}
	i, ok := Integer(v)
	if f.Type == Float {
		narrow := float32(i)
		return float64(narrow), ok && (f.Round || scalar.ExactDouble(i) && float64(narrow) == float64(i))
	}
	return float64(i), ok && (f.Round || scalar.ExactDouble(i))
}

// fitsNumber reports whether the node holds the number without widening.
func (n *node) fitsNumber(text []byte) bool {
	switch n.Type { //nolint:exhaustive // numbers do not fit the others
	case Int32, Int64, Timestamp, Date, Time:
		_, ok := n.NumberInt64(text)
		return ok
	case Decimal:
		_, ok := scalar.AppendDecimal(nil, text, n.Precision, n.Scale, scalar.DecimalSize(n.Precision))
		return ok
	case Double, Float:
		_, ok := n.NumberDouble(text)
		return ok
	}
	return false
}

// fitsString reports whether the node holds the string without widening.
func (n *node) fitsString(text []byte) bool {
	switch n.Type { //nolint:exhaustive // strings do not fit the others
	case String:
		return true
	case Bytes:
		return n.takesBytes(text)
	case UUID:
		_, ok := scalar.UUID(text)
		return ok
	case Timestamp, Date, Time:
		_, ok := n.StringInt64(text)
		return ok
	case Decimal:
		return n.TakesText() && n.fitsNumber(text)
	}
	return false
}

// takesBytes reports whether a Bytes field takes the content of a string.
func (n *node) takesBytes(text []byte) bool {
	switch {
	case !n.Base64:
		return n.OfSize(len(text))
	case n.Size == 0:
		return scalar.IsBase64(text)
	}
	bytes, err := scalar.AppendBase64(nil, text)
	return err == nil && n.OfSize(len(bytes))
}

// OfSize reports whether a field takes values of a number of bytes.
func (f *Field) OfSize(n int) bool { return f.Size == 0 || f.Size == n }

// TakesText reports whether a Decimal takes numbers that are written as strings:
// where somebody has chosen the type, but not where it was inferred from numbers.
func (f *Field) TakesText() bool { return f.Round }

// fitsValue reports whether the node holds a parsed scalar without widening.
func (n *node) fitsValue(v any) bool {
	switch v := v.(type) {
	case string:
		return n.fitsString(scalar.Bytes(v))
	case json.Number:
		return n.fitsNumber(scalar.Bytes(string(v)))
	case []byte:
		return n.Type == Bytes && n.OfSize(len(v))
	}
	if n.Type == Double || n.Type == Float {
		_, ok := n.ValueDouble(v)
		return ok
	}
	if n.Type == Decimal {
		text, err := jsonscan.AppendAny(nil, v)
		return err == nil && text[0] != '"' && n.fitsNumber(text)
	}
	_, ok := n.ValueInt64(v)
	return ok
}
