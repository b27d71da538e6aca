package scalar

import (
	"encoding/base64"
	"encoding/hex"
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

// AppendUUID appends the usual text of a UUID.
func AppendUUID(dst []byte, u [16]byte) []byte {
	from := 0
	for _, to := range [...]int{4, 6, 8, 10, 16} {
		if from > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, u[from:to])
		from = to
	}
	return dst
}
