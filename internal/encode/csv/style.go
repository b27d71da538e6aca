package csv

import "bytes"

// style is how values are written.
type style struct {
	separator byte
	crlf      bool // lines end as on Windows
	null      string
	quote     Quote
	backslash bool
	guard     bool
	// styled says that any of these but separator and line end is not the default:
	// the quick ways are only for what is.
	styled bool

	guarded []byte   // a string with an apostrophe in front
	number  [40]byte // the text of a number
}

func styleOf(c *Config) style {
	s := style{
		separator: c.Separator, crlf: c.CRLF, null: c.Null, quote: c.Quote,
		backslash: c.Backslash, guard: c.GuardFormulas,
	}
	if s.quote == "" {
		s.quote = Minimal
	}
	s.styled = s.null != "" || s.quote != Minimal || s.backslash || s.guard
	return s
}

// appendLineEnd ends a line.
func (s *style) appendLineEnd(dst []byte) []byte {
	if s.crlf {
		dst = append(dst, '\r')
	}
	return append(dst, '\n')
}

// lineEnd is the size of a line end.
func (s *style) lineEnd() int64 {
	if s.crlf {
		return int64(len("\r\n"))
	}
	return int64(len("\n"))
}

// appendLiteral appends a number or a boolean.
func (s *style) appendLiteral(dst, text []byte) []byte {
	if s.styled && s.quote == All {
		return appendQuoted(dst, text)
	}
	return append(dst, text...)
}

// appendString appends any string, quoted if it must be.
func (s *style) appendString(dst, text []byte) []byte {
	if !s.styled {
		return appendText(dst, text, s.separator)
	}
	if s.guard && len(text) > 0 && bytes.IndexByte([]byte("=+-@\t\r"), text[0]) >= 0 {
		s.guarded = append(append(s.guarded[:0], '\''), text...)
		text = s.guarded
	}
	switch {
	case s.quote == Minimal && !s.mustQuote(text):
		return append(dst, text...)
	case s.backslash:
		return appendBackslashed(dst, text)
	}
	return appendDoubled(dst, text)
}

// mustQuote reports whether a string would be misread without quotes.
func (s *style) mustQuote(text []byte) bool {
	return needsQuotes(text, s.separator) || string(text) == s.null || s.backslash && bytes.IndexByte(text, '\\') >= 0
}

// appendBackslashed puts quotes around a string, and a backslash in front of
// those inside, and in front of backslashes.
func appendBackslashed(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
