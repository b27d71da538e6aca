package parquet

import (
	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/scalar"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func (w *writer) number(n *node, rep uint8) error {
	text, err := w.cursor.Number()
	if err != nil {
		return err
	}
	return w.numberText(n, rep, text)
}

// decimal adds a number of which the digits are known to a column of doubles.
func (w *writer) decimal(n *node, rep uint8, text []byte, mantissa uint64, scale int) error {
	v, ok := scalar.DecimalDouble(mantissa, scale, text[0] == '-')
	if !ok || !scalar.SurelyExact(mantissa) && !n.round {
		return w.numberText(n, rep, text)
	}
	n.column.addDouble(rep, v)
	return nil
}

func (w *writer) numberText(n *node, rep uint8, text []byte) error {
	if w.addNumber(n, rep, text) {
		return nil
	}
	if w.takesText(n) {
		n.column.addBytes(rep, text)
		return nil
	}
	return w.mismatch(n, rep, text)
}

func (w *writer) addNumber(n *node, rep uint8, text []byte) bool {
	f := n.field
	switch f.Type {
	case schema.Int64:
		if v, ok := scalar.PlainInt64(text); ok && (v != 0 || text[0] != '-') {
			if n.narrow && !scalar.ExactDouble(v) {
				return false
			}
			n.column.addInt(rep, v)
			return true
		}
	case schema.Double, schema.Float:
		v, ok := f.NumberDouble(text)
		if ok {
			n.column.addDouble(rep, v)
		}
		return ok
	case schema.Decimal:
		if n.column.size > 0 {
			return n.column.addDecimal(rep, text)
		}
	case schema.Int32, schema.Timestamp, schema.Date, schema.Time:
	default:
		return false
	}
	v, ok := f.NumberInt64(text)
	if ok {
		n.column.addInt(rep, v)
	}
	return ok
}

func (w *writer) string(n *node, rep uint8) error {
	text, err := w.cursor.String()
	if err != nil {
		return err
	}
	if w.addString(n, rep, text) {
		return nil
	}
	return w.mismatch(n, rep, jsonscan.AppendQuote(nil, text))
}

func (w *writer) addString(n *node, rep uint8, text []byte) bool {
	f := n.field
	switch f.Type {
	case schema.String:
		n.column.addBytes(rep, text)
		return true
	case schema.Bytes:
		if f.Base64 {
			var err error
			if w.scratch, err = scalar.AppendBase64(w.scratch[:0], text); err != nil {
				return false
			}
			text = w.scratch
		}
		if !f.OfSize(len(text)) {
			return false
		}
		n.column.addBytes(rep, text)
		return true
	case schema.UUID:
		u, ok := scalar.UUID(text)
		switch {
		case ok && n.column.size > 0:
			n.column.addFixed(rep, u[:])
		case ok:
			w.scratch = scalar.AppendUUID(w.scratch[:0], u)
			n.column.addBytes(rep, w.scratch)
		}
		return ok
	case schema.Decimal:
		if !f.TakesText() {
			return false
		}
		if n.column.size > 0 {
			return n.column.addDecimal(rep, text)
		}
	case schema.Timestamp, schema.Date, schema.Time:
	default:
		return false
	}
	v, ok := f.StringInt64(text)
	if ok {
		n.column.addInt(rep, v)
	}
	return ok
}

// mismatch deals with a value that does not fit; raw is its JSON text.
func (w *writer) mismatch(n *node, rep uint8, raw []byte) error {
	switch {
	case w.policy.Mismatch == schema.Rescue && n.field.Optional && w.rescued != nil:
		w.rescue.Add(n.at, raw)
		return w.null(n, rep)
	case w.policy.Widens() && jsonscan.Undecided(raw):
		return w.null(n, rep) // it says no more than a null
	case w.policy.Widens() && !w.final:
		return errLearn
	}
	return schema.Misfit(n.path, raw, n.field.Type)
}

// other deals with a value of a kind that the column does not take.
func (w *writer) other(n *node, rep uint8) error {
	raw, err := w.cursor.Skip()
	if err != nil {
		return err
	}
	if w.takesText(n) {
		w.scratch = jsonscan.AppendCompact(w.scratch[:0], raw)
		n.column.addBytes(rep, w.scratch)
		return nil
	}
	return w.mismatch(n, rep, raw)
}

// wide has it noted that a column of integers has one that a double does not
// hold.
func (w *writer) wide(n *node) error {
	if w.final {
		return schema.NotLearned(n.path)
	}
	return errLearn
}

// takesText reports whether the column takes values of any kind as their text.
func (w *writer) takesText(n *node) bool {
	return n.field.Type == schema.String && w.policy.Widens()
}
