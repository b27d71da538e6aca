package scalar

import (
	"encoding/base64"
	"strconv"
)

// AppendInt appends the decimal text of v.
func AppendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// AppendDouble appends the shortest text that is read back as v.
func AppendDouble(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'e', -1, 64) }

// IsBase64 reports whether text is standard base64.
func IsBase64(text []byte) bool {
	_, err := AppendBase64(nil, text)
	return err == nil
}

// AppendBase64 appends what the standard base64 text stands for.
func AppendBase64(dst, text []byte) ([]byte, error) {
	return base64.StdEncoding.AppendDecode(dst, text)
}
